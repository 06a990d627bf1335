"""MCP Inspector's own page opens each card and puts decisions through: `python -m proofs.inspector_cards CACHE`.

Inspector (from npm, with a Node of its own) is installed into the folder CACHE, unless it is there already, and shown
in headless Chromium, in both protocol eras, with the demo's sandbox behind the server. Its frame is a strict one, of an
origin of its own. Inspector can elicit, and such a client is asked so; a relay between it and the server takes that
away from what it declares, so that it is asked by a card. It prints a line for each card and ends with 1 when one of
them did not do what it should.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.apps.host import CHROMIUM, OPTIONS

ROOT = Path(__file__).parent.parent
PACKAGES = ("node@22.23.3", "@modelcontextprotocol/inspector@2.12.0")
INSPECTOR = Path("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js")
NODE = Path("node_modules/node/bin/node")
ERAS = ("legacy", "modern")

PORTS = {"legacy": 46274, "modern": 46284}
TOKEN = "labtoken"  # noqa: S105  # of a page on this machine, for as long as it is shown
INSTALL_WITHIN, START_WITHIN = 600, 60  # seconds
LIMIT = 40_000  # milliseconds for any wait

NOTE = "Called the hotel."
KEY, SHOW, NOTED = "Show key and permissions", "Show a run", "Log a note (Company workflows)"  # titles of tools


def relay() -> int:
    """Passes the lines of MCP on to the server and back; the client's `elicitation` is left out."""
    server = subprocess.Popen(
        [sys.executable, "-P", "-m", "uru_mcp", "--sandbox"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdin is not None
    assert server.stdout is not None
    threading.Thread(target=_copied, args=(server.stdout, sys.stdout.buffer), daemon=True).start()
    for line in sys.stdin.buffer:
        message = json.loads(line)
        params = message.get("params") or {}
        for holder in (params.get("capabilities"), params.get("_meta", {}).get(CAPABILITIES)):
            if isinstance(holder, dict):
                holder.pop("elicitation", None)
        server.stdin.write(json.dumps(message).encode() + b"\n")
        server.stdin.flush()
    server.stdin.close()
    return server.wait(timeout=10)


CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"


def _copied(source: IO[bytes], target: IO[bytes]) -> None:
    for line in source:
        target.write(line)
        target.flush()


def install(cache: Path) -> None:
    if (cache / INSPECTOR).exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    command = [
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(cache),
        *PACKAGES,
    ]  # with its install scripts
    subprocess.run(command, check=True, timeout=INSTALL_WITHIN, stdout=subprocess.DEVNULL)


@contextmanager
def inspector(cache: Path, era: str) -> Iterator[str]:
    """Inspector's page for the relay, as long as the block lasts: its address."""
    port = PORTS[era]
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            **os.environ,
            "PATH": f"{cache / NODE.parent}{os.pathsep}{os.environ['PATH']}",
            "HOST": "127.0.0.1",
            "CLIENT_PORT": str(port),
            "MCP_SANDBOX_PORT": str(port + 1),
            "MCP_AUTO_OPEN_ENABLED": "false",
            "MCP_INSPECTOR_API_TOKEN": TOKEN,
            "MCP_INSPECTOR_SECRET_STORE": "memory",
        }
        command = [str(cache / NODE), str(cache / INSPECTOR), "--web", "--cwd", str(ROOT), "--protocol-era", era]
        command += ["-e", "URU_CONFIRM=company_*", sys.executable, "-m", "proofs.inspector_cards", "--relay"]
        with (Path(directory) / "log").open("wb") as log:
            running = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT)
            try:
                yield _ready(f"http://127.0.0.1:{port}/?MCP_INSPECTOR_API_TOKEN={TOKEN}", running, Path(log.name))
            finally:
                running.terminate()
                running.wait(timeout=10)


def _ready(address: str, running: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + START_WITHIN
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310  # a page on this machine
                return address
        except OSError:
            if time.monotonic() > until or running.poll() is not None:
                print(log.read_text(errors="replace")[-2_000:])
                raise
            time.sleep(0.2)


class Page:
    """Inspector in a browser, connected."""

    def __init__(self, page: Any, address: str, era: str) -> None:
        self._page = page
        page.set_default_timeout(LIMIT)
        page.goto(address)
        page.locator("[role=switch]").first.click(force=True)
        page.locator('[data-testid="connection-status"][data-status="connected"]').wait_for()
        spoken = re.compile(f"^{era}$", re.IGNORECASE)
        page.get_by_text(spoken).first.wait_for()
        page.get_by_text("Apps", exact=True).first.click()

    def open(self, title: str, **arguments: str) -> Any:
        """The frame of the view that shows the result of the tool with this title."""
        page = self._page
        page.get_by_text(title, exact=True).first.click()
        for name, value in arguments.items():
            page.locator('[data-testid="apps-form"]').get_by_label(name).first.fill(value)
        if arguments:  # a tool without arguments is called at once
            page.locator('[data-testid="open-app"]').click()
        page.locator('[data-app-status="ready"]').wait_for()
        frame = self._view()
        frame.locator("main > *").first.wait_for(timeout=LIMIT)
        return frame

    def _view(self) -> Any:
        until = time.monotonic() + LIMIT / 1000
        while time.monotonic() < until:
            for frame in reversed(self._page.frames):
                if frame.url.startswith("about:srcdoc"):
                    return frame
            self._page.wait_for_timeout(50)
        raise TimeoutError("no frame of a view")


def expect(era: str, card: str, frame: Any, *words: str) -> bool:
    """Whether the card says so in time; it prints a line."""
    try:
        for one in words:
            frame.get_by_text(one, exact=False).first.wait_for(timeout=LIMIT)
    except Exception as error:  # boundary: of the browser, whose errors share no class worth a name here
        print(f"{era:7} {card:28} failed: {str(error).splitlines()[0]}")
        return False
    print(f"{era:7} {card:28} says {', '.join(repr(one) for one in words)}")
    return True


def cards(era: str, page: Page) -> Iterator[bool]:
    yield expect(era, "key", page.open(KEY), "Execute", "Ready")
    yield expect(era, "automation", page.open(SHOW, uri="uru://automations/aut_acme_refund"), "Head of service")
    asked = page.open(NOTED, text=NOTE)
    yield expect(era, "decision", asked, "Not sent yet", NOTE)
    asked.locator("#no").click()
    yield expect(era, "decision, after a no", asked, "You said no")
    page.open(KEY)
    asked = page.open(NOTED, text=NOTE)
    asked.locator("#yes").click()
    yield expect(era, "decision, after a yes", asked, "You said yes", "Done.")


def main(cache: Path) -> int:
    if CHROMIUM is None or shutil.which("npm") is None:
        print("It needs Chromium and npm.")
        return 2
    install(cache)
    from playwright.sync_api import sync_playwright

    went_well = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        for era in ERAS:
            with inspector(cache, era) as address:
                page = Page(browser.new_page(viewport={"width": 1400, "height": 1100}), address, era)
                went_well += list(cards(era, page))
        browser.close()
    return 0 if all(went_well) else 1


if __name__ == "__main__":
    sys.exit(relay() if sys.argv[1:] == ["--relay"] else main(Path(sys.argv[1]).resolve()))
