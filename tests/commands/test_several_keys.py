"""The recipe of `docs/keys.md` for several keys and workspaces on one machine, followed word for word."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from tests.commands.test_install import file_of, install_with
from tests.documents import DOCUMENTS, blocks
from tests.process import SYSTEM, served
from tests.world import Uru
from uru_mcp.commands.client_configs.machine import Machine
from uru_mcp.commands.doctor.checks import Examination
from uru_mcp.commands.doctor.found_configurations import found_on
from uru_mcp.commands.doctor.key_checks import examine_keys
from uru_mcp.sandbox.serve import serving
from uru_mcp.untrusted_input.redaction import Redaction

SECTION = DOCUMENTS["docs/keys.md"].partition("## Several keys")[2].partition("\n## ")[0]
COMMANDS = [
    line
    for name, language, text in blocks()
    if (name, language) == ("docs/keys.md", "sh") and text in SECTION
    for line in text.splitlines()
]
UNINSTALL = "uru-mcp install claude-desktop --name uru-support --uninstall"


async def test_several_keys_stand_beside_each_other_each_with_its_workspace(uru: Uru, tmp_path: Path) -> None:
    keys = {"sales": uru.key(), "support": uru.key(workspace="Globex")}
    assert len(COMMANDS) == 4
    assert UNINSTALL in SECTION
    async with serving(uru.sandbox) as url:
        for command in COMMANDS:
            words = shlex.split(command.replace("~", str(tmp_path)))
            key = keys[Path(words[words.index("--key-file") + 1]).name]
            ran = await install_with(url, tmp_path, *words[2:], URU_API_KEY=key.text)
            assert ran.exit_code == 0, ran.output

        servers = json.loads(file_of(tmp_path).read_bytes())["mcpServers"]
        assert not any(key.text in file_of(tmp_path).read_text() for key in keys.values())
        workspaces = {}
        for name, server in servers.items():
            async with served(**server["env"]) as claude:
                await claude.initialize("2025-11-25")
                known = (await claude.call("uru_whoami"))["structuredContent"]
            workspaces[name] = (known["workspace"]["name"], known["permissions"]["effective"])
        assert workspaces == {
            "uru-sales": ("Acme", ["read", "write", "execute"]),
            "uru-support": ("Globex", ["read"]),
        }

        environ = {"HOME": str(tmp_path), "PATH": SYSTEM["PATH"]}
        examination = Examination(Redaction(), begin=lambda _: None, tell=lambda _: None)
        await examine_keys(examination, found_on(Machine(sys.platform, tmp_path, environ)), environ)
        seen = {check.seen.partition("used by ")[2]: check.seen for check in examination.checks}
        assert seen.keys() == {
            "Claude Desktop “uru-sales”, Claude Code “uru”",
            "Claude Desktop “uru-support”",
            "Cursor “uru”",
        }
        assert all(("Acme" if "sales" in users else "Globex") in told for users, told in seen.items())

        ran = await install_with(url, tmp_path, *UNINSTALL.split()[2:])
        assert ran.exit_code == 0, ran.output
        assert list(json.loads(file_of(tmp_path).read_bytes())["mcpServers"]) == ["uru-sales"]
