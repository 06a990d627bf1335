"""What is published: one version everywhere, what registries want to know, and a wheel with the package alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import metadata, version
from pathlib import Path

import pytest
from bundle.pack import MANIFEST, ROOT

from tests.process import PYTHON
from uru_mcp import __version__
from uru_mcp.audit.telemetry import REQUIREMENT
from uru_mcp.config.settings import PREFIX
from uru_mcp.config.variables import Variables

SERVER = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
EXTENSION = json.loads((ROOT / MANIFEST).read_text(encoding="utf-8"))
(PACKAGE,) = SERVER["packages"]


def test_the_version_is_the_same_everywhere() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    told = {
        "installed": version("uru-mcp"),
        "bundle/manifest.json": EXTENSION["version"],
        "server.json": SERVER["version"],
        "server.json, of the package": PACKAGE["version"],
        "CHANGELOG.md": newest[1],
    }
    assert told == dict.fromkeys(told, __version__)
    assert __version__ not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_readme_on_pypi_names_the_server_of_the_registry() -> None:
    """Source: https://modelcontextprotocol.io/registry/quickstart, how the registry knows whose a PyPI package is."""
    assert PACKAGE["identifier"] == metadata("uru-mcp")["Name"]
    assert f"<!-- mcp-name: {SERVER['name']} -->" in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def test_the_registry_asks_for_what_the_extension_asks_for_in_the_words_of_the_settings() -> None:
    fields = {name: Variables.model_fields[name] for name in EXTENSION["user_config"]}
    assert PACKAGE["environmentVariables"] == [
        {
            "name": PREFIX + name.upper(),
            "description": field.description,
            "isRequired": name == "api_key",
            "isSecret": name == "api_key",
        }
        for name, field in fields.items()
    ]


def test_registries_show_the_description_whole() -> None:
    """Source: server.schema.json of 2025-12-11."""
    assert len(SERVER["description"]) <= 100


def test_the_command_that_installs_the_exporter_installs_what_the_extra_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert REQUIREMENT in project["optional-dependencies"]["otel"]


INSTALLED = """
import json
from importlib.metadata import files
print(json.dumps([file.as_posix() for file in files("uru-mcp")]))
"""


@pytest.mark.skipif(sys.executable == PYTHON, reason="only .ci/run makes a wheel")
def test_a_wheel_holds_the_package_alone() -> None:
    ran = subprocess.run([PYTHON, "-c", INSTALLED], capture_output=True, text=True, timeout=20, check=True)
    files = [Path(name) for name in json.loads(ran.stdout)]
    of_package = {file.as_posix() for file in files if file.parts[0] == "uru_mcp" and file.suffix != ".pyc"}
    source = ROOT / "src"
    expected = {
        file.relative_to(source).as_posix()
        for file in (source / "uru_mcp").rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    assert "uru_mcp/py.typed" in of_package
    assert of_package == expected
    elsewhere = {file.name for file in files if file.parts[0] != "uru_mcp" and ".dist-info" not in file.parts[0]}
    assert elsewhere <= {"uru-mcp", "uru-mcp.exe"}
