"""Packs the Claude Desktop extension: `python3 bundle/pack.py` writes `dist/uru-mcp-<version>.mcpb`.

With `--wheels`, it also writes `dist/wheels/`, from which `pip` installs without a network: the wheel of uru-mcp, those
of all that it and its extra `otel` need in the versions of `constraints.txt`, and `requirements.txt` with the hash of
each. They are for the kind of machine and the Python that packs; packed on another one into the same directory, its
wheels are added.
`dist/SHA256SUMS`, which is printed too, has the hash of every file in `dist/`.

What an earlier run left in `dist/` is replaced, whatever its version. `SHA256SUMS` and `requirements.txt` are deleted
first and written last, so a run that fails leaves nothing that verifies or that `pip` installs.

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
import re
import subprocess
import sys
import sysconfig
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
REQUIREMENTS = "requirements.txt"

ORDINARY_FILE = 0o100644
UNIX = 3


def pack(root: Path, directory: Path) -> Path:
    """Write the bundle of the checkout at `root` into a directory, and tell its path."""
    directory.mkdir(parents=True, exist_ok=True)
    for earlier in directory.glob("uru-mcp-*.mcpb"):
        earlier.unlink()
    bundle = directory / f"uru-mcp-{version_of(root)}.mcpb"
    with ZipFile(bundle, "w") as archive:
        for name, content in sorted(_contents(root)):
            entry = ZipInfo(name)  # of 1980, stored as it is
            entry.create_system, entry.external_attr = UNIX, ORDINARY_FILE << 16
            archive.writestr(entry, content)
    return bundle


def version_of(root: Path) -> str:
    return str(json.loads((root / MANIFEST).read_bytes())["version"])


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
    """Write the wheels and their `requirements.txt` into a directory.

    Raises: SystemExit if `pip` fails, or if a package is there in several versions.
    """
    (directory / REQUIREMENTS).unlink(missing_ok=True)
    for earlier in directory.glob("uru_mcp-*.whl"):
        earlier.unlink()
    _pip("wheel", "--no-deps", "--wheel-dir", directory, root)
    own = [path.name for path in directory.glob(f"uru_mcp-{version_of(root)}-*.whl")]
    if len(own) != 1:
        raise SystemExit(f"{MANIFEST} has version {version_of(root)}, but the package does not: correct one of them.")
    pins = root / "constraints.txt"
    _pip("download", "--only-binary", ":all:", "--constraint", pins, "--dest", directory, f"{directory / own[0]}[otel]")
    if removed := remove_outdated(directory, pins.read_text(encoding="utf-8")):
        print(f"Deleted, since constraints.txt has other versions: {', '.join(removed)}.", file=sys.stderr)
        print("If they were for other kinds of machines, pack there again into a copy of this dist/.", file=sys.stderr)
    (directory / REQUIREMENTS).write_bytes(requirements(directory).encode())


def _pip(command: str, *options: str | Path) -> None:
    ran = subprocess.run([sys.executable, "-m", "pip", command, "--quiet", *options], check=False)
    if ran.returncode:
        raise SystemExit(f"pip {command} failed, so dist/ is not complete: see above, and run this again.")


def remove_outdated(directory: Path, pins: str) -> list[str]:
    """Delete the wheels of packages that are pinned to another version, and tell their names."""
    pinned = {_normal(name): version for name, _, version in (pin.partition("==") for pin in pins.split())}
    removed = []
    for wheel in sorted(directory.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        if pinned.get(_normal(name), version) != version:
            wheel.unlink()
            removed.append(wheel.name)
    return removed


def _normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(directory: Path) -> str:
    """What `pip install --require-hashes` reads: each package once, with the hashes of all of its wheels."""
    hashes: dict[str, dict[str, list[str]]] = {}
    for wheel in sorted(directory.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        hashes.setdefault(_normal(name), {}).setdefault(version, []).append(digest(wheel))
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
    directory, version = ROOT / "dist", version_of(ROOT)
    wheels = directory / WHEELS
    if not options and (others := [path.name for path in wheels.glob("uru_mcp-*") if _is_other(path, version)]):
        raise SystemExit(f"dist/wheels/ has {others[0]}, and this is {version}: add --wheels, or delete dist/ first.")
    (directory / SUMS).unlink(missing_ok=True)
    bundle = pack(ROOT, directory)
    if options:
        pack_wheels(ROOT, wheels)
    hashes = sums(directory)
    (directory / SUMS).write_bytes(hashes.encode())
    print(hashes, end="", flush=True)
    print(f"Next: {_next_step(bundle, has_wheels=bool(options))}", file=sys.stderr)


def _is_other(wheel: Path, version: str) -> bool:
    return not wheel.name.startswith(f"uru_mcp-{version}-")


def _next_step(bundle: Path, *, has_wheels: bool) -> str:
    if not has_wheels:
        return f"open dist/{bundle.name} with Claude Desktop, or hand it on with its SHA-256."
    kind = f"Python {sys.version_info.major}.{sys.version_info.minor} on {sysconfig.get_platform()}"
    return (
        f"copy dist/ to the machines with {kind}, hand on SHA256SUMS by another way, "
        "and go on with “Install on each machine” in docs/teams.md."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
