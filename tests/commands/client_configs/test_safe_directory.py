"""Root in another user's home follows no link of that user, and nobody's own links are broken.

The files are real, of users that need not exist: root may give files away, and may act as another user for a moment.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.commands.test_install import file_of, install
from uru_mcp.commands.client_configs.file_writing import backups_of, keep, read, remove, replacing, write
from uru_mcp.errors import ConfigurationError

BOB, EVE = 12345, 23456
KEPT = b'{"theme": "dark"}'

pytestmark = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def home() -> Iterator[Path]:
    """Bob's, where others may pass through."""
    path = Path(tempfile.mkdtemp(prefix="uru-mcp-"))
    path.chmod(0o755)
    give(path)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of root's, in a directory of root's."""
    file = tmp_path / "etc" / "secret.json"
    file.parent.mkdir()
    file.write_bytes(KEPT)
    file.chmod(0o640)
    return file


def give(path: Path, owner: int = BOB) -> Path:
    os.chown(path, owner, owner, follow_symlinks=False)
    return path


def made(path: Path, data: bytes = KEPT, *, mode: int = 0o600, owner: int = BOB) -> Path:
    """A file of this owner, with the directories that it needs."""
    missing = [directory for directory in path.parents if not directory.exists()]
    for directory in reversed(missing):
        directory.mkdir()
        give(directory, owner)
    path.write_bytes(data)
    path.chmod(mode)
    return give(path, owner)


def linked(path: Path, target: Path | str, owner: int = BOB) -> Path:
    path.symlink_to(target)
    return give(path, owner)


@contextmanager
def acting_as(user: int) -> Iterator[None]:
    os.setegid(user)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def tree(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """Owner, mode and content of all that is in it."""
    found = {}
    for path in sorted(directory.rglob("*")):
        known = path.lstat()
        data = path.read_bytes() if stat.S_ISREG(known.st_mode) else b""
        found[str(path.relative_to(directory))] = (known.st_uid, stat.S_IMODE(known.st_mode), data)
    return found


@pytest.mark.parametrize("words", [["--sandbox"], ["--uninstall"], ["--sandbox", "--dry-run"]])
@pytest.mark.parametrize("planted", ["file", "directory", "relative", "chain", "to nothing"])
def test_a_planted_link_makes_root_write_nothing(planted: str, words: list[str], home: Path, secret: Path) -> None:
    if planted == "directory":
        secret = secret.rename(secret.with_name("mcp.json"))
        linked(home / ".cursor", secret.parent)
    else:
        give(made(home / ".cursor" / "x").parent)
        others: dict[str, Path | str] = {
            "relative": os.path.relpath(secret, home / ".cursor"),
            "chain": home / "second",
            "to nothing": secret.with_name("new.json"),
        }
        linked(home / "second", secret)
        linked(home / ".cursor" / "mcp.json", others.get(planted, secret))
    before = tree(secret.parent), tree(home)
    ran = install(home, "cursor", *words)
    assert ran.exit_code == 6, ran.output
    assert "is a link that another user controls, and was not followed. Nothing was written." in ran.output
    assert "Run this as the user whose configuration it is, without sudo." in ran.output
    assert KEPT.decode() not in ran.output
    assert (tree(secret.parent), tree(home)) == before


def test_a_link_of_root_in_a_directory_of_another_is_not_followed(home: Path, secret: Path) -> None:
    linked(home / ".claude.json", secret, owner=0)
    with pytest.raises(ConfigurationError, match="was not followed"):
        write(home / ".claude.json", b"{}")
    assert secret.read_bytes() == KEPT


def test_a_link_of_another_in_a_directory_of_root_is_not_followed(tmp_path: Path, secret: Path) -> None:
    link = linked(tmp_path / "mcp.json", secret)
    for touch in (read, remove, lambda path: write(path, b"{}")):
        with pytest.raises(ConfigurationError, match="was not followed"):
            touch(link)
    assert secret.read_bytes() == KEPT


def test_a_planted_backup_is_neither_read_nor_changed_nor_removed(home: Path, secret: Path) -> None:
    file = made(home / ".cursor" / "mcp.json", b"{}")
    for name in ("mcp.json.uru-mcp-backup", "mcp.json.uru-mcp-backup-2"):
        linked(file.with_name(name), secret)
    before = tree(secret.parent)
    for words in (["--sandbox"], ["--uninstall"]):
        assert install(home, "cursor", *words).exit_code == 0
    assert tree(secret.parent) == before
    assert file.read_bytes() == b"{}"
    assert [one.name for one in backups_of(file)] == []  # the third, which was made, gave back what it kept


@pytest.mark.parametrize("spoilt", ["mode", "owner", "hard link"])
def test_what_others_may_open_or_own_is_not_taken_for_the_backup(spoilt: str, home: Path) -> None:
    file = made(home / "mcp.json")
    planted = made(home / "mcp.json.uru-mcp-backup", mode=0o644 if spoilt == "mode" else 0o600)
    if spoilt == "owner":
        give(planted, EVE)
    if spoilt == "hard link":
        (home / "other-name").hardlink_to(planted)
    before = planted.stat()
    backup = keep(file, KEPT)
    assert backup.name == "mcp.json.uru-mcp-backup-2"
    assert (backup.stat().st_uid, stat.S_IMODE(backup.stat().st_mode)) == (BOB, 0o600)
    assert keep(file, KEPT) == backup
    assert (planted.stat().st_mode, planted.stat().st_uid) == (before.st_mode, before.st_uid)


def test_of_a_file_of_root_that_bob_has_by_another_name_he_gets_no_copy(home: Path, tmp_path: Path) -> None:
    """A hard link: nobody can tell it from the file, so all that is made of it belongs to the file's owner."""
    file = made(home / ".claude.json", owner=0)
    assert install(home, "claude-code", "--sandbox").exit_code == 0
    made_of_it = [path for path in home.iterdir() if path.is_file()]
    assert len(made_of_it) == 2
    assert {(path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) for path in made_of_it} == {(0, 0o600)}
    assert file in made_of_it


def test_root_may_still_write_what_bob_has_as_files(home: Path) -> None:
    file = made(file_of(home), mode=0o640)
    ran = install(home, "claude-desktop", "--sandbox")
    assert ran.exit_code == 0, ran.output
    backup = file.with_name(f"{file.name}.uru-mcp-backup")
    assert [(one.stat().st_uid, stat.S_IMODE(one.stat().st_mode)) for one in (file, backup)] == [
        (BOB, 0o640),
        (BOB, 0o600),
    ]
    assert backup.read_bytes() == KEPT
    new = file_of(home, "zed")
    assert install(home, "zed", "--sandbox").exit_code == 0
    assert [(one.stat().st_uid, stat.S_IMODE(one.stat().st_mode)) for one in (new, new.parent)] == [
        (BOB, 0o600),
        (BOB, 0o700),
    ]
    assert not [path.name for path in file.parent.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("kind", ["pipe", "directory", "socket"])
def test_what_is_no_file_holds_nobody_up_and_is_left(kind: str, home: Path) -> None:
    path = made(home / ".cursor" / "x").with_name("mcp.json")
    if kind == "directory":
        path.mkdir()
    else:
        os.mknod(path, 0o600 | (stat.S_IFIFO if kind == "pipe" else stat.S_IFSOCK))
    before = path.lstat()
    for touch in (read, lambda one: write(one, b"{}")):
        with pytest.raises(ConfigurationError, match="cannot be"):
            touch(path)
    assert path.lstat() == before


def test_a_key_file_is_not_written_through_a_link_of_another(home: Path, secret: Path) -> None:
    link = linked(home / "key", secret)
    with pytest.raises(ConfigurationError, match="was not followed"):
        write(link, b"uru_test_0123456789abcdef\n", mode=0o600)
    assert secret.read_bytes() == KEPT


def test_a_link_that_is_put_there_meanwhile_is_replaced_and_not_followed(home: Path, secret: Path) -> None:
    file = made(home / "mcp.json")
    before = tree(secret.parent)
    with replacing(file, b"{}"):
        file.unlink()
        linked(file, secret)
    assert (file.is_symlink(), file.read_bytes(), file.stat().st_uid) == (False, b"{}", BOB)
    assert tree(secret.parent) == before


def test_a_directory_that_is_swapped_for_a_link_meanwhile_is_still_the_one_that_is_written(
    home: Path, secret: Path
) -> None:
    file = made(home / ".cursor" / "mcp.json")
    before = tree(secret.parent)
    with replacing(file, b"{}"):
        file.parent.rename(home / "moved")
        linked(file.parent, secret.parent)
    assert (home / "moved" / "mcp.json").read_bytes() == b"{}"
    assert tree(secret.parent) == before


@pytest.mark.parametrize("way", ["file", "directory", "absolute", "chain"])
def test_links_that_a_user_made_for_his_own_files_go_on_working(way: str, home: Path) -> None:
    """As `stow` and other managers of dotfiles make them."""
    target = made(home / "dotfiles" / "cursor" / "mcp.json", b"{}", mode=0o644)
    if way == "directory":
        linked(home / ".cursor", "dotfiles/cursor")
    else:
        made(home / ".cursor" / "x")
        linked(home / "between", target)
        leads: dict[str, Path | str] = {"absolute": target, "chain": "../between"}
        linked(home / ".cursor" / "mcp.json", leads.get(way, "../dotfiles/cursor/mcp.json"))
    link = home / ".cursor" / "mcp.json"
    with acting_as(BOB):
        backup = keep(link, read(link))
        write(link, b'{"new": 1}')
    assert (home / ".cursor").is_symlink() or link.is_symlink()
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode), target.stat().st_uid) == (
        b'{"new": 1}',
        0o644,
        BOB,
    )
    assert (backup.parent, backup.read_bytes(), backup.stat().st_uid) == (link.parent, b"{}", BOB)


def test_a_directory_that_may_be_passed_through_but_not_listed_is_no_hindrance(home: Path) -> None:
    file = made(home / "closed" / "inside" / "mcp.json")
    (home / "closed").chmod(0o711)
    give(home / "closed", owner=0)
    with acting_as(BOB):
        write(file, b"{}")
    assert file.read_bytes() == b"{}"


def test_links_that_lead_around_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write(tmp_path / "a", b"{}")
    with suppress(FileNotFoundError):
        pytest.fail(str(read(tmp_path / "nothing" / "here")))
