"""A person's files are replaced whole or not at all, and copies are kept."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from uru_mcp.commands.client_configs.file_writing import backups_of, is_open_to_others, keep, write
from uru_mcp.errors import ConfigurationError

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@POSIX
def test_a_new_file_and_its_directories_are_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "Claude" / "configuration.json"
    write(file, b"{}")
    assert (file.read_bytes(), mode(file), mode(file.parent)) == (b"{}", 0o600, 0o700)
    assert not is_open_to_others(file)
    assert [*file.parent.iterdir()] == [file]


@POSIX
def test_a_file_keeps_its_mode_and_its_copy_is_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "configuration.json"
    file.write_bytes(b"old")
    file.chmod(0o644)
    backup = keep(file, b"old")
    write(file, b"new")
    assert (mode(file), mode(backup), backup.read_bytes()) == (0o644, 0o600, b"old")
    assert is_open_to_others(file)


@POSIX
def test_a_link_stays_a_link_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "dotfiles.json", tmp_path / "configuration.json"
    target.write_bytes(b"old")
    link.symlink_to(target.name)
    write(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_copies_are_counted_and_an_equal_one_serves_again(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    first, second = keep(file, b"1"), keep(file, b"2")
    assert [first.name, second.name] == ["c.json.uru-mcp-backup", "c.json.uru-mcp-backup-2"]
    assert keep(file, b"1") == first
    first.unlink()
    assert keep(file, b"3").name == "c.json.uru-mcp-backup-3"
    (tmp_path / "c.json.uru-mcp-backup-of-mine").write_text("mine")
    assert [one.read_bytes() for one in backups_of(file)] == [b"3", b"2"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_where_nothing_may_be_written_nothing_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "configuration.json"
    file.write_bytes(b"old")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ConfigurationError, match=r"cannot be written: Permission denied\. It is as it was\."):
            write(file, b"new")
    finally:
        tmp_path.chmod(0o700)
    assert [(one, one.read_bytes()) for one in tmp_path.iterdir()] == [(file, b"old")]


def test_where_a_directory_is_a_file_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "Claude").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write(tmp_path / "Claude" / "configuration.json", b"{}")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root may give files away")
def test_what_root_writes_belongs_to_whom_the_file_or_its_directory_belonged(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "home" / "configuration.json"
    home.mkdir()
    file.write_bytes(b"old")
    for one, owner in ((home, 4242), (file, 4343)):
        os.chown(one, owner, owner)
    write(file, b"new")
    new = home / ".config" / "Claude" / "new.json"
    write(new, b"{}")
    made = (file, keep(file, b"old"), new, new.parent, new.parent.parent)
    assert [(one.stat().st_uid, one.stat().st_gid) for one in made] == [(4343, 4343), (4343, 4343), *[(4242, 4242)] * 3]


@POSIX
def test_of_what_lies_beside_a_file_only_its_copies_are_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    backup = keep(file, b"1")
    (tmp_path / "unreadable").symlink_to("x" * 300)
    assert backups_of(file) == [backup]
