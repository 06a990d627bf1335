"""`uru-mcp sandbox serve --open`: the link reaches the browser, and no list of processes; the pages ask uru-mcp."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.process import SYSTEM, URU_MCP

BROWSER = """\
import os, stat, sys
from urllib.parse import urlsplit
words, path = sys.argv[1:], urlsplit(sys.argv[-1]).path
with open(os.environ["SEEN"], "w") as seen:
    print(words, oct(stat.S_IMODE(os.stat(path).st_mode)), open(path).read(), file=seen)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a browser is named by BROWSER on other systems alone")
def test_the_link_is_in_a_file_of_its_owner_and_not_on_a_command_line(tmp_path: Path) -> None:
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f"#!{sys.executable}\n{BROWSER}")
    browser.chmod(stat.S_IRWXU)
    environ = {**SYSTEM, "HOME": str(tmp_path), "BROWSER": f"{browser} %s", "SEEN": str(seen)}
    command = [*URU_MCP, "sandbox", "serve", "--port", "0", "--open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as serving:
        try:
            assert serving.stdout is not None
            url = ""
            while not url:
                url = "".join(re.findall(r"URU_PROXY_URL=(\S+)", serving.stdout.readline()))
            with httpx2.Client(base_url=url, trust_env=False, timeout=20) as client:
                while not seen.exists() or not seen.read_text():
                    client.get("/health")
                words, mode, page = re.fullmatch(r"\['(.+?)'\] (\S+) (.+)", seen.read_text(), re.DOTALL).groups()  # type: ignore[union-attr]
                link = re.findall(r'href="(.+?)"', page)[0]
                assert link.startswith(f"{url}/app/enter?code=")
                assert link.partition("code=")[2] not in words
                assert mode == "0o600"
                assert claude_sees_tools(client, link)
        finally:
            serving.terminate()
            _, errors = serving.communicate(timeout=20)
    assert errors == ""
    assert not Path(words.removeprefix("file://")).exists()


def claude_sees_tools(client: httpx2.Client, link: str) -> bool:
    """Whether the pages of the whole program know what uru-mcp shows for the sandbox's first key."""
    form = client.get(link).text
    code, token = (re.findall(rf'name="{name}" value="(.+?)"', form)[0] for name in ("code", "token"))
    keys = client.post("/app/enter", data={"code": code, "token": token}, follow_redirects=True)
    (key,) = set(re.findall(r'href="(/app/s/\S+/keys/key_\w+)"', keys.text))
    return "platform__context_query" in client.get(f"{key}/claude").text
