"""Lines of pipes and files, and what is written to them, without a thread where the event loop can wait."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.process import PYTHON, SYSTEM
from tests.time_limits import WITHIN
from uru_mcp.server.standard_streams import LineReader, Writer

ODD = st.lists(st.sampled_from(["a", "é", "🙂", "\n", "\r", "\r\n", " ", '{"x":1}']), max_size=20)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):
            os.close(end)


async def written(descriptor: int, chunks: list[bytes]) -> None:
    for chunk in chunks:
        os.write(descriptor, chunk)
        await anyio.lowlevel.checkpoint()
    os.close(descriptor)


@given(parts=ODD, cuts=st.lists(st.integers(0, 60), max_size=5), bad=st.booleans())
def test_lines_are_those_of_a_text_file_wherever_they_are_cut(parts: list[str], cuts: list[int], bad: bool) -> None:
    data = "".join(parts).encode() + (b"\xff\xc3" if bad else b"")
    expected = list(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="replace"))
    ends = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]

    async def read() -> list[str]:
        reading, writing = os.pipe()
        with anyio.fail_after(WITHIN):
            async with anyio.create_task_group() as tasks:
                chunks = [data[begin:end] for begin, end in pairwise(ends) if begin < end]
                tasks.start_soon(written, writing, chunks)
                found = [line async for line in LineReader(reading)]
        os.close(reading)
        return found

    assert anyio.run(read) == expected


async def test_what_was_read_before_and_what_is_put_back_comes_first(pipe: tuple[int, int]) -> None:
    reader = LineReader(pipe[0], b"one\ntw")
    await written(pipe[1], [b"o\nthree"])
    assert await anext(reader) == "one\n"
    reader.put_back(["zero\n", "one\n"])
    assert [line async for line in reader] == ["zero\n", "one\n", "two\n", "three"]


async def test_a_file_is_read_and_written_too(tmp_path: Path) -> None:
    path = tmp_path / "text"
    with path.open("wb") as file:
        await Writer(file.fileno()).write("é\n" * 10_000)
    with path.open("rb") as file:
        assert [line async for line in LineReader(file.fileno())] == ["é\n"] * 10_000


async def test_who_waits_for_a_line_can_be_told_to_stop_and_loses_nothing(pipe: tuple[int, int]) -> None:
    reader = LineReader(pipe[0])
    with anyio.move_on_after(0.01):
        await anext(reader)
    await written(pipe[1], [b"later\n"])
    assert await anext(reader) == "later\n"


async def test_a_pipe_that_nobody_empties_holds_up_nothing_and_can_be_given_up(pipe: tuple[int, int]) -> None:
    with anyio.fail_after(WITHIN):
        with anyio.move_on_after(0.05) as scope:
            await Writer(pipe[1]).write("x" * 1_000_000)
        assert scope.cancelled_caught
    assert not [one for one in threading.enumerate() if "AnyIO" in one.name]


async def test_lines_that_are_written_at_once_do_not_mix(pipe: tuple[int, int]) -> None:
    writer = Writer(pipe[1])
    lines = [f"{letter * 200_000}\n" for letter in "abc"]
    with anyio.fail_after(WITHIN):
        async with anyio.create_task_group() as tasks:
            for line in lines:
                tasks.start_soon(writer.write, line)
            reader = LineReader(pipe[0])
            assert sorted([await anext(reader) for _ in lines]) == lines


async def test_a_pipe_that_nobody_reads_is_told_of(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(BrokenPipeError):
        await Writer(pipe[1]).write("x\n")


PRINTING = """
import os, sys, anyio
from uru_mcp.server.standard_streams import open_stdin, open_stdout
stdin, stdout = open_stdin(b"early\\n"), open_stdout()
print("stray", flush=True)
os.write(1, b"more\\n")
assert sys.stdin.read() == ""
async def main():
    async for line in stdin:
        await stdout.write(line)
anyio.run(main)
"""


@pytest.mark.parametrize("is_stderr_closed", [False, True])
async def test_what_is_printed_does_not_reach_stdout_nor_is_stdin_read_by_others(is_stderr_closed: bool) -> None:
    command = [PYTHON, "-c", PRINTING]
    if is_stderr_closed:
        command = ["/bin/sh", "-c", 'exec "$0" "$@" 2>&-', *command]
    with anyio.fail_after(WITHIN):
        ran = await anyio.run_process(command, input=b"late\n", env=SYSTEM)
    assert ran.stdout == b"early\nlate\n"
    assert ran.stderr == (b"" if is_stderr_closed else b"stray\nmore\n")
