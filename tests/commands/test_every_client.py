"""For every client of the table: install, install again, change and uninstall, over what people have in their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.test_install import SCRIPT, STRANGER, file_of, install
from uru_mcp.commands.client_configs.known_clients import CLIENTS, Client
from uru_mcp.commands.client_configs.locations import Configuration
from uru_mcp.commands.client_configs.reading import Server, read_servers

OTHERS = {
    "json": '{\n    "thème": "hush",\n    "MEMBER": {\n        "a": {"x": "hush"}\n    },\n    "z": []\n}\n',
    "jsonc": '// mine: hush\n{\n\t"MEMBER": {\n\t\t"a": {"x": "hush"}, // é\n\t\t/* the end */\n\t},\n}\n',
    "toml": '# mine: hush\n"thème" = "hush"\n\n[MEMBER.a] # é\nx = "hush"\n\n[z]\n"q.r" = """\n[MEMBER.uru]\n"""\n',
    "yaml": "# mine: hush\nthème: hush\nMEMBER:\n  a: # é\n    x: hush\n  # the end\n\nz: |\n  MEMBER:\n    uru:\n",
}
BROKEN = {
    "json": '{\n  "MEMBER": {,}\n}',
    "jsonc": '{\n  "MEMBER": {,}\n}',
    "toml": "[MEMBER]\nuru = \n",
    "yaml": "MEMBER:\n  a: b: c\n",
}
NOT_EDITABLE = {
    "toml": ['MEMBER = {a = {x = "hush"}}\n', "MEMBER = {}\n", '[MEMBER]\nuru.command = "hush"\n'],
    "yaml": [
        "MEMBER: {a: {x: hush}}\n",
        "{MEMBER: {a: {x: hush}}}\n",
        "{a: hush}\n",
        "a: hush\n...\n",
        "x: &x {y: hush}\nMEMBER:\n  a: *x\n",
        "MEMBER:\n  a:\n    x: 1\n...\n",
    ],
}
VARIANTS = {
    "as it is": lambda text: text.encode(),
    "with CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "with a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "with a mark and CRLF": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "without a last line end": lambda text: text.rstrip("\n").encode() + (b"\n" if "z: |" in text else b""),
    "empty": lambda _: b"",
}


def text_of(texts: dict[str, str], client: Client) -> str:
    return texts[client.syntax].replace("MEMBER", client.member)


def put(home: Path, client: Client, data: bytes) -> Path:
    file = file_of(home, client.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def servers_in(file: Path, client: Client) -> list[Server]:
    return read_servers(Configuration(client, file))


every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


@every_client
def test_a_new_file_lists_the_server_and_goes_with_it(client: Client, tmp_path: Path) -> None:
    file = file_of(tmp_path, client.name)
    ran = install(tmp_path, client.name, "--sandbox")
    assert ran.exit_code == 0, ran.output
    assert [(one.name, one.command, one.args) for one in servers_in(file, client)] == [("uru", SCRIPT, ("--sandbox",))]
    assert str(file) in ran.output
    assert client.next_step in ran.output

    removed = install(tmp_path, client.name, "--uninstall")
    assert removed.exit_code == 0, removed.output
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@every_client
def test_over_other_servers_every_byte_of_them_stays_and_comes_back(
    variant: object, client: Client, tmp_path: Path
) -> None:
    assert callable(variant)
    before = variant(text_of(OTHERS, client))
    file = put(tmp_path, client, before)
    names = ["a", "uru"] if before else ["uru"]
    for words, said in (
        (["--sandbox"], "Written: "),
        (["--sandbox"], "Nothing to change: "),
        (["--sandbox", "--permissions", "read"], "Written: "),
        (["--sandbox", "--permissions", "read"], "Nothing to change: "),
    ):
        known = file.read_bytes()
        ran = install(tmp_path, client.name, *words)
        assert (ran.exit_code, said in ran.output) == (0, True), ran.output
        assert (file.read_bytes() == known) is (said != "Written: ")
        assert [one.name for one in servers_in(file, client)] == names
    assert servers_in(file, client)[-1].env == {"URU_PERMISSIONS": "read"}

    install(tmp_path, client.name, "--uninstall")
    assert file.read_bytes() == before


@every_client
def test_the_other_servers_stay_also_without_a_backup(client: Client, tmp_path: Path) -> None:
    before = text_of(OTHERS, client).encode()
    file = put(tmp_path, client, before)
    install(tmp_path, client.name, "--sandbox")
    file.with_name(f"{file.name}.uru-mcp-backup").unlink()
    install(tmp_path, client.name, "--uninstall")
    assert file.read_bytes() == before


@every_client
def test_a_dry_run_writes_nothing_and_shows_no_key_and_nothing_of_others(client: Client, tmp_path: Path) -> None:
    before = text_of(OTHERS, client).encode()
    file = put(tmp_path, client, before)
    ran = install(tmp_path, client.name, "--dry-run", URU_API_KEY=STRANGER)
    assert ran.exit_code == 0, ran.output
    assert f"{file}: the server “uru” would be added\n" in ran.output
    assert "uru_…cdef" in ran.output
    assert json.dumps(SCRIPT) in ran.output
    assert not any(word in ran.output for word in (STRANGER, "hush", "mine"))
    assert [(one, one.read_bytes()) for one in file.parent.iterdir()] == [(file, before)]


@pytest.mark.parametrize("words", [["--sandbox"], ["--uninstall"], ["--dry-run"]], ids=str)
@every_client
def test_a_file_that_the_client_cannot_read_is_told_and_left_alone(
    words: list[str], client: Client, tmp_path: Path
) -> None:
    before = text_of(BROKEN, client).encode()
    file = put(tmp_path, client, before)
    ran = install(tmp_path, client.name, *words)
    assert ran.exit_code == 6
    assert f"Error: {file}, line 2, column " in ran.output
    assert client.opens in " ".join(ran.output.split())
    assert [(one, one.read_bytes()) for one in file.parent.iterdir()] == [(file, before)]


NODE_CLIENTS = {
    "claude-desktop": '{"mcpServers":{"uru":{"command":"npx","args":["-y","uru-mcp"]}}}',
    "codex": '[mcp_servers.uru] # node\ncommand = "npx"\nargs = ["-y", "uru-mcp"]\nenv = {TZ = "UTC"}\n\n[z]\n',
    "opencode": '{"mcp": {"uru": {"type": "local", "command": ["npx", "-y", "uru-mcp"]}}} // é\n',
    "goose": "extensions:\n  uru: # node\n    cmd: npx\n    args:\n    - uru-mcp\n    envs: {TZ: UTC}\n  b: {}\n",
}


@pytest.mark.parametrize(("name", "text"), NODE_CLIENTS.items())
def test_a_node_client_s_entry_is_replaced_and_given_back(name: str, text: str, tmp_path: Path) -> None:
    file = put(tmp_path, CLIENTS[name], text.encode())
    assert install(tmp_path, name, "--sandbox").exit_code == 0
    server = servers_in(file, CLIENTS[name])[0]
    assert (server.command, server.args) == (SCRIPT, ("--sandbox",))
    assert install(tmp_path, name, "--uninstall").exit_code == 0
    assert [(one, one.read_bytes()) for one in file.parent.iterdir()] == [(file, text.encode())]


EDITED_BY_HAND = [(one, text) for one in CLIENTS.values() for text in NOT_EDITABLE.get(one.syntax, ())]


def written(text: str, where: str, shown: str) -> str:
    """The text with what is shown, as a person writes it there."""
    match where.split(",")[0].split(" of ")[0]:
        case "inside the braces":
            lead = text[: text.index(where.split(",")[0].split(" of ")[1])]
            before, brace, after = text.removeprefix(lead).partition("{")
            return f"{lead}{before}{brace}{shown.rstrip()}{', ' if after[:1] != '}' else ''}{after}"
        case "inside the outermost braces":
            return f"{{{shown.rstrip()}{', ' if text.strip() != '{}' else ''}{text[1:]}"
        case "on lines below extensions:":
            before, member, after = text.partition("extensions:\n")
            return f"{before}{member}{shown}{after}"
        case "at the end of the file" | "at the end":
            return text.replace('[mcp_servers]\nuru.command = "hush"\n', "").replace("...\n", "") + "\n" + shown
    raise AssertionError(where)


@pytest.mark.parametrize(("client", "text"), EDITED_BY_HAND)
def test_for_a_file_that_cannot_be_edited_the_text_is_shown_before_a_key_is_asked_for(
    client: Client, text: str, tmp_path: Path
) -> None:
    before = text.replace("MEMBER", client.member).encode()
    file = put(tmp_path, client, before)
    ran = install(tmp_path, client.name, URU_API_KEY=STRANGER)
    assert ran.exit_code == 6
    assert f"Error: {file} cannot be changed safely: " in ran.output
    fix, _, shown = ran.output.partition("\n  Write this ")
    assert f"add the server uru under {client.member} there" in fix or (client.name == "codex" and "replace" in fix)
    where, _, shown = shown.partition(":\n\n")
    file.write_text(written(text.replace("MEMBER", client.member), where, shown), encoding="utf-8")
    server = next(one for one in servers_in(file, client) if one.name == "uru")
    file.write_bytes(before)
    assert server.command == SCRIPT
    assert server.env["URU_API_KEY"] == "paste your uru_ key here"
    assert not any(word in ran.output for word in (STRANGER, "hush"))
    assert [(one, one.read_bytes()) for one in file.parent.iterdir()] == [(file, before)]
