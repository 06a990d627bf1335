"""What the contracts of import-linter in `pyproject.toml` cannot say about the packages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "uru_mcp"
FILES = sorted(SOURCE.rglob("*.py"))
PACKAGES = [path.parent for path in FILES if path.name == "__init__.py"]


def modules_with(*texts: str) -> set[str]:
    return {
        path.relative_to(SOURCE).with_suffix("").as_posix()
        for path in FILES
        if any(text in path.read_text() for text in texts)
    }


def test_the_environment_is_read_in_one_file_and_looked_at_before_all_imports() -> None:
    assert modules_with("os.environ", "os.getenv", "getenv(") == {"config/environment", "__main__"}, (
        "__main__ only asks whether nothing can be wrong with it"
    )


def test_permissions_are_compared_in_the_gate_alone() -> None:
    assert modules_with("needs <=") == {"access/gate", "access/policy"}, (
        "policy: what a hint says of a tool, not whether a key may"
    )


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_says_what_it_is_for_and_imports_nothing_by_itself(package: Path) -> None:
    tree = ast.parse((package / "__init__.py").read_text())
    assert ast.get_docstring(tree)
    if package.parent == SOURCE and package.name != "sandbox":
        assert len(tree.body) == 1


def test_the_top_of_the_house_stays_small() -> None:
    assert len([path for path in SOURCE.iterdir() if path.is_dir() and (path / "__init__.py").exists()]) <= 16
    assert len([path for path in SOURCE.glob("*.py") if path.stem not in ("__init__", "__main__")]) <= 8


def test_no_file_is_too_long() -> None:
    for path in FILES:
        assert len(path.read_text().splitlines()) <= 300, path
