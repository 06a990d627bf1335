"""A policy that may be somebody else's, or that is not understood, allows nothing: no call is sent."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.config.policies import of_another, place, written
from tests.world import Connect, Uru
from uru_mcp.config.environment import read_settings
from uru_mcp.config.policy_file import LIMIT, NOBODY, PolicyFile
from uru_mcp.errors import SettingsError
from uru_mcp.server.early_stdin import is_certain

GOOD = 'permissions = ["read", "write", "execute"]\n'
KEY = {"URU_API_KEY": "uru_test_0123456789"}
LOG_NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}

Spoil = Callable[[Path], object]


def moved(path: Path) -> Path:
    """Where the file or directory of this path is now."""
    return path.rename(path.with_name("elsewhere"))


def linked(path: Path) -> None:
    path.symlink_to(moved(path))


def replaced(make: Spoil) -> Spoil:
    def spoil(path: Path) -> None:
        path.unlink()
        make(path)

    return spoil


def with_a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def without_file(mode: int) -> Spoil:
    """A directory that others may write to: whoever can put a file there could have taken the policy away."""

    def spoil(path: Path) -> None:
        path.unlink()
        path.parent.chmod(mode)

    return spoil


PLACES: dict[str, Spoil] = {
    "its group may write it": lambda path: path.chmod(0o664),
    "everybody may write it": lambda path: path.chmod(0o646),
    "the group may write to its directory": lambda path: path.parent.chmod(0o775),
    "everybody may write to its directory": lambda path: path.parent.chmod(0o757),
    "its directory is like /tmp": lambda path: path.parent.chmod(0o1777),
    "everybody may write above its directory": lambda path: path.parent.parent.chmod(0o777),
    "everybody may write at the root": lambda path: path.parent.parent.parent.chmod(0o1777),
    "it is a link": linked,
    "it is a link to nothing": replaced(lambda path: path.symlink_to("/nowhere")),
    "its directory is a link": lambda path: linked(path.parent),
    "its directory's directory is a link": lambda path: linked(path.parent.parent),
    "it is a pipe": replaced(lambda path: os.mkfifo(path, 0o644)),
    "it is a directory": replaced(lambda path: path.mkdir(0o755)),
    "it is a socket": replaced(with_a_socket),
    "its directory is a file": lambda path: (moved(path.parent), path.parent.write_text(GOOD)),
    "the directory that lacks it is everybody's": without_file(0o777),
    "the directory that lacks it is like /tmp": without_file(0o1777),
}
CONTENTS: dict[str, str | bytes] = {
    "it is empty": "",
    "it has only a comment": "# permissions = ['read']\n",
    "it is too long": GOOD + "#" * LIMIT,
    "it has a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "it is UTF-16": GOOD.encode("utf-16"),
    "it is Latin-1": f"{GOOD}# für alle\n".encode("latin-1"),
    "it is no TOML": "permissions: [read]\n",
    "it has a null character": f"{GOOD}\0",
    "it is nested too deeply": f"tools = {'[' * 20_000}",
    "it has a member twice": GOOD + GOOD,
    "it has an unknown member": GOOD + 'tool = ["*"]\n',
    "its members are in a table": f"[policy]\n{GOOD}",
    "its member is in capitals": 'PERMISSIONS = ["read"]\n',
    "its permissions are a text": 'permissions = "read"\n',
    "its permissions are none": "permissions = []\n",
    "its permissions are unknown": 'permissions = ["read", "admin"]\n',
    "its permissions are spelt otherwise": 'permissions = ["Read"]\n',
    "its permissions are there twice": 'permissions = ["read", "read"]\n',
    "its permissions are a list of lists": 'permissions = [["read"]]\n',
    "its tools are none": "tools = []\n",
    "its tools are true": "tools = true\n",
    "one of its tools is no pattern": 'tools = ["*", "!stripe"]\n',
    "one of its tools is two": 'tools = ["*,!stripe_*"]\n',
    "one of its tools is blank": 'tools = [" "]\n',
    "it never confirms": 'confirm = ["never"]\n',
    "its approvals are unknown": 'approvals = "nobody"\n',
    "its approvals are a list": 'approvals = ["person"]\n',
    "its audit log is required by a text": 'audit_log_required = "true"\n',
    "its audit log is required by a number": "audit_log_required = 1\n",
    "one of its addresses is not encrypted": 'base_urls = ["http://uru.example"]\n',
    "one of its addresses is none": 'base_urls = ["mcp.uruintelligence.com"]\n',
    "one of its addresses has a password": 'base_urls = ["https://a:b@uru.example"]\n',
}


def spoilt(case: str, start: Path) -> PolicyFile:
    file = written(start, CONTENTS.get(case, GOOD))
    if case in PLACES:
        PLACES[case](Path(file.path))
    return file if case != "it is another user's" else of_another(file)


WRONG_WAYS = ["it is another user's", *PLACES, *CONTENTS]


@pytest.mark.parametrize("case", WRONG_WAYS)
async def test_a_policy_that_cannot_be_used_allows_nothing_and_says_who_can_mend_it(
    case: str, uru: Uru, connect_once: Connect, tmp_path: Path
) -> None:
    file = spoilt(case, tmp_path)
    async with connect_once(policy=file) as claude:
        assert [*await claude.tools()] == ["uru_whoami"]
        error = await claude.error("uru_execute", LOG_NOTE)
        report = await claude.whoami()
    assert error["code"] == report["state"] == "not_configured"
    assert f"The policy {file.path} cannot be used" in report["problems"][0]["message"]
    assert "Ask the administrator" in report["problems"][0]["fix"]
    assert report["permissions"]["effective"] == []
    assert (uru.sent("/"), uru.notes) == (0, [])


async def test_the_same_policy_unspoilt_lets_calls_through(uru: Uru, connect_once: Connect, tmp_path: Path) -> None:
    async with connect_once(policy=written(tmp_path, GOOD)) as claude:
        await claude.data("uru_execute", LOG_NOTE)
    assert uru.notes == ["hi"]


def test_every_fault_of_a_policy_and_of_the_environment_is_told(tmp_path: Path) -> None:
    file = written(tmp_path, 'permissions = ["reed"]\nconfirm = []\n')
    with pytest.raises(SettingsError) as raised:
        read_settings({**KEY, "URU_APPROVALS": "both"}, file)
    assert [problem.details["variable"] for problem in raised.value.problems] == ["policy", "policy", "URU_APPROVALS"]


def test_there_is_no_policy_where_there_is_no_file_nor_directory_for_it(tmp_path: Path) -> None:
    file = place(tmp_path)
    assert read_settings(KEY, file).policy is None
    Path(file.path).parent.mkdir(parents=True, mode=0o755)
    assert read_settings(KEY, file).policy is None


@pytest.mark.skipif(os.getuid() == 0, reason="root may read all files")
def test_a_policy_that_may_not_be_read_is_one(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    Path(file.path).chmod(0o200)
    with pytest.raises(SettingsError, match="permission denied"):
        read_settings(KEY, file)


def test_initialize_is_not_answered_before_a_policy_is_read(tmp_path: Path) -> None:
    file = place(tmp_path)
    assert is_certain(KEY, file)
    assert not is_certain(KEY, written(tmp_path, GOOD))


@pytest.mark.parametrize(
    ("case", "fix"),
    [("it is a link", "policy.toml by the file itself"), ("its directory is a link", "uru-mcp by a directory")],
)
def test_a_link_is_told_with_what_has_to_be_there(case: str, fix: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings(KEY, spoilt(case, tmp_path))
    assert fix in raised.value.problems[0].fix


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
def test_where_root_is_not_known_nobody_is_told_to_run_chown(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    os.chown(tmp_path, NOBODY, -1)
    with pytest.raises(SettingsError) as raised:
        read_settings(KEY, file)
    assert "unshare -r" in raised.value.problems[0].fix
    assert "chown" not in raised.value.problems[0].fix


@pytest.mark.parametrize("case", ["it is a pipe", "it is a directory"])
def test_what_is_no_file_is_not_read(case: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="it is not a regular file"):
        read_settings(KEY, spoilt(case, tmp_path))
