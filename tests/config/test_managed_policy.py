"""A policy cuts what the environment says, and never adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.policies import place, written
from tests.world import Connect, Uru, text_of
from uru_mcp.config.environment import read_settings
from uru_mcp.config.managed_policy import ManagedPolicy
from uru_mcp.config.policy_file import PolicyFile
from uru_mcp.config.settings import Managed, Settings, cut
from uru_mcp.config.tool_patterns import read_patterns
from uru_mcp.errors import SettingsError
from uru_mcp.permissions import Grant, Permission, Permissions

KEY = {"URU_API_KEY": "uru_test_0123456789"}
NOTE, QUERY = "company_demo__LOG_NOTE", "platform__context_query"
LOG_NOTE = {"tool": NOTE, "input": {"text": "hi"}}
LIST = {"tool": QUERY, "input": {"op": "list"}}


async def test_permissions_that_it_does_not_allow_are_neither_listed_nor_used(
    uru: Uru, connect: Connect, tmp_path: Path
) -> None:
    file = written(tmp_path, 'permissions = ["read"]')
    async with connect(policy=file, PERMISSIONS="read,write,execute") as claude:
        tools = await claude.tools()
        error = await claude.error("uru_execute", LOG_NOTE)
        report = await claude.whoami()
        text = text_of(await claude.call("uru_whoami"))
        assert (await claude.data("uru_read", LIST))["data"]
    assert not {"uru_write", "uru_execute"} & tools.keys()
    assert error["code"] == "insufficient_permission"
    assert "The administrator's policy allows Read on this machine; missing: Execute." in error["message"]
    assert "only the administrator of this machine can allow Execute" in error["fix"]
    assert "URU_PERMISSIONS" not in error["fix"]
    assert report["policy"] == {"file": file.path, "limits": {"permissions": ["read"]}}
    assert report["permissions"]["execute"] == {"answer": "no", "how": "policy"}
    assert f"Policy of the administrator, in {file.path}: permissions read" in text
    assert uru.notes == []


async def test_what_only_the_administrator_can_allow_is_said_once(
    uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    async with connect_once(policy=written(tmp_path, 'permissions = ["read"]')) as claude:
        fix = (await claude.whoami())["tools"]["fix"]
    assert fix.startswith("Tell the user that only the administrator of this machine can allow Write and Execute")
    assert fix.count("administrator") == 1


async def test_a_policy_does_not_declare_what_uru_does_not_tell(
    uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    uru.faults.status("/keys/self", 404)
    async with connect_once(policy=written(tmp_path, 'permissions = ["read", "execute"]')) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)
        report = await claude.whoami()
    assert error["code"] == "permissions_unknown"
    assert '"URU_PERMISSIONS": "read,execute"' in error["fix"]
    assert [report["permissions"][name]["how"] for name in ("write", "execute")] == ["policy", None]
    assert uru.notes == []


@pytest.mark.parametrize("tools", ["*", "company_*", "*__LOG_NOTE", "!gmail_*"])
async def test_tools_that_it_takes_away_cannot_be_chosen_again(
    tools: str, uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    file = written(tmp_path, 'tools = ["*", "!company_*"]')
    async with connect_once(policy=file, TOOLS=tools) as claude:
        assert NOTE not in await claude.tools()
        error = await claude.error("uru_execute", LOG_NOTE)
        report = await claude.whoami()
    assert error["code"] == "forbidden"
    assert f"The administrator's policy does not allow {NOTE}" in error["message"]
    assert report["tools"]["taken_away_by_policy"] > 0
    assert uru.notes == []


async def test_tools_that_the_user_takes_away_stay_away(uru: Uru, connect_once: Connect, tmp_path: Path) -> None:
    file = written(tmp_path, 'tools = ["company_*", "platform__*"]')
    async with connect_once(policy=file, TOOLS="!company_*") as claude:
        error = await claude.error("uru_execute", LOG_NOTE)
        report = await claude.whoami()
        assert (await claude.data("uru_read", LIST))["data"]
    assert "The user has taken" in error["message"]
    assert report["user_choices"] == {"URU_TOOLS": "!company_*"}
    assert uru.notes == []


@pytest.mark.parametrize("confirm", ["never", "gmail_*", "!company_*"])
async def test_what_it_wants_confirmed_is_not_sent_without_a_yes_whatever_the_user_sets(
    confirm: str, uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    file = written(tmp_path, 'confirm = ["company_*"]')
    async with connect_once(policy=file, CONFIRM=confirm) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)
    assert error["code"] == "declined"
    assert "as the administrator's policy says" in error["message"]
    assert "URU_CONFIRM" not in error["fix"]
    assert uru.notes == []


async def test_what_the_user_wants_confirmed_is_not_sent_either(
    uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    file = written(tmp_path, 'confirm = ["*", "!company_*"]')
    async with connect_once(policy=file, CONFIRM="company_*") as claude:
        error = await claude.error("uru_execute", LOG_NOTE)
    assert "as the user has set with URU_CONFIRM" in error["message"]
    assert uru.notes == []


@pytest.mark.parametrize(
    ("said", "user_s", "effective"),
    [("person", "ask", "person"), ("ask", "person", "person"), ("ask", "ask", "ask"), ("person", "person", "person")],
)
def test_a_person_decides_if_either_says_so(said: str, user_s: str, effective: str, tmp_path: Path) -> None:
    settings = read_settings({**KEY, "URU_APPROVALS": user_s}, written(tmp_path, f'approvals = "{said}"'))
    assert (settings.approvals, settings.rules.only_person_decides) == (effective, effective == "person")


async def test_a_required_audit_log_is_required_whatever_the_user_sets(
    uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    file = written(tmp_path, "audit_log_required = true")
    async with connect_once(policy=file, AUDIT_LOG_REQUIRED="false") as claude:
        error = await claude.error("uru_execute", LOG_NOTE)
    assert "URU_AUDIT_LOG is not set" in error["message"]
    assert uru.notes == []
    async with connect_once(policy=file, AUDIT_LOG=str(tmp_path / "audit.jsonl")) as claude:
        await claude.data("uru_execute", LOG_NOTE)
    assert uru.notes == ["hi"]


ALLOWED = 'base_urls = ["https://uru.example/api", "http://127.0.0.1:8000"]'


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://uru.example/api", "https://uru.example/api"),
        ("https://URU.example:443/api/", "https://uru.example/api"),
        ("HTTPS://uru.example/api", "https://uru.example/api"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
    ],
)
def test_an_address_that_it_allows_is_used_as_it_writes_it(url: str, used: str, tmp_path: Path) -> None:
    assert read_settings({**KEY, "URU_PROXY_URL": url}, written(tmp_path, ALLOWED)).proxy_url == used


@pytest.mark.parametrize(
    "url",
    [
        "",  # the default, which it does not have
        "https://uru.example",
        "https://uru.example/API",
        "https://uru.example/api/v2",
        "https://uru.example/api/..",
        "https://uru.example/api/../evil",
        "https://uru.example/%61pi",
        "https://uru.example:444/api",
        "https://uru.example:0/api",
        "https://uru.example./api",
        "https://uru.example.evil.example/api",
        "https://evil.example/api",
        "https://uru.example%2eevil.example/api",
        "https://uru.example\\.evil.example/api",
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://127.1:8000",
        "https://127.0.0.1:8000",
        "https://sandbox-in-this-process.invalid",  # what --sandbox sets for itself
    ],
)
def test_an_address_that_it_does_not_allow_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({**KEY, "URU_PROXY_URL": url}, written(tmp_path, ALLOWED))
    assert {problem.details["variable"] for problem in raised.value.problems} == {"URU_PROXY_URL"}


def test_a_sandbox_in_this_process_has_no_address_and_keeps_to_the_rest(tmp_path: Path) -> None:
    file = written(tmp_path, f'{ALLOWED}\npermissions = ["read"]')
    settings = read_settings(KEY, file, is_remote=False)
    assert settings.allowed_permissions == {Permission.READ}


async def test_a_slip_in_its_patterns_closes_what_is_nearest_and_is_told(
    uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    file = written(tmp_path, 'tools = ["*", "!company_demo__LOG_NOTES", "!stripe_*"]')
    async with connect_once(policy=file) as claude:
        error = await claude.error("uru_execute", LOG_NOTE)
        (problem,) = (await claude.whoami())["problems"]
    assert error["code"] == "forbidden"
    assert "!company_demo__log_notes in “tools” of the administrator's policy fits no tool" in problem["message"]
    assert "Tell the administrator" in problem["fix"]
    assert uru.notes == []


async def test_its_patterns_that_have_no_tool_here_close_nothing_and_are_not_told(
    uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    none = '"!*__*DROP*", "!*__*REMOVE*", "!company_prod__*", "!*__*SHARE*"'
    file = written(tmp_path, f'tools = ["*", {none}]\nconfirm = ["*__*ERASE*", "*__*POST*"]')
    async with connect_once(policy=file) as claude:
        await claude.data("uru_execute", LOG_NOTE)
        report = await claude.whoami()
    assert report["problems"] == []
    assert report["tools"].get("taken_away_by_policy", 0) == 0
    assert uru.notes == ["hi"]


async def test_a_tighter_policy_holds_from_the_next_call_and_a_wider_one_too(
    uru: Uru, connect: Connect, tmp_path: Path
) -> None:
    file = place(tmp_path)
    async with connect(policy=file) as claude:
        await claude.data("uru_execute", LOG_NOTE)
        written(tmp_path, 'permissions = ["read"]')
        assert (await claude.error("uru_execute", LOG_NOTE))["code"] == "insufficient_permission"
        assert "uru_execute" not in await claude.tools()
        written(tmp_path, 'tools = ["*", "!company_*"]')
        assert (await claude.error("uru_execute", LOG_NOTE))["code"] == "forbidden"
        written(tmp_path, 'confirm = ["company_*"]')
        assert (await claude.error("uru_execute", LOG_NOTE))["code"] == "declined"
        assert uru.notes == ["hi"]
        Path(file.path).unlink()
        await claude.data("uru_execute", LOG_NOTE)
        assert (await claude.whoami()).get("policy") is None
    assert uru.notes == ["hi", "hi"]


@pytest.mark.parametrize(
    "content", ["permissions = [", 'base_urls = ["https://uru.example"]', "audit_log_required = true"]
)
async def test_nothing_is_sent_while_it_cannot_be_kept(
    content: str, uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    file = written(tmp_path, 'permissions = ["read", "execute"]')
    async with connect_once(policy=file) as claude:
        await claude.data("uru_execute", LOG_NOTE)
        before = uru.sent("/")
        written(tmp_path, content)
        assert (await claude.error("uru_execute", LOG_NOTE))["code"] == "not_configured"
        assert [*await claude.tools()] == ["uru_whoami"]
        (problem,) = (await claude.whoami())["problems"]
        assert file.path in problem["message"]
        assert uru.sent("/") == before
        written(tmp_path, 'permissions = ["read", "execute"]')
        await claude.data("uru_execute", LOG_NOTE)
    assert uru.notes == ["hi", "hi"]


async def test_a_file_that_others_may_write_from_now_on_closes_everything(
    uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    file = written(tmp_path, 'permissions = ["read", "execute"]')
    async with connect_once(policy=file) as claude:
        await claude.data("uru_execute", LOG_NOTE)
        Path(file.path).parent.chmod(0o777)
        assert (await claude.error("uru_execute", LOG_NOTE))["code"] == "not_configured"
    assert uru.notes == ["hi"]


@dataclass(frozen=True)
class Tool:
    id: str
    needs: Permissions
    destructive: bool

    @property
    def names(self) -> tuple[str, ...]:
        return (self.id,)


TOOLS = [
    Tool(f"{namespace}__{name}", frozenset({permission}), destructive)
    for namespace in ("platform", "gmail_a", "stripe")
    for name, permission, destructive in (
        ("list_all", Permission.READ, False),
        ("SEND", Permission.EXECUTE, True),
        ("edit", Permission.WRITE, False),
    )
]
SETS = st.frozensets(st.sampled_from([*Permission]))
PATTERN = st.sampled_from(
    ["*", "!*", "gmail_*", "!gmail_*", "*__SEND", "!*__SEND", "destructive", "!execute", "stripe__lsit_all", "!gmial_*"]
)
PATTERNS = st.lists(PATTERN, max_size=4, unique=True).map(lambda words: read_patterns(",".join(words)))
PERSON: st.SearchStrategy[Literal["ask", "person"]] = st.sampled_from(["ask", "person"])
GRANTS = st.builds(Grant, st.none() | SETS, st.none(), SETS, SETS, is_outdated=st.booleans())
USERS = st.builds(
    Settings,
    permissions=st.none() | SETS,
    tools=PATTERNS,
    confirm=PATTERNS,
    approvals=PERSON,
    audit_log_required=st.booleans(),
)
POLICIES = st.builds(
    ManagedPolicy,
    st.just("/nowhere"),
    SETS.filter(bool),
    base_urls=st.just(()),
    tools=PATTERNS,
    confirm=PATTERNS,
    approvals=PERSON,
    audit_log_required=st.booleans(),
)


def gone(settings: Settings) -> set[str]:
    rules = settings.rules.among(TOOLS)
    return {tool.id for tool in TOOLS if not rules.chosen.fit(tool)}


def confirmed(settings: Settings) -> set[str]:
    rules = settings.rules.among(TOOLS)
    return {tool.id for tool in TOOLS if rules.confirmed.fit(tool)}


@given(user=USERS, policy=POLICIES, grant=GRANTS)
def test_what_is_left_is_within_the_environment_and_within_the_policy(
    user: Settings, policy: ManagedPolicy, grant: Grant
) -> None:
    def within(policy: ManagedPolicy | None, settings: Settings) -> Settings:
        return cut(Managed(policy, PolicyFile("/", ("nowhere",)), None, settings, is_remote=True))

    def used(settings: Settings) -> Permissions:
        return grant._replace(declared=settings.permissions, allowed=settings.allowed_permissions).effective

    both, user_alone, policy_alone = within(policy, user), within(None, user), within(policy, Settings())
    assert used(both) == used(user_alone) & policy.permissions
    assert both.permissions is None or both.permissions <= policy.permissions
    assert gone(both) == gone(user_alone) | gone(policy_alone)
    assert confirmed(both) == confirmed(user_alone) | confirmed(policy_alone)
    assert both.rules.only_person_decides == ("person" in (user.approvals, policy.approvals))
    assert both.audit_log_required == (user.audit_log_required or policy.audit_log_required)
