"""The Claude Desktop extension: what a client makes of its manifest, and what is packed.

Source: `getMcpConfigForManifest` of the npm package @anthropic-ai/mcpb 2.1.2, for what is filled in where.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from bundle.pack import (
    BUILD_BACKEND,
    ICON,
    MANIFEST,
    PACKAGE,
    ROOT,
    SUMS,
    digest,
    pack,
    remove_outdated,
    requirements,
    sums,
)

from tests.documents import DOCUMENTS
from uru_mcp.config.environment import read_settings
from uru_mcp.config.settings import VARIABLES, Settings
from uru_mcp.messages.extension_form import IN_EXTENSION
from uru_mcp.permissions import Permission
from uru_mcp.tools.definitions import OWN

SOURCE = ROOT / "src" / "uru_mcp"
EXTENSION = json.loads((ROOT / MANIFEST).read_text(encoding="utf-8"))
ASKED = EXTENSION["user_config"]
CONFIG = EXTENSION["server"]["mcp_config"]

KEY = "uru_test_0123456789abcdef"
WORKSPACE = "11111111-1111-4111-8111-111111111111"


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What a client starts the server with: the defaults, what the person filled in over them, and nothing else."""
    values = {name: asked["default"] for name, asked in ASKED.items() if "default" in asked} | dict(given)
    filled = dict(CONFIG["env"])
    for name, value in values.items():
        filled = {variable: text.replace(f"${{user_config.{name}}}", value) for variable, text in filled.items()}
    return filled


def settings(given: Mapping[str, str]) -> Settings:
    return read_settings(environment(given))


@pytest.mark.parametrize("blank", [{}, {"permissions": "", "workspace_id": ""}, {"permissions": " "}])
def test_a_key_is_all_that_must_be_filled_in(blank: dict[str, str]) -> None:
    """Source: https://github.com/modelcontextprotocol/mcpb/issues/250, without a default a blank stays `${…}`."""
    read = settings({"api_key": KEY, **blank})
    assert read.api_key is not None
    assert read.api_key.reveal() == KEY
    assert (read.permissions, read.workspace_id, read.confirm) == (None, None, None)
    assert (read.tools, read.approvals) == ((), "ask")


def test_what_is_filled_in_arrives() -> None:
    limits = {"tools": "*,!stripe_*", "confirm": "destructive", "approvals": "person"}
    read = settings({"api_key": KEY, "permissions": "read, execute", "workspace_id": WORKSPACE, **limits})
    assert read.permissions == frozenset({Permission.READ, Permission.EXECUTE})
    assert str(read.workspace_id) == WORKSPACE
    assert read.approvals == "person"
    assert ([str(one) for one in read.tools], [str(one) for one in read.confirm or ()]) == (
        ["*", "!stripe_*"],
        ["destructive"],
    )


def test_the_form_asks_for_what_was_ticked_beside_the_key_and_takes_the_guide_s_own_words() -> None:
    assert list(ASKED)[:2] == ["api_key", "permissions"]
    assert ASKED["permissions"]["description"].startswith(
        "What you ticked when you made the key: Read, Write, Execute."
    )
    assert settings({"api_key": KEY, "permissions": "Read, Write, Execute"}).permissions == frozenset(Permission)


def test_all_that_is_asked_is_passed_on_under_its_own_name_and_the_key_alone_is_secret_and_required() -> None:
    asked = {f"URU_{name.upper()}": f"${{user_config.{name}}}" for name in ASKED}
    assert CONFIG["env"] == {**asked, IN_EXTENSION: "1"}
    assert set(asked) <= set(VARIABLES)
    assert [name for name, asked in ASKED.items() if asked.get("sensitive")] == ["api_key"]
    assert [name for name, asked in ASKED.items() if asked["required"]] == ["api_key"]


def test_directories_find_an_icon_and_the_privacy_policy_of_the_readme() -> None:
    """Source: MANIFEST.md of mcpb for the icon, a PNG; what directories of extensions ask for, for the rest."""
    icon = (ROOT / ICON).read_bytes()
    assert icon.startswith(b"\x89PNG\r\n\x1a\n")
    assert icon[16:24] == (512).to_bytes(4, "big") * 2
    assert len(icon) < 10_000
    assert EXTENSION["icon"] == ICON.name
    section = DOCUMENTS["README.md"].partition("## Privacy Policy")[2].partition("\n## ")[0]
    assert [f"]({link})" in section for link in EXTENSION["privacy_policies"]] == [True]


def test_what_is_handed_on_has_its_hashes(tmp_path: Path) -> None:
    wheels = {"ab_c-1.0-py3-none-any.whl": b"1", "de-2-cp311-x.whl": b"2", "de-2-cp311-y.whl": b"3"}
    for name, content in wheels.items():
        (tmp_path / name).write_bytes(content)
    one, two, three = (hashlib.sha256(content).hexdigest() for content in wheels.values())
    assert requirements(tmp_path) == (
        f"ab-c==1.0 \\\n    --hash=sha256:{one}\nde==2 \\\n    --hash=sha256:{two} \\\n    --hash=sha256:{three}\n"
    )
    (tmp_path / SUMS).write_text("old")
    assert sums(tmp_path) == "".join(f"{digest(tmp_path / name)}  {name}\n" for name in sorted(wheels))
    (tmp_path / "ab_c-1.1-py3-none-any.whl").touch()
    with pytest.raises(SystemExit, match=r"has ab-c in several versions: 1\.0, 1\.1"):
        requirements(tmp_path)


def test_the_tools_that_are_always_there_are_announced() -> None:
    assert EXTENSION["tools"] == [{"name": name, "description": tool.title} for name, tool in OWN.items()]


def test_the_same_files_make_the_same_bundle(tmp_path: Path) -> None:
    first, second = pack(ROOT, tmp_path / "a"), pack(ROOT, tmp_path / "b")
    assert first.name == f"uru-mcp-{EXTENSION['version']}.mcpb"
    assert digest(first) == digest(second)
    with ZipFile(first) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.compress_type for entry in entries} == {ZIP_STORED}


def test_the_whole_package_is_packed_and_what_it_takes_to_install_it(tmp_path: Path) -> None:
    with ZipFile(pack(ROOT, tmp_path)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
        assert len(held) == len(archive.namelist())
    package = {path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    project = tomllib.loads(held.pop("pyproject.toml").decode())
    expected = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in package}
    assert held == expected | {
        "manifest.json": (ROOT / MANIFEST).read_bytes(),
        ICON.name: (ROOT / ICON).read_bytes(),
        "README.md": (ROOT / "README.md").read_bytes(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        BUILD_BACKEND: (ROOT / BUILD_BACKEND).read_bytes(),
    }
    assert EXTENSION["server"]["entry_point"] in held
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert project["tool"].pop("uv") == {"constraint-dependencies": pins}
    assert project == tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def checkout_in(directory: Path) -> Path:
    """A checkout with what is packed, without the package's own files."""
    package = directory / "checkout" / PACKAGE
    package.mkdir(parents=True)
    for name in (str(MANIFEST), str(ICON), "pyproject.toml", "constraints.txt", "README.md", "LICENSE", BUILD_BACKEND):
        (directory / "checkout" / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, directory / "checkout" / name)
    return directory / "checkout"


def test_what_an_earlier_version_left_is_replaced_or_the_run_ends_in_one_sentence(tmp_path: Path) -> None:
    """Where `pip` fails, nothing is left that verifies, or from which the earlier version is installed."""
    checkout = checkout_in(tmp_path)
    dist, script = checkout / "dist", shutil.copy(ROOT / "bundle" / "pack.py", checkout / "bundle")

    def run(*options: str) -> tuple[int, str, set[str]]:
        ran = subprocess.run([sys.executable, script, *options], capture_output=True, encoding="utf-8", check=False)
        left = {path.relative_to(dist).as_posix() for path in dist.rglob("*") if path.is_file()}
        return ran.returncode, ran.stderr.splitlines()[-1], left

    kept = "wheels/cffi-1-cp312-cp312-other.whl"
    own = {"uru-mcp-0.0.9.mcpb", "wheels/uru_mcp-0.0.9-py3-none-any.whl", "wheels/requirements.txt", SUMS}
    (dist / "wheels").mkdir(parents=True)
    for name in (kept, *own):
        (dist / name).touch()
    status, said, left = run()
    assert (status, left) == (1, {kept, *own})
    assert "uru_mcp-0.0.9-py3-none-any.whl" in said
    (checkout / "pyproject.toml").write_text("of no project")
    status, said, left = run("--wheels")
    assert (status, left) == (1, {kept, f"uru-mcp-{EXTENSION['version']}.mcpb"})
    assert said.startswith("pip wheel failed, so dist/ is not complete")
    status, said, left = run()
    assert (status, left) == (0, {kept, f"uru-mcp-{EXTENSION['version']}.mcpb", SUMS})
    assert f"dist/uru-mcp-{EXTENSION['version']}.mcpb" in said


def test_wheels_of_other_machines_stay_while_they_have_the_pinned_version(tmp_path: Path) -> None:
    stay = {"jaraco_text-2-cp312-a.whl", "jaraco_text-2-cp311-b.whl", "not_pinned-1-py3-none-any.whl"}
    go = ["PyYAML-5.9-cp312-a.whl", "jaraco.text-1-cp312-a.whl"]
    for name in (*stay, *go):
        (tmp_path / name).touch()
    assert remove_outdated(tmp_path, "jaraco.text==2\npyyaml==6\n") == go
    assert {path.name for path in tmp_path.iterdir()} == stay


def test_nothing_else_is_packed_whatever_lies_around(tmp_path: Path) -> None:
    checkout = checkout_in(tmp_path)
    package = checkout / PACKAGE
    for name in ("__pycache__", "sandbox"):
        (package / name).mkdir()
    (package / "sandbox" / "kept.py").touch()
    for stray in (".env", "key.txt", "sandbox/uru.db", "__pycache__/gate.cpython-311.pyc", ".key.json.swp"):
        (package / stray).write_text(KEY)
    for stray in (".env", "key.json", "uru-audit.jsonl"):
        (checkout / stray).write_text(KEY)

    bundle = pack(checkout, tmp_path)
    with ZipFile(bundle) as archive:
        names = archive.namelist()
    expected = ["LICENSE", "README.md", BUILD_BACKEND, "icon.png", "manifest.json", "pyproject.toml"]
    assert sorted(names) == [*expected, "src/uru_mcp/sandbox/kept.py"]
    assert KEY.encode() not in bundle.read_bytes()
