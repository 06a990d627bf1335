"""Packs the Claude Desktop extension: `python3 bundle/pack.py` writes `dist/uru-mcp-<version>.mcpb`.

With `--wheels`, it also writes `dist/wheels/`, from which `pip` installs without a network: the wheel of uru-mcp, those
of all that it and its extra `otel` need in the versions of `constraints.txt`, and `requirements.txt` with the hash of
each. They are for the kind of machine and the Python that packs; packed on another one into the same directory, its
wheels are added.
`dist/SHA256SUMS`, which is printed too, has the hash of every file in `dist/`.

Files are named here one by one or by kind, so that nothing else gets in, whatever lies around in the checkout. The
same files make the same bytes on every machine: in order, of one time, and not compressed, since compressors differ.

The extension is of the type `uv`: the client's own `uv` reads `pyproject.toml`, gets Python and the packages, and runs
the manifest's arguments. So that these are the versions that the tests run with, `constraints.txt` goes along.

Claude Desktop takes the `uv` that it brings along, whatever the manifest's command says, so the arguments are those of
`uv` itself. They do not ask for compiled bytecode: Python writes it at the first start, and `uv` would look through all
packages at every one.

Source: MANIFEST.md of https://github.com/modelcontextprotocol/mcpb, “UV Runtime”, and
https://github.com/oogunbiyi21/stats-compass-mcp/issues/2 for whose `uv` runs.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile, ZipInfo

ROOT = Path(__file__).parent.parent
MANIFEST = Path("bundle", "manifest.json")  # in the checkout; in the bundle it is at the top
ICON = Path("bundle", "icon.png")
PACKAGE = Path("src", "uru_mcp")
BUILD_BACKEND = "build_backend/python_version_check.py"  # with which `uv` installs the package

BESIDES = ("README.md", "LICENSE", BUILD_BACKEND)
KINDS = frozenset({".css", ".html", ".js", ".json", ".md", ".py", ".sql", ".svg", ".toml", ".typed"})  # of our package

WHEELS = "wheels"
SUMS = "SHA256SUMS"

ORDINARY_FILE = 0o100644
UNIX = 3


def pack(root: Path, directory: Path) -> Path:
    """Write the bundle of the checkout at `root` into a directory, and tell its path."""
    manifest = json.loads((root / MANIFEST).read_bytes())
    directory.mkdir(parents=True, exist_ok=True)
    bundle = directory / f"{manifest['name']}-{manifest['version']}.mcpb"
    with ZipFile(bundle, "w") as archive:
        for name, content in sorted(_contents(root)):
            entry = ZipInfo(name)  # of 1980, stored as it is
            entry.create_system, entry.external_attr = UNIX, ORDINARY_FILE << 16
            archive.writestr(entry, content)
    return bundle


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _contents(root: Path) -> Iterator[tuple[str, bytes]]:
    yield "manifest.json", (root / MANIFEST).read_bytes()
    yield ICON.name, (root / ICON).read_bytes()
    yield "pyproject.toml", (root / "pyproject.toml").read_bytes() + _constraints(root)
    for name in BESIDES:
        yield name, (root / name).read_bytes()
    for path in (root / PACKAGE).rglob("*"):
        if path.is_file() and path.suffix in KINDS:
            yield path.relative_to(root).as_posix(), path.read_bytes()


def _constraints(root: Path) -> bytes:
    """What `uv` reads of `constraints.txt`, which it does not find by itself."""
    pins = (root / "constraints.txt").read_text(encoding="utf-8").split()
    return f"\n[tool.uv]\nconstraint-dependencies = {json.dumps(pins)}\n".encode()


def pack_wheels(root: Path, directory: Path) -> None:
    """Write the wheels and their `requirements.txt` into a directory. Raises: SystemExit if one is there twice."""
    constraints, pip = root / "constraints.txt", (sys.executable, "-m", "pip")
    subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", directory, root], check=True)
    (own,) = directory.glob("uru_mcp-*.whl")
    options = ("--only-binary", ":all:", "--constraint", constraints, "--dest", directory)
    subprocess.run([*pip, "download", "--quiet", *options, f"{own}[otel]"], check=True)
    (directory / "requirements.txt").write_bytes(requirements(directory).encode())


def requirements(directory: Path) -> str:
    """What `pip install --require-hashes` reads: each package once, with the hashes of all of its wheels."""
    hashes: dict[str, dict[str, list[str]]] = {}
    for wheel in sorted(directory.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        hashes.setdefault(name.replace("_", "-").lower(), {}).setdefault(version, []).append(digest(wheel))
    for name, versions in hashes.items():
        if len(versions) > 1:
            raise SystemExit(f"{directory} has {name} in several versions: {', '.join(versions)}. Empty it first.")
    lines = [
        " \\\n    ".join([f"{name}=={version}", *(f"--hash=sha256:{one}" for one in found)])
        for name, versions in hashes.items()
        for version, found in versions.items()
    ]
    return "\n".join(lines) + "\n"


def sums(directory: Path) -> str:
    """What `sha256sum --check` reads, of every file in the directory."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(f"{digest(path)}  {path.relative_to(directory).as_posix()}\n" for path in files)


def main(options: list[str]) -> None:
    if options not in ([], ["--wheels"]):
        raise SystemExit("Usage: python3 bundle/pack.py [--wheels]")
    directory = ROOT / "dist"
    pack(ROOT, directory)
    if options:
        pack_wheels(ROOT, directory / WHEELS)
    hashes = sums(directory)
    (directory / SUMS).write_bytes(hashes.encode())
    print(hashes, end="")


if __name__ == "__main__":
    main(sys.argv[1:])
