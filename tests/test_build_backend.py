"""With a Python that is too old, the build says so and how to go on, before anything is fetched."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from build_backend import python_version_check as backend

from tests.documents import DOCUMENTS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NEEDED = (3, 11)
UNHEARD_OF = 'requires-python = ">=3.99"\n'
OLDEST = (3, 6)


def test_the_backend_is_the_one_that_is_built_with_and_needs_nothing_first() -> None:
    assert PROJECT["build-system"] == {
        "requires": [],
        "build-backend": Path(backend.__file__).stem,
        "backend-path": [Path(backend.__file__).parent.name],
    }
    assert (ROOT / "setup.cfg").exists(), "else pip 21.2, which is macOS's, does not ask it about `-e`"


def test_a_new_enough_python_is_told_what_hatchling_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert backend.needed_version("pyproject.toml") == NEEDED
    assert backend.get_requires_for_build_wheel() == ["hatchling>=1.27,<2"]
    assert backend.get_requires_for_build_editable() == ["hatchling>=1.27,<2", "editables>=0.3,<1"]


def test_an_editable_install_is_offered_before_hatchling_is_there() -> None:
    """Source: `_supported_features` of pyproject-hooks, which pip asks before it installs what is needed."""
    assert "build_editable" in vars(backend)


HOOKS = [
    "get_requires_for_build_wheel",
    "get_requires_for_build_sdist",
    "get_requires_for_build_editable",
    "build_wheel",
]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_of_a_python_that_is_too_old_ends_with_the_way_out(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(UNHEARD_OF)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"uru-mcp needs Python 3\.99 or newer, and this is Python 3\.\d+:") as ended:
        getattr(backend, hook)()
    assert sys.executable in str(ended.value)
    assert f'-m venv --clear "{sys.prefix}"' in str(ended.value)


def test_the_python_that_is_named_is_one_that_makes_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, answer in (("python3.20", "exit 127"), ("python3.13", f'exec "{sys.executable}" "$@"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert backend.newer_python(NEEDED) == "python3.13", "3.20 is a shim of nothing"
    assert backend.newer_python((3, 14)) is None


@pytest.mark.parametrize(
    ("newer", "system", "command", "is_to_be_installed"),
    [("python3.12", "posix", "python3.12", False), (None, "posix", "python3", True), (None, "nt", "py -3", True)],
)
def test_the_command_fits_the_system(newer: str | None, system: str, command: str, is_to_be_installed: bool) -> None:
    said = backend.explanation(NEEDED, newer, system)
    assert f'    {command} -m venv --clear "{sys.prefix}"\n' in said
    assert ("Install a newer Python" in said) is is_to_be_installed


def test_an_old_python_can_read_it() -> None:
    source = Path(backend.__file__).read_text(encoding="utf-8")
    ast.parse(source, feature_version=OLDEST)
    assert "from __future__ import annotations" not in source, "3.6 does not know it"


def old_python() -> str | None:
    """One that is too old, if there is one on the PATH that is no shim of nothing."""
    for minor in range(7, NEEDED[1]):
        path = shutil.which(f"python3.{minor}")
        if path is not None and subprocess.call([path, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def test_a_real_old_python_says_it() -> None:
    old = old_python()
    if old is None:
        pytest.skip("there is no old Python here")
    hook = "import sys; sys.path.insert(0, 'build_backend'); import python_version_check as b; b.build_wheel('.')"
    ran = subprocess.run([old, "-B", "-c", hook], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ran.returncode == 1
    assert "uru-mcp needs Python 3.11 or newer, and this is Python 3." in ran.stderr


def test_the_readme_makes_each_environment_anew() -> None:
    made = re.findall(r"-m venv (.+?) &&", DOCUMENTS["README.md"])
    assert len(made) >= 3
    assert all(one.startswith("--clear ") for one in made), "without it, `venv` keeps the old Python"
