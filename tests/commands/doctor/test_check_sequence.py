"""Each planted fault is found by the check it belongs to, with what mends it; what rests on it is skipped."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.commands.doctor.patient import SANDBOXED, Patient
from uru_mcp.commands.doctor.checks import Check
from uru_mcp.commands.doctor.service_checks import AFTER

ALL = ["configuration", *AFTER]
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Fault:
    """What is planted, the check that finds it, and words of what it says."""

    plant: Callable[[Patient], object]
    check: str
    seen: str
    remedy: str
    verdict: str = "failed"


def set_to(**variables: str) -> Callable[[Patient], None]:
    return lambda patient: patient.variables.update({f"URU_{name}": value for name, value in variables.items()})


def refused(patient: Patient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    set_to(PROXY_URL=f"http://127.0.0.1:{port}")(patient)


def without_key(patient: Patient) -> None:
    del patient.variables["URU_API_KEY"]


def file_is_gone(patient: Patient) -> None:
    patient.key_file(patient.key.text).unlink()


def command_fails(patient: Patient) -> None:
    without_key(patient)
    set_to(API_KEY_COMMAND="false its-argument")(patient)


def status(prefix: str, code: int, body: object = None) -> Callable[[Patient], None]:
    return lambda patient: patient.uru.faults.status(prefix, code, body=body, headers={"Retry-After": "60"})


def revoked(patient: Patient) -> None:
    patient.uru.sandbox.keys.delete(patient.key.record.id)


def key_of(**more: Any) -> Callable[[Patient], None]:
    return lambda patient: patient.use(patient.uru.key(**more))


PAGE = "<html><body>Please log in</body></html>"

FAULTS = {
    "a misspelt variable": Fault(
        set_to(PERMISSION="read"), "configuration", "URU_PERMISSION is not a variable", "Did you mean URU_PERMISSIONS?"
    ),
    "no key": Fault(without_key, "configuration", "URU_API_KEY is not set", "Settings → API Keys"),
    "two ways to the key": Fault(
        set_to(API_KEY_FILE="/run/key"), "configuration", "set at the same time", "Keep one of them"
    ),
    "a wrong number": Fault(
        set_to(CALL_DEADLINE="soon"), "configuration", "URU_CALL_DEADLINE", "number of seconds from 1 to 3600"
    ),
    "a placeholder that nobody filled in": Fault(
        set_to(API_KEY="${URU_KEY}"), "configuration", "placeholder", "to the value itself"
    ),
    "what only the Node client reads": Fault(
        set_to(DEBUG="1"), "configuration", "not read by uru-mcp: URU_DEBUG", "If URU_DEBUG was meant", "warning"
    ),
    "a key of the wrong form": Fault(
        set_to(API_KEY="sk_0123456789abcdef"), "key", "does not start with uru_", "it starts with uru_"
    ),
    "a key file that is not there": Fault(
        file_is_gone, "key", "does not exist", "Write the key from Uru → Settings → API Keys"
    ),
    "a key file with something else": Fault(
        lambda patient: patient.key_file("hello there"), "key", "has no key", "first line of that file"
    ),
    "a key file that others can read": Fault(
        lambda patient: patient.key_file(patient.key.text, mode=0o644), "key", "mode is 0644", "chmod 600", "warning"
    ),
    "a key command that fails": Fault(command_fails, "key", "The command false", "Run it in a terminal"),
    "http to another machine": Fault(
        set_to(PROXY_URL="http://uru.invalid"), "address", "unencrypted", "set it to an https:// address"
    ),
    "an address with a query": Fault(
        set_to(PROXY_URL="https://uru.invalid/?a=b"), "address", "a query", "Remove URU_PROXY_URL"
    ),
    "a name that nobody knows": Fault(
        set_to(PROXY_URL="https://uru.invalid"), "service", "cannot be resolved", "Check the network connection"
    ),
    "nobody listens": Fault(refused, "service", "the connection was refused", "URU_PROXY_URL"),
    "no TLS": Fault(
        lambda patient: set_to(PROXY_URL=patient.url.replace("http", "https"))(patient),
        "TLS",
        "does not speak TLS",
        "Check URU_PROXY_URL, the clock",
    ),
    "a page in the place of JSON": Fault(
        status("/", 200, PAGE), "service", "text/html instead of JSON", "a proxy or login page"
    ),
    "another service": Fault(status("/", 404), "service", "answered 404", "may not be the address of Uru's API"),
    "a redirect": Fault(
        lambda patient: patient.uru.faults.redirect("/", f"{patient.url}/elsewhere"),
        "service",
        "redirect",
        "not one that redirects",
    ),
    "an Uru that is down": Fault(status("/", 503), "service", "Uru failed (503)", "Try again in a minute"),
    "an unknown key": Fault(set_to(API_KEY="uru_test_" + "0" * 40), "key accepted", "", "Create a key in Uru"),
    "a deleted key": Fault(revoked, "key accepted", "was deleted", "put it into URU_API_KEY, and restart the"),
    "an expired key": Fault(key_of(expires_at=NOW - timedelta(days=1)), "key accepted", "expired", "Create a key in"),
    "a key that ends soon": Fault(
        key_of(expires_at=NOW + timedelta(days=3)), "key accepted", "expires in 2 days", "create a new key", "warning"
    ),
    "an old key": Fault(
        key_of(created_at=NOW - timedelta(days=200)), "key accepted", "200 days old", "delete the old key", "warning"
    ),
    "no workspace": Fault(key_of(workspace=None), "workspace", "No workspace is selected", "set URU_WORKSPACE_ID"),
    "another key's workspace": Fault(
        lambda patient: set_to(WORKSPACE_ID=patient.uru.globex.id)(patient),
        "workspace",
        "not one that this API key may use",
        "Set URU_WORKSPACE_ID to the id of the key's own workspace",
    ),
    "no permissions": Fault(key_of(permissions=set()), "permissions", "Read no (as Uru says)", "Give the key"),
    "permissions that a ceiling takes away": Fault(
        lambda patient: (key_of(permissions={"read"})(patient), set_to(PERMISSIONS="write")(patient)),
        "permissions",
        "Read no (URU_PERMISSIONS does not allow it)",
        "or change URU_PERMISSIONS",
    ),
    "permissions that nobody tells": Fault(
        status("/keys/self", 404), "permissions", "does not tell whether this API key has", '"URU_PERMISSIONS": '
    ),
    "no tools": Fault(
        status("/namespaces", 200, {"namespaces": []}), "catalog", "Uru offers this key no tools", "Connect apps in Uru"
    ),
    "a pattern that fits nothing": Fault(
        set_to(NAMESPACES="gmial_*"),
        "catalog",
        "No namespace matches gmial_* in URU_NAMESPACES. Uru offers company_demo, gmail_demo",
        "Did you mean gmail_demo? Correct URU_NAMESPACES",
    ),
    "one of two patterns that fits nothing": Fault(
        set_to(NAMESPACES="platform,gmial_*"), "catalog", "gmial_*", "Correct URU_NAMESPACES", "warning"
    ),
    "a slip in a pattern of tools": Fault(
        set_to(TOOLS="!gmial_*"), "catalog", "!gmial_* in URU_TOOLS fits no", "mean !gmail_demo__GMAIL_*?", "warning"
    ),
    "namespaces that cannot be listed": Fault(
        status("/namespaces", 500), "catalog", "Uru failed (500)", "Try again in a minute"
    ),
    "tools of one namespace that cannot be loaded": Fault(
        status("/list/apps/gmail_demo", 403),
        "catalog",
        "The tools of “Gmail - Demo” could not be loaded",
        "URU_PROXY_URL",
        "warning",
    ),
    "a read that fails": Fault(
        status("/execute/platform", 403, {"error": "not you"}),
        "read",
        "Uru says: “not you”",
        "ask who administers",
    ),
    "a version that is not told": Fault(
        status("/tools/sync/version", 500), "version", "Changed tools are not detected", "restart the client", "warning"
    ),
}  # fmt: skip


def rest_on(name: str) -> set[str]:
    """The checks that rest on this one, directly or not."""
    direct = {one for one, after in AFTER.items() if name in after}
    return direct.union(*map(rest_on, direct))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_is_found_by_its_own_check_and_its_remedy_is_told(patient: Patient, fault: Fault) -> None:
    fault.plant(patient)
    checks = await patient.checks()

    (found,) = [check for check in checks if check.verdict in ("failed", "warning")]
    assert (found.name, found.verdict) == (fault.check, fault.verdict)
    assert fault.seen in found.seen
    assert fault.remedy in (found.remedy or "")
    assert {check.name for check in checks} == set(ALL)
    if fault.verdict == "failed":
        resting = {check.name for check in checks if check.seen == f"because this failed: {fault.check}"}
        assert rest_on(fault.check) <= resting


async def test_a_healthy_machine_is_well_and_nothing_is_changed(patient: Patient) -> None:
    checks = await patient.checks()
    assert [(check.name, check.verdict) for check in checks] == [
        (name, "skipped" if name == "TLS" else "ok") for name in ALL
    ]
    seen = {check.name: check.seen for check in checks}
    assert seen["configuration"] == "in this terminal: URU_API_KEY, URU_PROXY_URL"
    assert seen["key"] == f"…{patient.key.text[-4:]}, from URU_API_KEY"
    assert seen["permissions"] == "Read yes (as Uru says), Write yes (as Uru says), Execute yes (as Uru says)"
    assert seen["catalog"] == "namespaces: 4; 27 of Uru's tools allowed, 0 blocked, 0 left out"
    sent = {request.path for request in patient.uru.sandbox.requests if request.method == "POST"}
    assert sent == {"/execute/platform__execute_tool"}
    assert patient.uru.notes == []


async def test_without_read_nothing_is_read(patient: Patient) -> None:
    patient.use(patient.uru.key({"execute"}))
    (read,) = [check for check in await patient.checks() if check.name == "read"]
    assert (read.verdict, read.seen) == ("skipped", "platform__context_query needs Read, which the key lacks")
    assert patient.uru.sent("/execute/") == 0


async def test_all_faults_of_the_settings_are_told_each_in_its_place(patient: Patient) -> None:
    set_to(PERMISSION="read", LOG_LEVEL="loud", PROXY_URL="ftp://a", API_KEY="nothing")(patient)
    checks = await patient.checks()
    failed = [check.name for check in checks if check.verdict == "failed"]
    assert sorted(failed) == ["address", "configuration", "configuration", "key"]
    assert {check.name: check.verdict for check in checks if check.name not in failed} == dict.fromkeys(
        [name for name in ALL if name not in failed], "skipped"
    )


async def test_where_nothing_is_set_the_first_configuration_of_ours_is_looked_at(patient: Patient) -> None:
    env, patient.variables = patient.variables, {}
    patient.configure(other={"command": "node"}, uru={"command": "/gone/uru-mcp", "env": env})
    checks: list[Check] = await patient.checks()
    seen = {check.name: (check.verdict, check.seen) for check in checks}
    where = "in Claude Desktop “uru”, since no key is set in this terminal: URU_API_KEY, URU_PROXY_URL"
    assert seen["configuration"] == ("ok", where)
    assert seen["read"][0] == "ok"


async def test_where_there_is_only_a_sandbox_nothing_is_wrong(patient: Patient) -> None:
    patient.variables = {}
    patient.configure(uru=SANDBOXED)
    checks = {check.name: check.verdict for check in await patient.checks()}
    assert {checks[name] for name in ALL} == {"skipped"}
    assert checks["Claude Desktop “uru” start"] == "ok"
