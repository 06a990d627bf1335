"""Writes a file that a command was told to make, and never over another one by accident."""

from __future__ import annotations

import stat
from pathlib import Path

from uru_mcp.commands.client_configs.safe_directory import OWNER_ALONE, opened, unused_name
from uru_mcp.errors import ConfigurationError, UruError


def refuse_if_there(path: Path, *, force: bool) -> None:
    """Raises: `ConfigurationError` if a file would be overwritten, or a link followed."""
    try:
        with opened(path, follow=False) as (directory, name):
            found = directory.look(name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot_be_written(path, error) from error
    if found is None:
        return
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(
            f"{path} is not a regular file, and links are not followed.", fix="Choose another name."
        )
    if not force:
        raise ConfigurationError(f"{path} exists.", fix="Choose another name, or add --force to replace it.")


def write_new_file(path: Path, text: str, *, force: bool) -> None:
    """Write the text atomically, readable only by its owner.

    Raises: `ConfigurationError`; an existing file is then unchanged.
    """
    refuse_if_there(path, force=force)
    try:
        with opened(path, make=True, follow=False) as (directory, name):
            new = unused_name(name) if force else name
            directory.create(new, text.encode(), like=directory.owner(), mode=OWNER_ALONE)
            if force:
                directory.replace(new, name)
    except OSError as error:
        raise _cannot_be_written(path, error) from error


def _cannot_be_written(path: Path, error: OSError) -> UruError:
    return ConfigurationError(f"{path} cannot be written: {error.strerror}.", fix="Choose a file that you may write.")
