"""Runs `uru-mcp` in forks of a process that has imported everything: `python -P fork_server.py SOCKET`.

To import what a server needs takes a second of processor time, and hundreds of tests start one. Each connection to the
socket is one process: a message with its arguments, environment and directory as JSON, and its stdin, stdout and
stderr. Answers are two lines, its id once it runs and its exit code once it has ended. It ends when its own stdin does.
"""

from __future__ import annotations

import array
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

THIRD_PARTY = (
    *(
        "mcp_types._types",
        "mcp_types._v2025_11_25",
        "mcp_types._v2026_07_28",
        "mcp.server.lowlevel",
        "mcp.server.stdio",
    ),
    *("httpx2", "jsonschema", "referencing.jsonschema", "snowballstemmer", "starlette.applications", "uvicorn"),
)
MESSAGE = 1024 * 1024  # bytes, for arguments and environment


def import_all() -> None:
    """Everything but what is run as a program."""
    for name in THIRD_PARTY:
        importlib.import_module(name)
    package = importlib.import_module("uru_mcp")
    for module in pkgutil.walk_packages(package.__path__, "uru_mcp."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def wanted(listener: socket.socket) -> dict[str, Any]:
    """Fork for each connection until stdin ends; in each fork, return what it is to run.

    Raises: SystemExit once nobody wants any more.
    """
    running: dict[int, socket.socket] = {}
    waking, woken = os.pipe2(os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    with selectors.DefaultSelector() as selector:
        for source in (0, waking, listener):
            selector.register(source, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if waking in ready:
                os.read(waking, 1024)
                report_ended(running)
            if listener in ready:
                connected, _ = listener.accept()
                order, files = received(connected)
                if (process := os.fork()) == 0:
                    break
                running[process] = connected
                connected.send(f"{process}\n".encode())
                for file in files:
                    os.close(file)
            if 0 in ready:
                sys.exit()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    take_over(files)
    os.closerange(3, max(waking, woken, listener.fileno(), connected.fileno(), *files) + 1)
    for closed in (listener, connected, *running.values()):
        closed.detach()
    return order


def take_over(files: list[int]) -> None:
    """Make these the standard streams, whose Python objects know what kind of file they were opened on."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        os.dup2(files[number], number)
        before = getattr(sys, name)
        how = {"encoding": before.encoding, "errors": before.errors, "line_buffering": name == "stderr"}
        stream = io.TextIOWrapper(open(number, f"{mode}b", closefd=False), **how)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def received(connected: socket.socket) -> tuple[dict[str, Any], list[int]]:
    data, ancillary, _, _ = connected.recvmsg(MESSAGE, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    files = array.array("i", ancillary[0][2])
    return json.loads(data), list(files)


def report_ended(running: dict[int, socket.socket]) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with running.pop(ended[0]) as connected, suppress(OSError):  # the test may be over
                connected.send(f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())


def main(address: str) -> None:
    import_all()
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        order = wanted(listener)
    sys.argv = ["uru-mcp", *order["arguments"]]
    os.environ.clear()
    os.environ.update(order["environ"])
    os.chdir(order["directory"])
    runpy.run_module("uru_mcp", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1])
