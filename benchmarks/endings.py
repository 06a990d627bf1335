"""How long the process takes to end, whatever ends it: `python benchmarks/endings.py [TIMES]`.

Prints the median and the longest of each way, in milliseconds, from its cause to the closing of stdout, and the exit
code. The machine's own business is in the longest.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO

COMMAND = [sys.executable, "-P", "-m", "uru_mcp", "--sandbox"]
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
PARENT = f"import subprocess; subprocess.run({COMMAND!r})"

Process = subprocess.Popen[bytes]


def stdin_of(process: Process) -> IO[bytes]:
    return process.stdin or sys.exit("The process has no stdin.")


def stdout_of(process: Process) -> IO[bytes]:
    return process.stdout or sys.exit("The process has no stdout.")


def ask(process: Process, method: str) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": HELLO if method == "initialize" else {}}
    stdin_of(process).write(json.dumps(request).encode() + b"\n")
    stdin_of(process).flush()


def break_stdout(process: Process) -> None:
    stdout_of(process).close()
    ask(process, "ping")


WAYS: dict[str, Callable[[Process], None]] = {
    "EOF": lambda process: stdin_of(process).close(),
    "SIGTERM": lambda process: process.send_signal(signal.SIGTERM),
    "SIGINT": lambda process: process.send_signal(signal.SIGINT),
    "SIGHUP": lambda process: process.send_signal(signal.SIGHUP),
    "broken stdout": break_stdout,
    "parent is gone": lambda process: process.kill(),
}


def ended(way: str) -> tuple[float, int]:
    """How many milliseconds it took, and the exit code of the process that was started."""
    command = [sys.executable, "-c", PARENT] if way == "parent is gone" else COMMAND
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        ask(process, "initialize")
        stdout_of(process).readline()
        began = time.perf_counter()
        WAYS[way](process)
        if not stdout_of(process).closed:
            os.read(stdout_of(process).fileno(), 1)  # nothing, once nobody can write there
        code = process.wait(timeout=20)
        return (time.perf_counter() - began) * 1000, code


def main(times: int) -> None:
    for way in WAYS:
        ends = [ended(way) for _ in range(times)]
        took = [milliseconds for milliseconds, _ in ends]
        codes = ", ".join(str(code) for code in sorted({code for _, code in ends}))
        print(f"{way:16} {statistics.median(took):6.0f} ms, {max(took):6.0f} ms at most; exit code {codes}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
