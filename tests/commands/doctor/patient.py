"""A machine that a doctor looks at: its variables, its home directory, and an Uru behind a real socket."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.process import SYSTEM
from tests.world import Uru
from uru_mcp.commands.client_configs.machine import Machine, SystemFiles
from uru_mcp.commands.doctor.check_sequence import examine
from uru_mcp.commands.doctor.checks import Check, Examination
from uru_mcp.untrusted_input.redaction import Redaction

SANDBOXED = {"command": sys.executable, "args": ["-P", "-m", "uru_mcp", "--sandbox"]}


class Patient:
    """Healthy, until a test plants a fault."""

    def __init__(self, uru: Uru, url: str, home: Path) -> None:
        self.uru = uru
        self.url = url
        self.home = home
        self.key = uru.key()
        self.variables = {"URU_API_KEY": self.key.text, "URU_PROXY_URL": url}
        self.desktop = home / ".config" / "Claude" / "claude_desktop_config.json"

    def use(self, key: Any) -> None:
        self.variables["URU_API_KEY"] = key.text

    def key_file(self, text: str, *, mode: int = 0o600) -> Path:
        """A key file in the place of the variable."""
        path = self.home / "key"
        path.write_text(text)
        path.chmod(mode)
        del self.variables["URU_API_KEY"]
        self.variables["URU_API_KEY_FILE"] = str(path)
        return path

    def configure(self, text: str | None = None, **servers: Any) -> None:
        """Claude Desktop's configuration, as text or as its servers."""
        self.desktop.parent.mkdir(parents=True, exist_ok=True)
        self.desktop.write_text(json.dumps({"mcpServers": servers}) if text is None else text)
        self.desktop.chmod(0o600)

    def program(self, *lines: str) -> str:
        """A program of the name uru-mcp that does what these lines of Python say.

        It looks like the script of an environment in which uru-mcp is installed.
        """
        path = self.home / "env" / "bin" / "uru-mcp"
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent.parent / "lib" / "python3.11" / "site-packages" / "uru_mcp-9.dist-info").mkdir(
            parents=True, exist_ok=True
        )
        never_reached = ["raise SystemExit", "from uru_mcp.cli import main"]
        path.write_text("\n".join([f"#!{sys.executable} -IS", *lines, *never_reached]))
        path.chmod(0o700)
        return str(path)

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": SYSTEM["PATH"], "HOME": str(self.home), **self.variables}

    async def checks(self) -> list[Check]:
        """All checks, after each was seen to be told when it was made, and none to hold the key."""
        told: list[Check] = []
        redaction = Redaction()
        examination = Examination(redaction, begin=lambda _: None, tell=told.append)
        await examine(examination, redaction, Machine("linux", self.home, self.environ, SystemFiles(root=self.home)))
        assert told == examination.checks
        assert self.variables.get("URU_API_KEY", self.key.text) not in repr(told)
        assert self.key.text not in repr(told)
        return told
