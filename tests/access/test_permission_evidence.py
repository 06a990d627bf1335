"""What is known of a key's permissions, from evidence of four kinds: listed is what may run, and nothing widens a grant
that was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.access.test_identity import Clock
from tests.world import ALL, Claude, Connect, Uru
from uru_mcp.access.permission_evidence import GRACE, REFUSED_FOR, Evidence
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import Refused
from uru_mcp.permissions import EVERYTHING, NOTHING, Known, Permission, Permissions
from uru_mcp.uru.key_record import KeyRecord

READ, WRITE, EXECUTE = Permission
KEY = Key("uru_test_0123456789")
TOOLS = {
    "read": ("platform__context_query", {"op": "list"}),
    "write": ("platform__context_edit", {"op": "create", "title": "T", "content": "C"}),
    "execute": ("company_demo__LOG_NOTE", {"text": "hi"}),
}
SETS = [names for count in range(4) for names in combinations(TOOLS, count)]
MISSING = {"code": "insufficient_permission", "message": "The key lacks it."}


def record(permissions: Permissions | None) -> KeyRecord:
    return KeyRecord(None, None, None, None, None, None, permissions)


def evidence_of(declared: Permissions | None, clock: Clock) -> Evidence:
    return Evidence(KEY, declared, clock)


@pytest.mark.parametrize(
    ("told", "declared", "seen", "refused", "expected"),
    [
        ({READ}, None, (), (), {READ: Known("yes", "told"), WRITE: Known("no", "told")}),
        ({READ, WRITE}, {READ}, (), (), {READ: Known("yes", "told"), WRITE: Known("no", "ceiling")}),
        ({READ}, {READ, WRITE}, (), (), {WRITE: Known("no", "told")}),
        (None, {READ}, (), (), {READ: Known("yes", "declared"), WRITE: Known("no", "declared")}),
        (None, {READ}, (), {READ}, {READ: Known("no", "refused")}),
        (None, None, {READ}, (), {READ: Known("yes", "seen"), WRITE: Known("unknown", None)}),
        (None, None, {READ}, {READ}, {READ: Known("no", "refused"), EXECUTE: Known("unknown", None)}),
        ({READ}, None, (), {READ}, {READ: Known("no", "refused")}),
        (None, None, (), (), dict.fromkeys(Permission, Known("unknown", None))),
    ],
)
def test_the_strongest_evidence_decides_and_the_ceiling_cuts_it(
    told: Any, declared: Any, seen: Any, refused: Any, expected: dict[Permission, Known]
) -> None:
    clock = Clock()
    evidence = evidence_of(None if declared is None else frozenset(declared), clock)
    if told is not None:
        evidence.add_record(record(frozenset(told)), asked_at=clock.now)
        clock.now += 1
    evidence.note_success(frozenset(seen))
    if refused:
        evidence.note_refusal(frozenset(refused), None)
    assert {one: evidence.grant.known(one) for one in expected} == expected


def test_what_was_told_is_the_last_known_grant_and_no_declaration_takes_its_place() -> None:
    clock = Clock()
    evidence = evidence_of(EVERYTHING, clock)
    evidence.add_record(record(frozenset({READ})), asked_at=clock.now)
    evidence.note_no_record(is_final=True)
    assert evidence.grant.effective == {READ}
    clock.now += GRACE
    assert evidence.grant.effective == {READ}
    assert evidence.grant.known(READ) == Known("yes", "declared")
    assert evidence.grant.known(WRITE) == Known("no", "told")


def test_what_was_told_and_is_not_declared_is_unknown_after_its_grace() -> None:
    clock = Clock()
    evidence = evidence_of(None, clock)
    evidence.add_record(record(frozenset({READ, EXECUTE})), asked_at=clock.now)
    clock.now += GRACE
    assert evidence.grant.effective == NOTHING
    assert evidence.grant.unknown == {READ, EXECUTE}


def test_a_refusal_ends_after_a_minute_or_with_a_record_that_was_asked_for_after_it() -> None:
    clock = Clock()
    evidence = evidence_of(EVERYTHING, clock)
    evidence.note_refusal(frozenset({WRITE}), None)
    clock.now += REFUSED_FOR - 1
    assert WRITE not in evidence.grant.effective
    clock.now += 1
    assert WRITE in evidence.grant.effective

    evidence.note_refusal(frozenset({WRITE}), None)
    evidence.add_record(record(EVERYTHING), asked_at=clock.now - 1)
    assert WRITE not in evidence.grant.effective, "the record may be older than the refusal"
    clock.now += 1
    evidence.add_record(record(EVERYTHING), asked_at=clock.now)
    assert WRITE in evidence.grant.effective


def test_what_a_call_showed_is_not_known_any_more_once_uru_refused_it() -> None:
    clock = Clock()
    evidence = evidence_of(None, clock)
    evidence.note_success(EVERYTHING)
    evidence.note_refusal(frozenset({EXECUTE}), None)
    clock.now += REFUSED_FOR
    assert evidence.grant.known(EXECUTE) == Known("unknown", None)
    assert evidence.grant.known(READ) == Known("yes", "seen")


def test_what_a_refusal_says_is_granted_is_as_good_as_told() -> None:
    evidence = evidence_of(EVERYTHING, Clock())
    evidence.note_refusal(frozenset({EXECUTE}), frozenset({READ}))
    assert evidence.grant.effective == {READ}
    assert evidence.grant.known(WRITE) == Known("no", "told")


permission_sets = st.frozensets(st.sampled_from(Permission))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.none() | permission_sets),
        st.tuples(st.just("silence"), st.booleans()),
        st.tuples(st.just("show"), permission_sets),
        st.tuples(st.just("refuse"), permission_sets, st.none() | permission_sets),
        st.tuples(st.just("wait"), st.sampled_from([1, 59, 61, 299, 301, 5_000])),
    ),
    max_size=12,
)


@dataclass
class Sequence:
    """Evidence, and the last grant that Uru's record told."""

    evidence: Evidence
    clock: Clock
    told: Permissions | None = None
    refused: Permissions = field(default_factory=frozenset)

    def take(self, step: Any) -> None:
        match step:
            case ("tell", permissions):
                self.evidence.add_record(record(permissions), asked_at=self.clock.now)
                self.told = self.told if permissions is None else permissions
            case ("silence", is_final):
                self.evidence.note_no_record(is_final=is_final)
            case ("show", permissions):
                self.evidence.note_success(permissions)
            case ("refuse", missing, granted):
                self.evidence.note_refusal(missing, granted)
                assert not missing & self.evidence.grant.effective
            case ("wait", seconds):
                self.clock.now += seconds


@settings(max_examples=300)
@given(st.none() | permission_sets, steps)
def test_no_sequence_of_answers_widens_a_grant_that_was_told_or_passes_the_ceiling(declared: Any, steps: Any) -> None:
    clock = Clock()
    sequence = Sequence(evidence_of(declared, clock), clock)
    for step in steps:
        sequence.take(step)
        effective = sequence.evidence.grant.effective
        assert sequence.told is None or effective <= sequence.told
        assert declared is None or effective <= declared


async def what_runs(claude: Claude) -> tuple[set[str], set[str]]:
    """The permissions whose tool is listed, and those whose tool runs."""
    listed = set(await claude.tools())
    runs = {name for name, (tool, arguments) in TOOLS.items() if not (await claude.call(tool, arguments)).is_error}
    return {name for name, (tool, _) in TOOLS.items() if tool in listed}, runs


@pytest.mark.parametrize(
    ("kind", "permissions"),
    [(kind, names) for kind in ("told", "declared", "ceiling") for names in SETS if names or kind == "told"],
)
async def test_for_every_kind_of_evidence_what_is_listed_is_what_may_run_and_nothing_else_is_sent(
    connect_once: Connect, uru: Uru, kind: str, permissions: tuple[str, ...]
) -> None:
    if kind == "declared":
        uru.faults.status("/keys/self", 404)
    variables = {} if kind == "told" else {"PERMISSIONS": ",".join(permissions)}
    granted = permissions if kind == "told" else ALL
    async with connect_once(granted, **variables) as claude:
        before = uru.sent("/execute/")
        listed, runs = await what_runs(claude)
    assert listed == runs == set(permissions)
    assert uru.sent("/execute/") - before == len(runs)


async def test_a_declared_permission_that_uru_refuses_is_gone_until_the_next_look(
    connect_once: Connect, uru: Uru
) -> None:
    clock = Clock()
    uru.faults.status("/keys/self", 404)
    made = uru.key({"read"})
    async with connect_once(key=made.text, PERMISSIONS="read,write,execute", clock=clock) as claude:
        first = await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
        sent = uru.sent("/execute/")
        second = await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
        third = await claude.error("platform__context_edit", {"op": "create", "title": "T", "content": "C"})
        listed = set(await claude.tools())
        report = await claude.whoami()
        assert uru.sent("/execute/") == sent == 1, "Uru said what the key has, so nothing else is tried"
        uru.sandbox.keys.set_permissions(made.record.id, {"read", "write", "execute"})
        clock.now += REFUSED_FOR
        await claude.data("company_demo__LOG_NOTE", {"text": "hi"})

    assert {first["code"], second["code"], third["code"]} == {"insufficient_permission"}
    assert "Nothing was sent" in second["message"]
    assert not {"company_demo__LOG_NOTE", "uru_execute", "uru_write"} & listed
    assert report["permissions"]["execute"] == {"answer": "no", "how": "refused"}
    assert report["permissions"]["write"] == {"answer": "no", "how": "told"}
    assert uru.notes == ["hi"]


@pytest.mark.parametrize("status", [404, 405, 501, 400, 401, 403, 422, 500, 302])
async def test_a_later_look_that_tells_nothing_lets_no_declaration_widen_a_grant_that_was_told(
    connect_once: Connect, uru: Uru, status: int
) -> None:
    clock = Clock()
    async with connect_once({"read"}, PERMISSIONS="read,write,execute", clock=clock) as claude:
        assert (await claude.whoami())["permissions"]["effective"] == ["read"]
        uru.faults.status("/keys/self", status)
        for seconds in (0, 61, 400):
            clock.now += seconds
            error = await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
            assert error["code"] == "insufficient_permission"
            assert (await claude.whoami())["permissions"]["effective"] == ["read"]
            assert not {"uru_execute", "uru_write"} & set(await claude.tools())
    assert uru.sent("/execute/") == 0


@pytest.mark.parametrize("required", [[], None, ["calendar.events"], "jira:admin"])
async def test_a_missing_permission_of_an_app_s_own_is_not_the_key_s(
    connect_once: Connect, uru: Uru, required: Any
) -> None:
    uru.faults.status("/execute/company", 403, body={"error": {**MISSING, "required": required}}, times=1)
    async with connect_once() as claude:
        error = await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
        await claude.data("company_demo__LOG_NOTE", {"text": "hi"})
    assert error["code"] == "forbidden"
    assert uru.notes == ["hi"]


async def test_a_failing_harmless_read_says_nothing_of_the_key(connect_once: Connect, uru: Uru) -> None:
    uru.faults.status("/keys/self", 404)
    uru.faults.status("/execute/", 500)
    async with connect_once() as claude:
        report = await claude.whoami()
    assert report["permissions"]["read"] == {"answer": "unknown", "how": None}
    assert report["state"] == "permissions_unknown"
    assert Refused.default_code not in {problem["code"] for problem in report["problems"]}
