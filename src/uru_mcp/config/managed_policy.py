"""The administrator's policy: what its file says, as a value. It can only take away from what the environment says.

    permissions = ["read", "execute"]
    base_urls = ["https://mcp.uruintelligence.com"]
    tools = ["*", "!stripe_*"]
    confirm = ["destructive"]
    approvals = "person"

`settings.py` cuts the settings with it, and `policy_file.py` says which files are read. What is not understood makes
the whole policy unusable, and nothing is allowed then: an administrator who wrote it wanted some limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from uru_mcp.config import parsing
from uru_mcp.config.policy_file import PolicyFile, Untrusted, read_draft
from uru_mcp.config.tool_patterns import NEVER, Pattern, read_patterns
from uru_mcp.errors import SettingsError, SettingsProblem
from uru_mcp.messages import policy_messages
from uru_mcp.permissions import EVERYTHING, Permission, Permissions, in_order

POLICY = "policy"  # as the `variable` of a problem, which no variable has caused
BOM = "\ufeff"
DEFAULT_PORTS = {"http": 80, "https": 443}
VALUE_CHARS = 60  # of a value in a message


class ManagedPolicy(NamedTuple):
    """A policy that is in force. A member that the file does not have limits nothing.

    `permissions` are those that may be used at all. `base_urls` are the only ones that a key is sent to; without any,
    every one. A tool must be among `tools` as well as among the user's, and needs a person's yes if `confirm` says so
    or the user does. `approvals` of `person` holds whatever the user says, and so does `audit_log_required`.
    """

    path: str
    permissions: Permissions = EVERYTHING
    base_urls: tuple[str, ...] = ()
    tools: tuple[Pattern, ...] = ()
    confirm: tuple[Pattern, ...] = ()
    approvals: Literal["ask", "person"] = "ask"
    audit_log_required: bool = False

    def allowed_url(self, url: str) -> str | None:
        """The same address as the policy writes it; None if it is not allowed.

        The policy's own spelling is what is used, so that nobody reads the user's in another way than this does.
        """
        if not self.base_urls:
            return url
        wanted = _origin_and_path(url)
        return next((one for one in self.base_urls if _origin_and_path(one) == wanted), None)

    @property
    def limits(self) -> dict[str, Any]:
        """The members that limit something, as the file has them: `{"permissions": ["read"], "approvals": "person"}`"""
        said: dict[str, Any] = {
            "permissions": in_order(self.permissions) if self.permissions != EVERYTHING else [],
            "base_urls": [*self.base_urls],
            "tools": [*map(str, self.tools)],
            "confirm": [*map(str, self.confirm)],
            "approvals": self.approvals if self.approvals == "person" else "",
            "audit_log_required": self.audit_log_required,
        }
        return {name: value for name, value in said.items() if value}


def limits_in_words(limits: Mapping[str, Any]) -> str:
    """`ManagedPolicy.limits` on one line."""
    said = (
        f"{name} {','.join(value) if isinstance(value, list) else str(value).lower()}" for name, value in limits.items()
    )
    return "; ".join(said) or policy_messages.NO_LIMITS


def read_policy(file: PolicyFile) -> ManagedPolicy | None:
    """The policy in this place, or None if there is none.

    Raises:
        SettingsError: There is one, or may be, and it cannot be used; names every fault of what it says.
    """
    try:
        content = file.read()
        return None if content is None else _parsed(file.path, content)
    except (Untrusted, ExceptionGroup) as error:
        raise SettingsError([_problem(file.path, one) for one in _faults(error)]) from None


def read_draft_policy(path: str) -> ManagedPolicy:
    """The policy that a file would be in its place, whoever may write to it here.

    Raises:
        SettingsError: It cannot be read or used; names every fault of what it says.
    """
    try:
        return _parsed(path, read_draft(path))
    except OSError as error:
        message = policy_messages.DRAFT_NOT_READ.format(path=path, reason=error.strerror)
        raise SettingsError([SettingsProblem(message, fix=policy_messages.NAME_A_POLICY, variable=POLICY)]) from None
    except (Untrusted, ExceptionGroup) as error:
        raise SettingsError([_problem_of_draft(path, one) for one in _faults(error)]) from None


def _parsed(path: str, content: bytes) -> ManagedPolicy:
    """Raises: Untrusted, or an ExceptionGroup of them."""
    return ManagedPolicy(path, **_members(_table(content)))


def _faults(error: Untrusted | ExceptionGroup[Exception]) -> list[Untrusted]:
    found = [error] if isinstance(error, Untrusted) else error.exceptions
    return [one for one in found if isinstance(one, Untrusted)]


def _problem(path: str, error: Untrusted) -> SettingsProblem:
    message = policy_messages.UNUSABLE.format(path=path, why=error.why)
    return SettingsProblem(message, fix=policy_messages.ASK_TO_FIX.format(fix=error.fix), variable=POLICY)


def _problem_of_draft(path: str, error: Untrusted) -> SettingsProblem:
    message = policy_messages.DRAFT_UNUSABLE.format(path=path, why=error.why)
    return SettingsProblem(message, fix=f"{error.fix[:1].upper()}{error.fix[1:]}.", variable=POLICY)


def _table(content: bytes) -> dict[str, Any]:
    import tomllib  # where there is no policy, nothing needs it at the start

    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Untrusted(policy_messages.NOT_UTF_8, policy_messages.SAVE_AS_UTF_8) from None
    if text.startswith(BOM):
        raise Untrusted(policy_messages.HAS_BOM, policy_messages.SAVE_AS_UTF_8)
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number or a date that Python cannot hold is a ValueError too
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else type(error).__name__
        raise Untrusted(policy_messages.NOT_TOML.format(reason=reason), policy_messages.CORRECT_IT) from None
    if not table:
        raise Untrusted(policy_messages.SETS_NOTHING, policy_messages.SET_OR_REMOVE)
    return table


def _members(table: Mapping[str, Any]) -> dict[str, Any]:
    """Raises: ExceptionGroup of `Untrusted`, one for each member that cannot be used."""
    found: dict[str, Any] = {}
    faults = []
    for name, value in table.items():
        try:
            if name not in MEMBERS:
                fix = policy_messages.USE_THESE_MEMBERS.format(names=", ".join(MEMBERS))
                raise Untrusted(policy_messages.UNKNOWN_MEMBER.format(name=_shown(name)), fix)
            found[name] = MEMBERS[name](name, value)
        except Untrusted as error:
            faults.append(error)
    if faults:
        raise ExceptionGroup("the policy cannot be used", faults)
    return found


def _texts(name: str, value: Any) -> list[str]:
    """Raises: Untrusted. A list without entries is a fault too: it could mean all or nothing."""
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise Untrusted(policy_messages.NOT_A_LIST.format(name=name), policy_messages.CORRECT_IT)
    twice = [one for one in value if value.count(one) > 1]
    if twice:
        message = policy_messages.GIVEN_TWICE.format(name=name, value=_shown(twice[0]))
        raise Untrusted(message, policy_messages.CORRECT_IT)
    return value


def _permissions(name: str, value: Any) -> Permissions:
    texts = _texts(name, value)
    for text in texts:
        if text not in [*Permission]:
            message = policy_messages.NO_PERMISSION.format(name=name, value=_shown(text))
            raise Untrusted(message, policy_messages.CORRECT_IT)
    return frozenset(map(Permission, texts))


def _base_urls(name: str, value: Any) -> tuple[str, ...]:
    return tuple(_base_url(name, text) for text in _texts(name, value))


def _base_url(name: str, text: str) -> str:
    try:
        return parsing.base_url(text)
    except ValueError as error:
        message = policy_messages.NO_URL.format(name=name, value=_shown(text), reason=error)
        raise Untrusted(message, policy_messages.CORRECT_IT) from None


def _patterns(name: str, value: Any) -> tuple[Pattern, ...]:
    return tuple(_pattern(name, text) for text in _texts(name, value))


def _pattern(name: str, text: str) -> Pattern:
    try:
        if text.strip().lower() == NEVER and name == "confirm":
            raise ValueError(policy_messages.NEVER_IS_THE_USER_S)
        found = read_patterns(text)
        if len(found) != 1:
            raise ValueError(policy_messages.ONE_PATTERN_EACH)
    except ValueError as error:
        message = policy_messages.NO_PATTERN.format(name=name, reason=error)
        raise Untrusted(message, policy_messages.CORRECT_IT) from None
    return found[0]


def _one_of(*values: object) -> Callable[[str, Any], Any]:
    """A member that has one of these values and their very type: 1 is not true."""

    def read(name: str, value: Any) -> Any:
        if not any(type(value) is type(one) and value == one for one in values):
            shown = ", ".join(str(one).lower() for one in values)
            raise Untrusted(policy_messages.NOT_ONE_OF.format(name=name, values=shown), policy_messages.CORRECT_IT)
        return value

    return read


MEMBERS: Mapping[str, Callable[[str, Any], Any]] = {
    "permissions": _permissions,
    "base_urls": _base_urls,
    "tools": _patterns,
    "confirm": _patterns,
    "approvals": _one_of("ask", "person"),
    "audit_log_required": _one_of(True, False),
}


def _shown(text: str) -> str:
    return repr(text[:VALUE_CHARS])


def _origin_and_path(url: str) -> tuple[str, str | None, int | None, str]:
    """A base URL without what spells it differently: the case of its host, a default port, a slash at the end."""
    parts = urlsplit(url)
    port = DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")
