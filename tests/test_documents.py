"""What the documents name is there: variables, tools, codes of errors, rooms, files; their JSON is what it says."""

from __future__ import annotations

import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from opentelemetry.sdk import environment_variables

from tests.documents import BLOCK, CODE, DOCUMENTS, ROOT, blocks
from uru_mcp.approvals.decisions import TOOL as DECIDE
from uru_mcp.audit.entry import read_entry
from uru_mcp.commands.client_configs.entry import KEY, PERMISSIONS
from uru_mcp.commands.client_configs.known_clients import CLIENTS, Client
from uru_mcp.commands.client_configs.locations import Configuration, configuration
from uru_mcp.commands.client_configs.reading import read_servers
from uru_mcp.config.environment import read_settings
from uru_mcp.config.settings import VARIABLES
from uru_mcp.config.variables import NODE_CLIENT_ONLY
from uru_mcp.errors import Code
from uru_mcp.tools.definitions import CARD_TOOLS, OWN
from uru_mcp.untrusted_input.redaction import Redaction

SOURCE = ROOT / "src" / "uru_mcp"
CODES = get_args(Code)
OTEL_VARIABLES = {name for name in vars(environment_variables) if name.startswith("OTEL_")}
TEST_KEY = "uru_test_0123456789abcdef"
DIAGRAM = next(text for _, language, text in blocks() if language == "mermaid")


def client_of(document: Any) -> Client | None:
    """The client whose configuration this may be."""
    return next((client for client in CLIENTS.values() if client.member in document), None)


def configurations() -> list[tuple[str, str, Client]]:
    found = []
    for name, _, text in blocks("json"):
        client = client_of(json.loads(text))
        if client is not None:
            found.append((name, text, client))
    return found


def results() -> Iterator[dict[str, Any]]:
    for _, _, text in blocks("json"):
        document = json.loads(text)
        if client_of(document) is None:
            yield document


def test_every_block_says_its_language() -> None:
    assert {language for _, language, _ in blocks()} == {"sh", "powershell", "json", "toml", "text", "mermaid"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_variables_that_are_named_exist(document: str) -> None:
    named = set(re.findall(r"\bURU_[A-Z_]+\b", DOCUMENTS[document]))
    assert named <= {*VARIABLES, *NODE_CLIENT_ONLY}


def test_the_variables_of_opentelemetry_that_are_named_exist() -> None:
    named = {name for text in DOCUMENTS.values() for name in re.findall(r"\bOTEL_[A-Z_]+\b", text)}
    assert named - {"OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"} <= OTEL_VARIABLES, "those two are of its API"
    assert len(named) > 15


@pytest.mark.parametrize("document", DOCUMENTS)
def test_tools_of_ours_that_are_named_exist(document: str) -> None:
    named = {span for span in CODE.findall(DOCUMENTS[document]) if re.fullmatch(r"uru_[a-z_]*[a-z]", span)}
    assert named <= {*OWN, *CARD_TOOLS, DECIDE}


def test_the_readme_says_of_every_error_what_to_do() -> None:
    table = DOCUMENTS["README.md"].partition("| what you see |")[2].partition("\n\n")[0]
    symptoms = re.findall(r"^\| (.+?) \| .+ \|$", table, re.MULTILINE)
    named = [span for symptom in symptoms for span in CODE.findall(symptom) if re.fullmatch(r"[a-z_]+", span)]
    assert sorted(set(named) - OWN.keys()) == sorted(CODES)


def test_the_quotations_of_errors_are_those_of_the_program() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    for quotation in ("its TLS certificate could not be verified", "What may you do in Uru?"):
        assert f"“{quotation}”" in DOCUMENTS["README.md"]
        assert quotation in source


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    here = (ROOT / document).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", DOCUMENTS[document])):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (here / path).resolve()
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(file: Path) -> set[str]:
    """What GitHub calls the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


NAMED = set(re.findall(r"`((?!dist/)[\w/.]+/[\w.]*)`", DOCUMENTS["CONTRIBUTING.md"]))  # dist/ is what a release makes


@pytest.mark.parametrize("name", sorted(NAMED))
def test_the_files_that_contributors_are_sent_to_exist(name: str) -> None:
    assert any((place / name).exists() for place in (ROOT, SOURCE, SOURCE / "commands"))


def test_the_table_of_clients_is_the_table_of_clients() -> None:
    formats = {"json": "JSON", "jsonc": "JSON with comments", "toml": "TOML", "yaml": "YAML"}
    home = Path("/home/you")
    rows = []
    for client in CLIENTS.values():
        files = [configuration(client, system, home, {}).path for system in ("darwin", "linux", "win32")]
        places = ", ".join(dict.fromkeys(f"`~/{file.relative_to(home).as_posix()}`" for file in files))
        timeout = client.call_timeout or "\u2013"
        rows.append(f"| {client.title} | {places} | `{client.member}` | {formats[client.syntax]} | {timeout} |")
    assert "\n".join(rows) in DOCUMENTS["docs/clients.md"], "\n".join(rows)


def test_the_readme_leads_to_every_document() -> None:
    index = DOCUMENTS["README.md"].partition("## More")[2]
    assert set(re.findall(r"\]\(([^)]+\.md)\)", index)) == DOCUMENTS.keys() - {"README.md"}


def test_every_document_goes_into_the_source_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert all(f"/{document}" in included or f"/{document.partition('/')[0]}" in included for document in DOCUMENTS)


@pytest.mark.parametrize(("document", "text", "client"), configurations())
def test_configurations_in_documents_are_ones_that_clients_read(
    document: str, text: str, client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "configuration.json"
    path.write_text(text, encoding="utf-8")
    servers = read_servers(Configuration(client, path))
    assert servers
    for server in servers:
        assert Path(server.command or "").is_absolute(), "a desktop program's PATH is short"
        assert server.env.keys() <= {*VARIABLES, *OTEL_VARIABLES}
        placeholders = {KEY: TEST_KEY, PERMISSIONS: PERMISSIONS[1].partition(": ")[2]}
        filled_in = {name: placeholders.get((name, value), value) for name, value in server.env.items()}
        assert ("URU_PERMISSIONS" in filled_in) == ("URU_API_KEY" in filled_in)
        read_settings(filled_in)


def test_the_other_examples_of_json_are_results_and_entries_of_the_audit_log() -> None:
    for document in results():
        if "error" in document:
            assert document["error"].keys() >= {"code", "message", "fix", "retryable"}
            assert document["error"]["code"] in CODES
        elif "outcome" in document:
            entry = read_entry(json.dumps(document), Redaction())
            assert entry is not None
            assert entry.needs is not None
            assert entry.granted is not None
        else:
            assert document.keys() == {"from", "log_id", "note", "data"}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\b[a-z_/]+\.py\b", DOCUMENTS["docs/call.md"]))))
def test_the_rooms_on_the_way_of_a_call_exist(name: str) -> None:
    assert (SOURCE / name).is_file()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", DOCUMENTS["docs/call.md"]))))
def test_the_steps_on_the_way_of_a_call_exist(name: str) -> None:
    module, _, function = name.rpartition(".")
    assert function in ("py", "toml") or hasattr(importlib.import_module(f"uru_mcp.{module}"), function)


def test_the_diagram_s_refusals_are_codes_of_errors() -> None:
    told = {
        code for label in re.findall(r'-\.->\|"([^"]+)"\|', DIAGRAM) for code in re.findall(r"[a-z]+_[a-z_]+", label)
    }
    assert told == {
        "unknown_tool",
        "insufficient_permission",
        "permissions_unknown",
        "wrong_dispatcher",
        "invalid_arguments",
    }
    assert told <= set(CODES)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_prose_has_a_line_for_each_sentence(document: str) -> None:
    for line in BLOCK.sub("", DOCUMENTS[document]).splitlines():
        if line[:1].isalpha():
            assert not re.search(r"[a-z`)]\. [A-Z`]", line), line
