"""The build backend: says in one sentence that this Python is too old, and otherwise leaves all to Hatchling.

Without it, `pip` of an old Python ends with “No matching distribution found” for the first package that needs a newer
one. `pyproject.toml` requires nothing for the build, so that this runs before anything is fetched; what Hatchling needs
is told afterwards. It is run by any Python 3, so it does without what is newer than 3.6.

Source: PEP 517, https://peps.python.org/pep-0517/, and PEP 660 for editable installs.
"""

import os
import re
import shutil
import subprocess
import sys
from typing import Any, List, Optional, Tuple

Version = Tuple[int, int]

HATCHLING = "hatchling>=1.27,<2"
EDITABLES = "editables>=0.3,<1"  # for an editable install, as Hatchling itself asks for it
NEWEST = 20  # the highest minor version that is looked for on the PATH


def get_requires_for_build_wheel(config_settings: Any = None) -> List[str]:
    stop_if_too_old()
    return [HATCHLING]


get_requires_for_build_sdist = get_requires_for_build_wheel


def get_requires_for_build_editable(config_settings: Any = None) -> List[str]:
    return [*get_requires_for_build_wheel(config_settings), EDITABLES]


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: Optional[str] = None) -> Any:
    """Defined here, since `pip` looks for it before it asks the hooks above, and so before Hatchling is there."""
    stop_if_too_old()
    import hatchling.build  # type: ignore[import-not-found]

    return hatchling.build.build_editable(wheel_directory, config_settings, metadata_directory)


def __getattr__(name: str) -> Any:
    """The hooks that build, which are Hatchling's own."""
    if name.startswith("_"):
        raise AttributeError(name)
    stop_if_too_old()
    # It is there only after the hooks above have asked for it.
    import hatchling.build

    return getattr(hatchling.build, name)


def stop_if_too_old() -> None:
    """Raises: SystemExit, with a message for the person who installs."""
    needed = needed_version("pyproject.toml")  # a build runs in the directory of the project
    if sys.version_info < needed:
        raise SystemExit("\n{}\n".format(explanation(needed, newer_python(needed), os.name)))


def needed_version(pyproject: str) -> Version:
    with open(pyproject, encoding="utf-8") as file:
        found = re.search(r'^requires-python = ">=(\d+)\.(\d+)"$', file.read(), re.MULTILINE)
    if found is None:
        raise SystemExit("pyproject.toml does not say which Python is required.")
    return int(found.group(1)), int(found.group(2))


def newer_python(needed: Version) -> Optional[str]:
    """The newest Python on the PATH that is new enough and can make virtual environments, by its name."""
    names = ("python{}.{}".format(needed[0], minor) for minor in range(NEWEST, needed[1] - 1, -1))
    return next((name for name in names if makes_environments(name)), None)


def makes_environments(name: str) -> bool:
    """It may be a pyenv shim of nothing, or Debian's without its package `python3-venv`."""
    path = shutil.which(name)
    if path is None:
        return False
    try:
        return subprocess.call([path, "-I", "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL, timeout=10) == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def explanation(needed: Version, newer: Optional[str], system: str) -> str:
    version = "{}.{}".format(*needed)
    lines = [
        "uru-mcp needs Python {} or newer, and this is Python {}.{}:".format(version, *sys.version_info[:2]),
        "    {}".format(sys.executable),
    ]
    if newer is None and system != "nt":
        lines.append("Install a newer Python, for example from https://www.python.org/downloads/.")
        newer = "python3"
    if system == "nt":
        lines.append("Install a newer Python, for example from https://www.python.org/downloads/, if there is none.")
        newer = "py -3"
    if sys.prefix != sys.base_prefix:
        lines += [
            "Then make this virtual environment again; without --clear, it keeps the old Python:",
            '    {} -m venv --clear "{}"'.format(newer, sys.prefix),
            "and run the command that installs uru-mcp once more.",
        ]
    return "\n".join(lines)
