"""What is answered before the SDK is there: just what the SDK would answer, once, and nothing is lost on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from itertools import count, pairwise
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.process import PYTHON, served
from tests.time_limits import WITHIN
from tests.world import Uru, until
from uru_mcp.bridge import Bridge
from uru_mcp.config.environment import read_settings
from uru_mcp.errors import SettingsError
from uru_mcp.sandbox.serve import serving
from uru_mcp.server.early_stdin import early_stdin
from uru_mcp.server.handshake import VERSIONS, Handshake
from uru_mcp.server.opening import Opening
from uru_mcp.server.standard_streams import LineReader, Writer
from uru_mcp.server.stdio import pipes
from uru_mcp.server.unconfigured import Unconfigured
from uru_mcp.tools.instructions import instructions
from uru_mcp.untrusted_input.redaction import Redaction

Message = dict[str, Any]

CLIENT: Message = {"name": "test", "version": "1"}
INITIALIZED: Message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
CAPABILITIES: list[Message] = [
    {},
    {"roots": {}},
    {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {}},
    {"elicitation": {"form": {}, "url": {}}, "sampling": {"tools": {}, "context": {}}},
]
STRANGE: list[Any] = [None, 5, "text", [], {}, {"a": 1}, {"listChanged": "yes"}, {"form": 1}, True]


def request(number: Any, method: str, **params: Any) -> Message:
    return {"jsonrpc": "2.0", "id": number, "method": method, **({"params": params} if params else {})}


def initialize(number: Any = 0, version: str = "2025-11-25", **changes: Any) -> Message:
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT, **changes}
    return request(number, "initialize", **params)


class Conversation:
    """What a client writes and what it gets, over pipes of this process, with the opening or without it."""

    def __init__(self, bridge: Bridge | Unconfigured) -> None:
        self.bridge = bridge
        self.answers: list[Message] = []
        self.handshake = Handshake()
        self.is_over = False

    async def __call__(self, chunks: Sequence[bytes], *, with_opening: bool, wanted: int) -> list[Message]:
        stdin, to_stdin = os.pipe()
        from_stdout, stdout = os.pipe()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve, stdin, stdout, with_opening)
            tasks.start_soon(self._listen, from_stdout)
            with anyio.fail_after(WITHIN):
                for chunk in chunks:
                    os.write(to_stdin, chunk)
                    for _ in range(20):
                        await anyio.lowlevel.checkpoint()
                await until(lambda: len(self.answers) >= wanted or self.is_over)
                os.close(to_stdin)
                await until(lambda: self.is_over)
        for descriptor in (stdin, from_stdout):
            os.close(descriptor)
        return self.answers

    async def _serve(self, stdin: int, stdout: int, with_opening: bool) -> None:
        reader, writer, redaction = LineReader(stdin), Writer(stdout), Redaction()
        async with self.bridge.running():
            opening = Opening(self.handshake, self.bridge, redaction, reader, writer)
            if not with_opening or await opening.serve_stdio():
                own_id = self.handshake.own_id
                async with pipes(self.bridge, redaction, reader, writer, dropped=own_id) as conversation:
                    await conversation()
        os.close(stdout)

    async def _listen(self, descriptor: int) -> None:
        async for line in LineReader(descriptor):
            self.answers.append(json.loads(line))
        self.is_over = True


def unconfigured() -> Unconfigured:
    try:
        read_settings({})
    except SettingsError as error:
        return Unconfigured(error, Redaction())
    raise AssertionError


def bridge_to(uru: Uru) -> Bridge:
    environ = {"URU_API_KEY": uru.key().text, "URU_SYNC_INTERVAL": "0"}
    return Bridge(read_settings(environ), Redaction(), transport=httpx2.ASGITransport(app=uru.sandbox.app))


def lines(messages: Sequence[Message]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in messages)


async def by_sdk(messages: Sequence[Message], bridge: Bridge | Unconfigured | None = None) -> list[Message]:
    wanted = sum("id" in one for one in messages)
    return await Conversation(bridge or unconfigured())([lines(messages)], with_opening=False, wanted=wanted)


def by_handshake(messages: Sequence[Message]) -> list[Message]:
    """The answers to the messages that are understood, in their order."""
    handshake, trouble = Handshake(), unconfigured().blocking_error
    answers = [handshake.answer(json.dumps(one) + "\n", lambda: instructions(trouble)) for one in messages]
    return [json.loads(answer) for answer in answers if answer is not None]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("number", [0, -7, 2**53 - 1, "one", "", "é 1"])
async def test_the_handshake_is_answered_as_the_sdk_answers_it(version: str, number: int | str) -> None:
    for capabilities in CAPABILITIES:
        client = {**CLIENT, "title": "Test", "websiteUrl": "https://example.com", "description": "A test"}
        hello = initialize(number, version, capabilities=capabilities, clientInfo=client)
        messages = [hello, request("a", "ping"), INITIALIZED, request(number, "ping")]
        answers = by_handshake(messages)
        assert len(answers) == 3
        assert answers == await by_sdk(messages)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_first_list_is_the_one_of_the_sdk(uru: Uru, version: str) -> None:
    messages = [initialize(0, version), INITIALIZED, request(1, "tools/list")]
    expected = await by_sdk(messages, bridge_to(uru))
    conversation = Conversation(bridge_to(uru))
    assert await conversation([lines(messages)], with_opening=True, wanted=2) == expected
    assert len(expected[1]["result"]["tools"]) > 20
    assert "tools/list" not in "".join(conversation.handshake.replay), "the SDK was not asked for it"


PLACES = [
    ("protocolVersion",),
    ("capabilities",),
    *(
        ("capabilities", name)
        for name in ("roots", "sampling", "elicitation", "extensions", "experimental", "tools", "logging", "x")
    ),
    ("capabilities", "roots", "listChanged"),
    ("capabilities", "sampling", "tools"),
    ("capabilities", "elicitation", "form"),
    ("clientInfo",),
    *(("clientInfo", name) for name in ("name", "version", "title", "websiteUrl", "description", "icons", "x")),
    ("_meta",),
    ("x",),
]


@pytest.mark.parametrize("place", PLACES, ids=".".join)
async def test_a_single_strange_value_is_answered_as_the_sdk_answers_it_or_left_to_it(place: tuple[str, ...]) -> None:
    for value in STRANGE:
        message = initialize()
        where = message["params"]
        for name in place[:-1]:
            where[name] = where = {**where.get(name, {})}
        where[place[-1]] = value
        answers = by_handshake([message])
        if answers:
            assert answers == await by_sdk([message])


def odd(known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return known | st.sampled_from(STRANGE)


MEMBERS = {
    "roots": odd(st.fixed_dictionaries({}, optional={"listChanged": odd(st.booleans())})),
    "sampling": odd(st.fixed_dictionaries({}, optional={"tools": odd(st.just({})), "context": odd(st.just({}))})),
    "elicitation": odd(st.fixed_dictionaries({}, optional={"form": odd(st.just({})), "url": odd(st.just({}))})),
    "extensions": odd(st.just({"io.modelcontextprotocol/ui": {}})),
    "experimental": odd(st.just({"x": {}})),
    "unknown": odd(st.just({})),
}
HELLOS = st.fixed_dictionaries(
    {
        "protocolVersion": st.sampled_from(VERSIONS) | st.sampled_from(["2026-07-28", "1", 5, None]),
        "capabilities": odd(st.fixed_dictionaries({}, optional=MEMBERS)),
        "clientInfo": odd(
            st.fixed_dictionaries(
                {"name": odd(st.text()), "version": odd(st.just("1"))},
                optional={"title": odd(st.just("T")), "icons": odd(st.just([])), "unknown": odd(st.just("x"))},
            )
        ),
    },
    optional={"_meta": odd(st.just({"progressToken": 1})), "unknown": odd(st.just(1))},
)
IDS: st.SearchStrategy[Any] = st.integers(-(2**70), 2**70) | st.text() | st.sampled_from([None, 1.5, True, [], {}])


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(hello=HELLOS, number=IDS, beside=st.dictionaries(st.sampled_from(["x", "result"]), st.integers(), max_size=1))
def test_whatever_a_client_says_first_is_answered_as_the_sdk_answers_it_or_left_to_it(
    hello: Message, number: Any, beside: Message
) -> None:
    message = {**request(number, "initialize", **hello), **beside}
    answers = by_handshake([message])
    if answers:
        assert answers == anyio.run(by_sdk, [message])


LATER = st.sampled_from(
    [
        ("ping", {}),
        ("tools/list", {}),
        ("tools/list", {"_meta": {"progressToken": 1}}),
        ("prompts/list", {}),
        ("nonsense", {}),
        ("tools/call", {"name": "uru_whoami", "arguments": {}}),
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(
    later=st.lists(LATER, max_size=5),
    early=st.lists(LATER, max_size=1),
    is_told=st.booleans(),
    cuts=st.lists(st.integers(0, 1200), max_size=6),
)
def test_no_answer_is_lost_or_given_twice_wherever_the_sdk_takes_over_and_lines_are_cut(
    later: list[tuple[str, Message]], early: list[tuple[str, Message]], is_told: bool, cuts: list[int]
) -> None:
    ids = count(1)
    told = [INITIALIZED] if is_told else []
    requests = [request(next(ids), method, **params) for method, params in (*early, *later)]
    messages = [*requests[: len(early)], initialize(0), *told, *requests[len(early) :]]
    text = lines(messages)
    ends = [0, *sorted({cut for cut in cuts if cut < len(text)}), len(text)]
    chunks = [text[begin:end] for begin, end in pairwise(ends) if begin < end]

    async def both() -> tuple[list[Message], list[Message]]:
        wanted = len(requests) + 1
        plain = await Conversation(unconfigured())([text], with_opening=False, wanted=wanted)
        return plain, await Conversation(unconfigured())(chunks, with_opening=True, wanted=wanted)

    expected, answers = anyio.run(both)
    assert len(answers) == len(expected)
    assert {_timeless(one) for one in answers} == {_timeless(one) for one in expected}


def _timeless(answer: Message) -> str:
    if "content" in answer.get("result", {}):  # marks that are random, and the time
        answer = {"id": answer["id"], "is_error": answer["result"].get("isError", False)}
    return json.dumps(answer, sort_keys=True)


async def test_a_client_that_asks_for_more_at_once_is_answered_in_full(uru: Uru) -> None:
    asked = [request(number, f"{kind}/list") for number, kind in enumerate(("tools", "prompts", "resources"), 1)]
    messages = [initialize(0), INITIALIZED, *asked]
    answers = await Conversation(bridge_to(uru))([lines(messages)], with_opening=True, wanted=4)
    assert sorted(answer["id"] for answer in answers) == [0, 1, 2, 3]
    assert all("result" in answer for answer in answers)


async def test_stdin_that_ends_in_the_middle_of_it_ends_it() -> None:
    for messages in ([], [initialize(0)], [initialize(0), INITIALIZED]):
        conversation = Conversation(unconfigured())
        answers = await conversation(
            [lines(messages)] if messages else [], with_opening=True, wanted=min(1, len(messages))
        )
        assert [one["id"] for one in answers] == [0][: len(messages)]


SILENT = "import sys; sys.modules['mcp'] = None; import runpy; runpy.run_module('uru_mcp', run_name='__main__')"


async def test_the_handshake_and_the_first_list_need_no_sdk(uru: Uru) -> None:
    async with (
        serving(uru.sandbox) as url,
        served(command=(PYTHON, "-c", SILENT), URU_API_KEY=uru.key().text, URU_PROXY_URL=url) as claude,
    ):
        assert (await claude.initialize("2025-11-25"))["serverInfo"]["name"] == "uru-mcp"
        assert len((await claude.result("tools/list"))["tools"]) > 20
        await claude.process.wait()  # which needs the SDK now
    assert "ended by ModuleNotFoundError" in claude.stderr, "there was none"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"URU_API_KEY": "sk-1"},
        {"URU_API_KEY": "uru_test_0123456789", "URU_PERMISSION": "read"},
        {"URU_API_KEY": "uru_test_0123456789", "URU_LOG_LEVEL": "loud"},
        {"URU_API_KEY": "uru_test_0123456789\n"},
    ],
)
def test_with_other_settings_nothing_is_read_early(environ: dict[str, str]) -> None:
    assert early_stdin([], environ) is None
