"""Feeds spoilt input to real processes and to the readers, which must bear it: `python -m proofs.fuzz [INPUTS] [SEED]`.

One in eight inputs is a line on the stdin of a server over its sandbox, which must live, write nothing but JSON-RPC and
answer every request once; the others are bodies for the readers of Uru's JSON, which may raise nothing but our errors.
Prints how many there were, and ends with 1 when one was not borne. 200,000 of them, which is what it does by itself,
take some minutes; one that is not borne is found again with its seed.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from proofs.spoiling import HELLO, META, Spoiler
from uru_mcp.audit.entry import read_entry
from uru_mcp.catalog.cache_format import read_listing
from uru_mcp.errors import UruError
from uru_mcp.results.render import Remainder, Renderer
from uru_mcp.untrusted_input.json_fields import is_deeper
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.catalog_version import read_version
from uru_mcp.uru.error_body import read_error_body
from uru_mcp.uru.http_errors import refusal, shaped
from uru_mcp.uru.key_record import read_key_record
from uru_mcp.uru.namespaces_and_tools import read_namespaces, read_tools
from uru_mcp.uru.records import KINDS, read_content, read_page, read_prompt
from uru_mcp.uru.records import read_entry as read_listed
from uru_mcp.uru.retry import parse_retry_after
from uru_mcp.uru.run_results import read_result

LINES_PER_PROCESS = 2_000
AT_ONCE = 100  # lines before their answers are looked at
ANSWER_WITHIN = 60.0  # seconds, for all of those
DEEP = 60  # levels of nesting that a parser must take; what is deeper may be answered without its id
ERAS = ("handshake", "2026-07-28", "none")

READERS = (
    read_key_record, read_namespaces, partial(read_tools, "n"), read_result, read_version, read_page, read_prompt,
)  # fmt: skip


class NotBorne(Exception):
    """What an input did that it must not do."""


def read_all(body: Any, renderer: Renderer) -> None:
    """Give a body to everything that reads Uru's JSON. Raises: whatever is not one of our errors."""
    text = json.dumps(body)
    for reader in READERS:
        try:
            shaped(reader, body)
        except UruError as error:
            renderer.error(error)
    items = body.get("items") if isinstance(body, dict) else None
    for record in (body, *(items if isinstance(items, list) else ())):
        for kind in KINDS if isinstance(record, dict) else ():
            read_listed(kind, record)
            read_content(kind, record)
    for form in (body, text):
        refused = refusal(
            409, read_error_body(form), retry_after=None, is_call=True, is_run=bool(len(text) % 2), steps="put it there"
        )
        renderer.error(refused)
    if isinstance(body, str):
        parse_retry_after(body, now=datetime(2026, 11, 23, tzinfo=UTC))
    read_entry(text, Redaction())
    with suppress(ValueError):  # as it says
        read_listing([b'{"told_at": "2026-11-20T09:00:00+00:00"}', text.encode()])
    document = renderer.document(body, {})
    renderer.result(document, Remainder("uru_result", "call_id", "call_1")).text.encode()


def read_bodies(count: int, seed: int) -> None:
    """Raises: NotBorne."""
    spoiler, renderer = Spoiler(seed), Renderer(Redaction(), budget=1_000)
    for number in range(count):
        body = spoiler.body()
        try:
            read_all(body, renderer)
        except Exception as error:  # boundary: whatever it is, it is what is looked for
            raise NotBorne(f"body {number}: {error!r} from {json.dumps(body)[:2_000]}") from error


def wanted(line: bytes) -> int | str | None:
    """The id that must be answered, when the line is a request beyond doubt and its id is no other's."""
    try:
        message = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or is_deeper(message, DEEP) or message.keys() & {"result", "error"}:
        return None
    is_request = message.get("jsonrpc") == "2.0" and isinstance(message.get("method"), str)
    number = message.get("id")
    is_own = isinstance(number, (int, str)) and re.fullmatch(r"(id )?\d{4,9}", str(number)) is not None
    return number if is_request and is_own and isinstance(message.get("params", {}), dict) else None


class Fuzzed:
    """A server's process, and what it has answered."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._sent: Counter[int | str | None] = Counter()
        self._answers: Counter[int | str | None] = Counter()
        self._arrived = anyio.Event()
        self.faults: list[str] = []

    async def feed(self, lines: list[bytes]) -> None:
        """Send lines and wait for what they must be answered with. Raises: NotBorne."""
        assert self._process.stdin is not None
        due = set(map(wanted, lines)) - {None}
        self._sent.update(map(wanted, lines))
        try:
            with anyio.fail_after(ANSWER_WITHIN):
                await self._process.stdin.send(b"".join(line + b"\n" for line in lines))
                while not due <= self._answers.keys() and not self.faults:
                    self._arrived = anyio.Event()
                    await self._arrived.wait()
        except (TimeoutError, anyio.BrokenResourceError) as error:
            missing = [line[:2_000] for line in lines if wanted(line) in due - self._answers.keys()]
            raise NotBorne(f"{type(error).__name__}, and no answer to {missing[:5]}") from error
        self.faults += [
            f"{number!r} is answered too often" for number in due if self._answers[number] > self._sent[number]
        ]
        if self.faults:
            raise NotBorne("; ".join(self.faults[:5]))

    async def read_stdout(self) -> None:
        assert self._process.stdout is not None
        rest = ""
        async for text in TextReceiveStream(self._process.stdout):
            *lines, rest = (rest + text).split("\n")
            for line in lines:
                self._take(line)
            self._arrived.set()
        if rest:
            self.faults.append(f"a line without an end: {rest[:200]}")
        self._arrived.set()

    async def read_stderr(self) -> None:
        assert self._process.stderr is not None
        async for text in TextReceiveStream(self._process.stderr, errors="replace"):
            if "Traceback" in text:
                self.faults.append(text)

    def _take(self, line: str) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self.faults.append(f"no JSON-RPC: {line[:200]}")
        elif "method" not in message:
            self._answers[message.get("id")] += 1
            if "failed inside" in line:
                self.faults.append(line[:2_000])


@asynccontextmanager
async def process() -> AsyncIterator[Fuzzed]:
    """A server over its sandbox. Raises: NotBorne, also when it does not end well."""
    async with await anyio.open_process([sys.executable, "-P", "-m", "uru_mcp", "--sandbox"]) as running:
        fuzzed = Fuzzed(running)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(fuzzed.read_stdout)
                tasks.start_soon(fuzzed.read_stderr)
                yield fuzzed
                assert running.stdin is not None
                await running.stdin.aclose()
                with anyio.fail_after(ANSWER_WITHIN):
                    await running.wait()
        finally:
            if running.returncode is None:
                running.kill()
    if running.returncode or fuzzed.faults:
        raise NotBorne(f"it ended with {running.returncode}; {fuzzed.faults[:5]}")


async def feed_lines(count: int, seed: int, era: str) -> None:
    """Feed lines to one process, after a greeting of that era. Raises: NotBorne."""
    lines = Spoiler(seed).lines()
    async with process() as fuzzed:
        if era == "handshake":
            await fuzzed.feed([_line(1_000, "initialize", HELLO), _line(None, "notifications/initialized", {})])
        elif era != "none":
            await fuzzed.feed([_line(1_000, "tools/list", {"_meta": META})])
        for start in range(0, count, AT_ONCE):
            await fuzzed.feed(
                [*islice(lines, min(AT_ONCE, count - start)), _line(start + 10**6, "ping", {"_meta": META})]
            )


def _line(number: int | None, method: str, params: dict[str, Any]) -> bytes:
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps({name: value for name, value in message.items() if value is not None}).encode()


def main(inputs: int, seed: int) -> int:
    began, lines, bodies = time.monotonic(), inputs // 8, inputs - inputs // 8
    fed = read = at = 0
    found: list[BaseException] = []
    try:
        while fed < lines:
            count, at = min(LINES_PER_PROCESS, lines - fed), seed + fed
            anyio.run(feed_lines, count, at, ERAS[fed // LINES_PER_PROCESS % len(ERAS)])
            fed += count
            print(f"{fed:7d} lines   seed {at}  {time.monotonic() - began:.0f} s", flush=True)
        while read < bodies:
            count, at = min(25_000, bodies - read), seed + read
            read_bodies(count, at)
            read += count
            print(f"{read:7d} bodies  seed {at}  {time.monotonic() - began:.0f} s", flush=True)
    except* NotBorne as group:
        found += group.exceptions
    print(f"{fed + read} inputs borne, in {time.monotonic() - began:.0f} s")
    if found:
        print(f"NOT BORNE, with seed {at}: {found}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*(int(sys.argv[n]) if len(sys.argv) > n else usual for n, usual in ((1, 200_000), (2, 1)))))
