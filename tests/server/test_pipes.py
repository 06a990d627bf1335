"""Whatever comes down the pipe, the process goes on, and answers where the protocol wants an answer."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from typing import Any

import pytest

from tests.process import PYTHON, SYSTEM, Served, served
from tests.world import until

PARSE_ERROR, INVALID_REQUEST, NO_SUCH_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602


def line(number: Any, method: str, **params: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def call(number: int, arguments: str) -> str:
    """A call of a tool that asks nobody, with these arguments as they are."""
    return line(number, "tools/call", name="uru_search_tools", arguments={"here": 0}).replace('{"here": 0}', arguments)


def answers(claude: Served) -> list[tuple[Any, int | None]]:
    """The id of each answer, and the code of its error."""
    told = [json.loads(one) for one in claude.lines]
    return [(one["id"], one.get("error", {}).get("code")) for one in told if "method" not in one]


ANSWERED = [
    (line(101, "no/such/method"), (101, NO_SUCH_METHOD)),
    (line(102, "tools/call", nme="uru_whoami"), (102, INVALID_PARAMS)),
    ('{"jsonrpc": "2.0", "id": 103, "method": "ping", "params": [1]}', (103, INVALID_REQUEST)),
    ('{"jsonrpc": "1.0", "id": 104, "method": "ping"}', (104, INVALID_REQUEST)),
    (f"[{line(105, 'ping')}]", (None, INVALID_REQUEST)),
    (call(106, '{"a":' * 300 + "1" + "}" * 300), (106, None)),
    (call(107, '{"a":' * 20_000 + "1" + "}" * 20_000), (None, PARSE_ERROR)),
    (call(108, '{"limit": ' + "9" * 6_000 + "}"), (None, PARSE_ERROR)),
    ("\0", (None, PARSE_ERROR)),
    (line(10**30, "ping"), (10**30, None)),
    (line("a", "ping") + "\r", ("a", None)),
    ("\ufeff" + line(109, "ping"), (109, None)),
    (line(110, "ping") + "\n" + line(110, "ping"), (110, None)),
]
UNANSWERED = [
    "\r",
    '{"jsonrpc": "2.0", "method": "notifications/no_such"}',
    '{"jsonrpc": "2.0", "method": "notifications/cancelled"}',
    '{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 999}}',
    '{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": [1]}}',
    '{"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 999, "progress": 1}}',
    '{"jsonrpc": "2.0", "id": 998, "result": {}}',
    '{"jsonrpc": "2.0", "id": 997, "error": {"code": 1, "message": "no"}}',
]


@pytest.mark.parametrize("is_early", [True, False], ids=["before the handshake", "after it"])
async def test_odd_lines_are_answered_where_an_answer_is_wanted_and_end_nothing(is_early: bool) -> None:
    async with served("--sandbox") as claude:
        if not is_early:
            await claude.initialize("2025-11-25")
        for odd, _ in ANSWERED:
            await claude.send(odd)
        for odd in UNANSWERED:
            await claude.send(odd)
        if is_early:
            await claude.initialize("2025-11-25")
        assert (await claude.result("tools/list"))["tools"]
        await until(lambda: len(answers(claude)) == len(ANSWERED) + 3)  # one is doubled, and two are the test's own

    found = answers(claude)
    if is_early:  # where all requests but a ping are refused
        found = [(number, None if number == 106 and code == INVALID_PARAMS else code) for number, code in found]
    own = [one for one in found if one[0] not in (1, 2)]
    assert sorted(own, key=str) == sorted([*(expected for _, expected in ANSWERED), (110, None)], key=str)
    assert claude.process.returncode == 0
    assert "Traceback" not in claude.stderr


async def test_a_call_before_the_handshake_is_refused_and_does_not_prevent_it() -> None:
    async with served("--sandbox") as claude:
        early = await claude.ask("tools/call", {"name": "uru_whoami", "arguments": {}})
        await claude.initialize("2025-11-25")
        assert (await claude.call("uru_whoami"))["structuredContent"]["state"] == "ready"
    assert early["error"]["code"] == INVALID_PARAMS


async def test_bytes_that_are_no_text_are_replaced_or_refused() -> None:
    async with served("--sandbox") as claude:
        await claude.initialize("2025-11-25")
        assert claude.process.stdin is not None
        await claude.process.stdin.send(b"\xff\xfe\x00\n")
        note = {"tool": "company_demo__LOG_NOTE", "input": {"text": "here"}}
        run = line(101, "tools/call", name="uru_execute", arguments=note).encode()
        await claude.process.stdin.send(run.replace(b"here", b"a\xffb") + b"\n")
        await until(lambda: len(answers(claude)) == 3)
    assert (None, PARSE_ERROR) in answers(claude)
    (ran,) = [json.loads(one) for one in claude.lines if '"id":101' in one]
    assert ran["result"]["structuredContent"]["data"]["text"] == "a\ufffdb"


async def test_a_line_in_pieces_is_served_when_it_is_whole_and_half_a_line_does_not_prevent_the_end() -> None:
    async with served("--sandbox") as claude:
        await claude.initialize("2025-11-25")
        assert claude.process.stdin is not None
        await claude.process.stdin.send(line(101, "ping")[:20].encode())
        await claude.process.stdin.send(line(101, "ping")[20:].encode() + b"\r\n")
        await claude.result("ping")
        await claude.process.stdin.send(line(102, "ping")[:20].encode())
    assert [number for number, _ in answers(claude)][:3] == [1, 101, 2]
    assert claude.process.returncode == 0


async def test_a_line_of_10_mb_is_served() -> None:
    text = "x" * 10_000_000
    async with served("--sandbox") as claude:
        await claude.initialize("2025-11-25")
        ran = await claude.call("uru_execute", {"tool": "company_demo__LOG_NOTE", "input": {"text": text}})
        await claude.result("ping")
    assert ran["isError"] is False
    assert claude.process.returncode == 0


OUTGOING = """
class Broken(Redaction):
    def text(self, text):
        raise RuntimeError("with a secret in it")

serve_broken(Unconfigured, Broken())
"""
LATER = """
class Broken(Unconfigured):
    @asynccontextmanager
    async def running(self):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.fail)
            yield

    async def fail(self):
        await anyio.sleep(1)
        raise RuntimeError("with a secret in it")

serve_broken(Broken)
"""
AT_ONCE = """
class Broken(Unconfigured):
    @asynccontextmanager
    async def running(self):
        raise RuntimeError("with a secret in it")
        yield

serve_broken(Broken)
"""
BEFORE = """
from contextlib import asynccontextmanager
import anyio
from uru_mcp.errors import SettingsError, SettingsProblem
from uru_mcp.server.lifecycle import serve
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.server.unconfigured import Unconfigured

settings = SettingsError([SettingsProblem("m", fix="f")])

def serve_broken(bridge, redaction=None):
    @asynccontextmanager
    async def opened(look):
        opened = bridge(settings, Redaction())
        async with opened.running():
            yield opened
    serve(opened, redaction or Redaction())
"""


@pytest.mark.parametrize("broken", [OUTGOING, LATER, AT_ONCE], ids=["outgoing", "later", "at once"])
def test_what_breaks_inside_is_told_once_and_without_its_words_while_stdin_stays_open(broken: str) -> None:
    with subprocess.Popen(
        [PYTHON, "-c", BEFORE + broken], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=SYSTEM
    ) as process:
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write("no JSON, which is answered with an error\n")
            process.stdin.flush()
        assert process.wait(timeout=20) == 1
        assert process.stderr is not None
        assert process.stderr.read() == "uru-mcp: ended by RuntimeError\n"
