"""Checks the `URU_*` variables and reports each problem under the check it belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from uru_mcp.audit.call_recorder import audit_trouble
from uru_mcp.audit.log_file import exposure
from uru_mcp.commands.doctor.checks import Examination, Finding, failed, ok
from uru_mcp.config.environment import read_settings
from uru_mcp.config.managed_policy import POLICY, ManagedPolicy, limits_in_words, read_draft_policy, read_policy
from uru_mcp.config.policy_file import INSTALLED, PolicyFile
from uru_mcp.config.settings import PREFIX, VARIABLES, Settings
from uru_mcp.errors import SettingsError, SettingsProblem
from uru_mcp.messages import policy_messages

CONFIGURATION, KEY, ADDRESS, LIMITS = "configuration", "key", "address", "policy"


def examine_variables(examination: Examination, environ: Mapping[str, str], *, of: str) -> Settings | None:
    """Check the variables and return their settings, or None if they are invalid. `of` is where they are set."""
    names = ", ".join(sorted(name for name in given(environ) if name in VARIABLES))
    seen = f"{of}: {names or 'none that uru-mcp knows'}"
    try:
        settings = read_settings(environ)
    except SettingsError as error:
        own = [problem for problem in error.problems if problem.details["variable"] != POLICY]
        places = {problem: _place(problem) for problem in own}
        if CONFIGURATION not in places.values():
            examination.tell(CONFIGURATION, ok(seen))
        for problem, place in places.items():
            examination.tell(place, failed(problem))
        return None
    unused = (*settings.ignored, *settings.foreign)
    if unused:
        ignored = ", ".join(unused)
        remedy = f"If {ignored} was meant for uru-mcp, remove it: uru-mcp does not read it."
        examination.tell(CONFIGURATION, Finding("warning", f"{seen}; not read by uru-mcp: {ignored}", remedy))
    else:
        examination.tell(CONFIGURATION, ok(seen))
    return settings


def examine_policy(examination: Examination, file: PolicyFile = INSTALLED) -> None:
    """Check the administrator's policy, if there is one."""
    try:
        policy = read_policy(file)
    except SettingsError as error:
        for problem in error.problems:
            examination.tell(LIMITS, failed(problem))
        return
    if policy is not None:
        _tell_limits(examination, policy, f"{policy.path}, of the administrator: {limits_in_words(policy.limits)}")


def examine_draft_policy(examination: Examination, path: str, file: PolicyFile = INSTALLED) -> None:
    """Check a policy before it is put in place: only what it says. In its place, its owners and modes are checked too.

    It needs neither a key nor Uru.
    """
    if path == file.path:
        examine_policy(examination, file)
        if examination.checks:
            return
    try:
        policy = read_draft_policy(path)
    except SettingsError as error:
        for problem in error.problems:
            examination.tell(LIMITS, failed(problem))
        return
    limits = limits_in_words(policy.limits)
    _tell_limits(examination, policy, policy_messages.DRAFT_LIMITS.format(path=path, limits=limits))


def _tell_limits(examination: Examination, policy: ManagedPolicy, seen: str) -> None:
    finding = ok(seen) if policy.limits else Finding("warning", seen, policy_messages.LIMIT_OR_REMOVE)
    examination.tell(LIMITS, finding)


def examine_audit_log(examination: Examination, name: str, settings: Settings) -> None:
    """Check that the audit log can be written, if one is set or required. Nothing is written or created."""
    error = audit_trouble(settings)
    if error is not None:
        examination.tell(name, failed(error))
    elif settings.audit_log is not None:
        exposed = exposure(settings.audit_log)
        seen = Finding("warning", exposed.message, exposed.fix) if exposed else ok(f"{settings.audit_log}")
        examination.tell(name, seen)


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """The `URU_*` variables, valid or not; blank ones count as unset."""
    return {name: value for name, value in environ.items() if name.startswith(PREFIX) and value.strip()}


def _place(problem: SettingsProblem) -> str:
    if problem.code == "malformed_key":
        return KEY
    return ADDRESS if problem.details["variable"] == "URU_PROXY_URL" else CONFIGURATION
