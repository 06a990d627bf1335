"""The steps of `uru-mcp demo`: starts the real server over pipes and drives it as Claude would, against a sandbox.

The sandbox listens on loopback in this process, so that the demo can also show which requests reached it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Protocol, TextIO

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.session import ClientRequestContext, ElicitationFnT
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult, ReadResourceResult

from uru_mcp.commands.client_configs.entry import configuration
from uru_mcp.commands.client_configs.launch import current_command
from uru_mcp.commands.client_configs.temporary_copy import warning
from uru_mcp.commands.output import progress, say
from uru_mcp.commands.own_command import own_command
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.serve import serving
from uru_mcp.sandbox.web.app import beside
from uru_mcp.sandbox.web.mcp_server import McpServer
from uru_mcp.sandbox.web.opening import link_to
from uru_mcp.sandbox.web.visit import Site
from uru_mcp.text_layout import terminal_width, wrapped


class Say(Protocol):
    """Prints a text."""

    def __call__(self, text: str, /, *, bold: bool = False) -> object: ...


WITHIN = 60.0  # seconds for the whole demo
QUIET = {"URU_LOG_LEVEL": "error"}  # what goes wrong in the demo is meant to, and its answers say it
NOTE = "Called the customer back, all is well."
LOG_NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": NOTE}}
MAIL: dict[str, Any] = {
    "tool": "gmail_demo__GMAIL_SEND_EMAIL",
    "input": {
        "recipient_email": "ana.ferreira@hotel-adler.example",
        "subject": "Your machine",
        "body": "We send a new one.",
    },
}
QUOTE = "  | "
PRICES = "uru://contexts/ctx_acme_prices"
PROMPT = "answer_a_complaint"
COMPLAINT = {"customer": "Ana Ferreira", "complaint": "The machine leaks again."}
REFUND = {
    "tool": "platform__automation_run",
    "input": {
        "id": "aut_acme_refund",
        "input": {"customer": "Ana Ferreira", "email": "ana.ferreira@hotel-adler.example", "amount": 900},
    },
}


def run_demo(say: Say, server: McpServer, *, stays: bool = False) -> None:
    """Run the demo and print its steps through `say`, one block of text at a time.

    With `stays`, the sandbox is served until a line is read from stdin. Its pages show what the demo left there, and
    ask `server` what Claude sees.

    Raises: TimeoutError after `WITHIN` seconds.
    """
    try:
        anyio.run(_demo, say, server, stays)
    except* BrokenPipeError:  # the reader has closed the pipe; without a stdout, Python reports no error at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _demo(say: Say, server: McpServer, stays: bool) -> None:
    sandbox = Sandbox.open()
    site = Site(sandbox, server)
    try:
        async with serving(sandbox, app=beside(sandbox.app, site)) as url:
            with anyio.fail_after(WITHIN):
                say("An Uru sandbox runs on this machine. Each part below starts uru-mcp as Claude Desktop would.")
                await _with_a_read_only_key(sandbox, url, say)
                await _with_an_execute_key(sandbox, url, say)
                await _with_a_person(sandbox, url, say)
            _say_how_to_use_it(say)
            _heading(say, "In a browser")
            if stays:
                say("The sandbox has pages for its keys, calls and workspaces. This link opens them, once:\n")
                say(f"  {link_to(site, url)}\n\nPress Enter to end the sandbox.")
                await _a_line_from_stdin()
            else:
                say("A sandbox has pages for its keys, calls and workspaces:\n")
                say(f"  {own_command('sandbox', 'serve', '--open')}")
    finally:
        sandbox.close()


async def _a_line_from_stdin() -> None:
    """Wait until a line is read from stdin, or its end. Cancelled, it leaves a thread that no exit waits for.

    The thread reads from the file itself: Python does not exit while one holds the lock of `sys.stdin`.
    """
    loop, is_read = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        with suppress(OSError):
            os.read(sys.stdin.fileno(), 1024)
        with suppress(RuntimeError):  # the loop is closed: the demo is over
            loop.call_soon_threadsafe(is_read.set)

    Thread(target=read, daemon=True).start()
    await is_read.wait()


def _say_how_to_use_it(say: Say) -> None:
    _heading(say, "Use it with Claude Desktop")
    temporary = warning()
    if temporary is not None:
        say("\n".join(temporary))
        return
    say(f"Run this:\n\n  {own_command('install', 'claude-desktop')}")
    say("\nOr by hand: open Settings → Developer → Edit Config, paste this, put your key in, quit Claude fully and")
    say("open it again:\n")
    say(configuration())
    say("\nOr, without an account:\n")
    say(configuration("--sandbox"))


async def _with_a_read_only_key(sandbox: Sandbox, url: str, say: Say) -> None:
    _heading(say, "1. A key with Read only")
    async with _claude(sandbox, url, {"read"}) as (claude, _):
        tools = [tool.name for tool in (await claude.list_tools()).tools]
        say(f"Claude is shown {len(tools)} tools, and none that writes or runs anything:")
        say("  " + "\n  ".join(tools))
        found = await claude.call_tool(
            "uru_read",
            {"tool": "platform__context_query", "input": {"op": "search", "query": "refund", "limit": 1}},
        )
        hit = _structure(found)["data"]["items"][0]
        say(f"\nIt may read: a search for “refund” finds “{hit['title']}” in the workspace.")

        _heading(say, "2. The workspace's resources and prompts")
        listed = (await claude.list_resources()).resources
        contexts = [resource for resource in listed if resource.uri.startswith("uru://contexts/")]
        say(f"{len(listed)} resources, among them these context blocks:")
        say("\n".join(f"  {resource.title} ({resource.size} bytes): {resource.uri}" for resource in contexts))
        say("\nThe price list begins:")
        say(_quoted("\n".join(_contents(await claude.read_resource(PRICES)).splitlines()[:5])))
        say(f"\nThe prompt {PROMPT} with its arguments, after the instructions of its agent:")
        for message in (await claude.get_prompt(PROMPT, COMPLAINT)).messages:
            say(_quoted(getattr(message.content, "text", "")))

        _heading(say, "3. The same key tries to run a tool")
        refused = await claude.call_tool("uru_execute", LOG_NOTE)
        say(_quoted(_text(refused)))
        say(f"Runs that reached Uru: {_runs(sandbox)}. Notes in the workspace: {_notes(sandbox)}.")


async def _with_an_execute_key(sandbox: Sandbox, url: str, say: Say) -> None:
    _heading(say, "4. The same call with a key that has Execute")
    async with _claude(sandbox, url, {"read", "execute"}) as (claude, key_id):
        done = await claude.call_tool("uru_execute", LOG_NOTE)
        say(_quoted(_text(done)))
        say(f"Runs that reached Uru: {_runs(sandbox)}. Notes in the workspace: {_notes(sandbox)}.")

        _heading(say, "5. An automation stops for a person's approval")
        waiting = await claude.call_tool("uru_execute", REFUND)
        say(_quoted(_text(waiting).partition("\n<data-")[0]))
        decide = _structure(waiting)["approvals"][0]["decide"]
        say("\nThe person says yes, and Claude makes that call:")
        decided = _structure(await claude.call_tool(decide["call_with"], decide["arguments"]))["data"]
        events = (filter(None, (event["type"], event["detail"])) for event in decided["events"][-4:])
        say(_quoted("\n".join(map(": ".join, events))))

        _heading(say, "6. The key is deleted in Uru while Claude is working")
        sandbox.keys.delete(key_id)
        revoked = await claude.call_tool("uru_execute", LOG_NOTE)
        say(_quoted(_text(revoked)))
        say(f"Notes in the workspace: {_notes(sandbox)}. uru_whoami still answers:\n")
        say(_quoted(_text(await claude.call_tool("uru_whoami", {}))))


async def _with_a_person(sandbox: Sandbox, url: str, say: Say) -> None:
    _heading(say, "7. URU_CONFIRM=gmail_*__*SEND*: no mail without the person's yes")
    answers = ["no", "yes"]

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        say(_quoted(params.message))
        say(f"\nThe person says {answers[0]}.\n")
        return ElicitResult(action="accept", content={"decision": answers.pop(0)})

    confirm = {"URU_CONFIRM": "gmail_*__*SEND*"}
    async with _claude(sandbox, url, {"read", "execute"}, person=person, **confirm) as (claude, _):
        for _answer in list(answers):
            done = await claude.call_tool("uru_execute", MAIL)
            say(_quoted(_text(done).partition("\n<data-")[0]))
            say(f"Mails sent: {_mails(sandbox)}.\n")
    say("A client without forms shows a card with two buttons, where it can; otherwise such a call is refused.")


@asynccontextmanager
async def _claude(
    sandbox: Sandbox, url: str, permissions: set[str], *, person: ElicitationFnT | None = None, **settings: str
) -> AsyncIterator[tuple[Client, str]]:
    """An MCP client, connected to a new server process with its own key, and the id of that key.

    With a `person`, the client supports elicitation.
    """
    made = sandbox.keys.create(name="Claude Desktop", workspace=sandbox.workspaces[0].id, permissions=permissions)
    with TemporaryDirectory() as cache:  # the demo leaves no files behind
        command, *words = current_command()
        process = StdioServerParameters(
            command=command,
            args=words,
            env={"URU_API_KEY": made.text, "URU_PROXY_URL": url, "XDG_CACHE_HOME": cache, **QUIET, **settings},
        )
        async with _stderr_unless_cancelled(Path(cache, "stderr")) as stderr, AsyncExitStack() as stack:
            transport = stdio_client(process, errlog=stderr)
            with progress("Starting uru-mcp"):
                client = await stack.enter_async_context(Client(transport, mode="legacy", elicitation_callback=person))
            yield client, made.record.id


@asynccontextmanager
async def _stderr_unless_cancelled(path: Path) -> AsyncIterator[TextIO]:
    """A file for the stderr of a process, which is printed at the end.

    It is not printed if the demo was cancelled: the process then only says that a call was cut off.
    """
    with path.open("w+", encoding="utf-8", errors="replace") as file:
        is_cancelled = False
        try:
            yield file
        except asyncio.CancelledError:
            is_cancelled = True
            raise
        finally:
            file.seek(0)
            if not is_cancelled and (text := file.read().strip()):
                say(text, err=True)


def _runs(sandbox: Sandbox) -> int:
    return sum("company_demo" in request.path and request.method == "POST" for request in sandbox.requests)


def _notes(sandbox: Sandbox) -> int:
    return len(sandbox.database.rows("SELECT id FROM notes WHERE text = ?", NOTE))


def _mails(sandbox: Sandbox) -> int:
    return len(sandbox.database.rows("SELECT id FROM mails WHERE subject = ?", MAIL["input"]["subject"]))


def _structure(result: CallToolResult) -> Any:
    return result.structured_content


def _text(result: CallToolResult) -> str:
    return "\n".join(getattr(block, "text", "") for block in result.content)


def _contents(result: ReadResourceResult) -> str:
    return "\n".join(getattr(content, "text", "") for content in result.contents)


def _quoted(text: str) -> str:
    """Each line after a mark, and wrapped so that it fits the terminal with it."""
    lines = (one for line in text.splitlines() for one in wrapped(line, terminal_width() - len(QUOTE)))
    return "\n".join(f"{QUOTE}{line}" for line in lines)


def _heading(say: Say, title: str) -> None:
    say(f"\n{title}\n", bold=True)
