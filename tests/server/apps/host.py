"""A host of MCP Apps in headless Chromium: its side of the protocol, and a frame as strict as MCP Inspector's.

The frame has an origin of its own and no rights but to run scripts, under the policy that SEP-1865 names for views
without domains. The test looks into it through the browser's own tools.
"""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " media-src 'self' data:; connect-src 'none'"
)
LIMIT = 60_000  # milliseconds for any wait
TEST_WITHIN = 240.0  # seconds

HOST = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0 } iframe { display: block; width: 100%; height: 0; border: 0 }
</style><body><script>
const strange = [], calls = [], told = [];
let frame, wanted = 0;
const post = (message) => frame.contentWindow.postMessage({ jsonrpc: "2.0", ...message }, "*");
addEventListener("message", async ({ source, data }) => {
  if (source !== frame.contentWindow || data?.jsonrpc !== "2.0") return strange.push(data);
  const { id, method, params } = data;
  told.push(data);
  if (method === "ui/initialize") return post({ id, result: {
    protocolVersion: "2026-01-26", hostInfo: { name: "test", version: "1" },
    hostCapabilities: { serverTools: {} }, hostContext: start.context } });
  if (method === "ui/notifications/initialized") {
    post({ method: "ui/notifications/tool-input", params: { arguments: start.input } });
    return post({ method: "ui/notifications/tool-result", params: start.result });
  }
  if (method === "ui/notifications/size-changed") return frame.style.height = `${(wanted = params.height)}px`;
  if (method === "tools/call") {
    calls.push(params);
    const answer = JSON.parse(await callTool(JSON.stringify(params)));
    return post(answer === null ? { id, error: { code: -32000, message: "not for apps" } } : { id, result: answer });
  }
  if (id !== undefined && method) post({ id, result: {} });
});
const start = {};
function open_(given) {
  Object.assign(start, given);
  frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  const policy = `<meta http-equiv="Content-Security-Policy" content="${given.policy}">`;
  frame.srcdoc = given.html.replace("<head>", `<head>${policy}`);
  document.body.append(frame);
}
</script>"""

Value = TypeVar("Value")
Call = Callable[[str, dict[str, Any]], Any]


def no_tool(_name: str, _arguments: dict[str, Any]) -> Any:
    """A host that passes no call on."""
    return None


class Card:
    """A view that is shown. `page` is the host's, `frame` the view's own."""

    def __init__(self, page: Any, frame: Any) -> None:
        self.page = page
        self.frame = frame

    @property
    def text(self) -> str:
        return str(self.frame.locator("main").inner_text())

    @property
    def calls(self) -> list[dict[str, Any]]:
        return list(self.page.evaluate("calls"))

    @property
    def told(self) -> list[dict[str, Any]]:
        """All messages of the view."""
        return list(self.page.evaluate("told"))

    @property
    def strange(self) -> list[Any]:
        """Messages that are none of the protocol."""
        return list(self.page.evaluate("strange"))

    def wait(self, text: str) -> None:
        """Until the card says so. Raises: the browser's error after `LIMIT`."""
        self.frame.get_by_text(text, exact=False).first.wait_for(timeout=LIMIT)

    def adapt(self, theme: str, width: int) -> None:
        """Show it in this theme, this many pixels wide."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.evaluate(
            "theme => post({ method: 'ui/notifications/host-context-changed', params: { theme } })", theme
        )
        self.frame.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)
        self.settle()

    def settle(self) -> None:
        """Until the frame has the height that the view asked for last."""
        self.page.wait_for_function(
            "() => wanted > 1 && Math.abs(frame.getBoundingClientRect().height - wanted) < 1", timeout=LIMIT
        )
        self.frame.wait_for_function(
            "() => Math.abs(document.documentElement.getBoundingClientRect().height - innerHeight) <= 1", timeout=LIMIT
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> str:
        return str(self.frame.evaluate("document.activeElement.id"))

    def sent_beyond(self) -> list[str]:
        """What reaches out of the frame to the right or the left, or is higher than the frame."""
        return list(
            self.frame.evaluate(
                """() => {
                  const found = [];
                  const root = document.documentElement;
                  if (root.scrollWidth > innerWidth) found.push(`page: ${root.scrollWidth}`);
                  if (root.scrollHeight > innerHeight + 1) found.push(`height: ${root.scrollHeight} > ${innerHeight}`);
                  const inside = (element) => {
                    for (let one = element; one; one = one.parentElement)
                      if (getComputedStyle(one).overflowX === "hidden") found.push(`hides: ${one.className}`);
                  };
                  for (const element of document.querySelectorAll("main *")) {
                    const { left, right, width } = element.getBoundingClientRect();
                    if (width && (left < -0.5 || right > innerWidth + 0.5) && !element.closest("svg"))
                      found.push(`${element.tagName}.${element.className}: ${left} to ${right}`);
                    if (element.tagName !== "svg" && !element.closest("svg")) inside(element);
                    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline")
                      found.push(`${element.tagName}.${element.className} is ${element.scrollWidth} wide`);
                  }
                  return [...new Set(found)].slice(0, 10);
                }"""
            )
        )


class Host:
    """Shows one view at a time."""

    def __init__(self, browser: Any) -> None:
        self._call: Call = no_tool
        self._page = browser.new_page(locale="en-GB", timezone_id="UTC")
        self._page.set_default_timeout(LIMIT)
        self._page.expose_function("callTool", lambda params: _answered(self._call, params))

    @contextmanager
    def showing(
        self,
        html: str,
        result: dict[str, Any],
        *,
        theme: str = "light",
        width: int = 720,
        call: Call = no_tool,
        policy: str = POLICY,
        styles: dict[str, str] | None = None,
    ) -> Iterator[Card]:
        """The view with this document, after it was given the result of its tool. `call` is what its calls answer."""
        self._call, page = call, self._page
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("about:blank")  # a document of its own, whose names are free again
        page.set_content(HOST)
        context: dict[str, Any] = {"theme": theme, "displayMode": "inline", "locale": "en-GB", "timeZone": "UTC"}
        context |= {"styles": {"variables": styles or {}}}
        given = {"html": html, "result": result, "input": {}, "context": context, "policy": policy}
        page.evaluate("given => open_(given)", given)
        frame = page.locator("iframe").element_handle().content_frame()
        frame.locator("main > *").first.wait_for()
        card = Card(page, frame)
        card.settle()
        yield card


def _answered(call: Call, params: str) -> str:
    asked = json.loads(params)
    return json.dumps(call(asked["name"], asked.get("arguments") or {}))


class Browsing:
    """A browser in a thread of its own: its interface keeps an event loop running, beside which no other can run."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chromium")
        self._opened = chromium()
        try:
            self.host = self._in_thread(lambda: Host(self._opened.__enter__()))
        except BaseException:
            self._thread.shutdown()
            raise

    def run(self, test: Callable[[Host], None]) -> None:
        """Run a test in that thread. Raises: whatever it raises."""
        self._in_thread(lambda: test(self.host))

    def close(self) -> None:
        self._in_thread(lambda: self._opened.__exit__(None, None, None))
        self._thread.shutdown()

    def _in_thread(self, work: Callable[[], Value]) -> Value:
        return self._thread.submit(work).result(timeout=TEST_WITHIN)


def in_browser(test: Callable[..., None]) -> Callable[..., None]:
    """A test of a `host`, which is run where the browser is; its fixture `host` is a `Browsing`."""

    @functools.wraps(test)
    def run(host: Browsing, **given: Any) -> None:
        host.run(lambda opened: test(opened, **given))

    return run


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser for several hosts; whoever has none skips."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install uru-mcp[dev]")
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()
