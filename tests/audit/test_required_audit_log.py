"""Where the audit log is required, no call reaches Uru that is not on file first; without it, what is wrong is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from tests.world import Connect, Uru
from uru_mcp.audit.user_and_machine import machine, user

LOG_NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}
CLOSED = 0o500
IS_ROOT = os.geteuid() == 0


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines() if line.strip()]


def files_in(directory: Path) -> list[Path]:
    """All but the counts of requests, which stand beside the log."""
    return sorted(path for path in directory.rglob("*") if ".requests-" not in path.name)


def a_directory(file: Path) -> None:
    file.mkdir()


def in_no_directory(file: Path) -> None:
    file.parent.rmdir()


def a_pipe(file: Path) -> None:
    os.mkfifo(file)


def a_device(file: Path) -> None:
    file.symlink_to("/dev/full")


def a_link(file: Path) -> None:
    file.with_name("elsewhere").touch()
    file.symlink_to(file.with_name("elsewhere"))


def of_another_user(file: Path) -> None:
    file.touch()
    os.chown(file, 65_534, -1)


def read_only(file: Path) -> None:
    file.parent.chmod(CLOSED)


FAULTS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a directory": (a_directory, "is a directory", "or set URU_AUDIT_LOG to another file"),
    "a path with a slip": (in_no_directory, "its directory does not exist", "Create the directory "),
    "a pipe that nobody reads": (a_pipe, "", "or set URU_AUDIT_LOG to another file"),
    "a device": (a_device, "it is a symbolic link", "or set URU_AUDIT_LOG to another file"),
    "a link": (a_link, "it is a symbolic link", "or set URU_AUDIT_LOG to another file"),
    "another user's file": (of_another_user, "it belongs to another user", "Each user needs a separate file"),
    "a directory that is read-only": (read_only, "permission denied", "Let the user that uru-mcp runs as write"),
}


@pytest.mark.parametrize(("plant", "why", "fix"), FAULTS.values(), ids=FAULTS.keys())
async def test_what_keeps_it_from_being_written_is_told_and_what_is_required_is_refused(
    connect_once: Connect, uru: Uru, tmp_path: Path, plant: Callable[[Path], None], why: str, fix: str
) -> None:
    if (plant is of_another_user and not IS_ROOT) or (plant is read_only and IS_ROOT):
        pytest.skip("only root can give a file away, and only others can be kept out of a directory")
    file = tmp_path / "logs" / "audit.jsonl"
    file.parent.mkdir()
    plant(file)
    before = files_in(tmp_path)
    async with connect_once(AUDIT_LOG=str(file)) as claude:
        await claude.call("uru_execute", LOG_NOTE)
        (problem,) = (await claude.whoami())["problems"]
    assert (problem["code"], uru.notes) == ("audit_unavailable", ["hi"])
    assert problem["message"].startswith(
        f"Calls are not recorded, because the audit log {file} cannot be written: {why}"
    )
    assert fix in problem["fix"]

    async with connect_once(AUDIT_LOG=str(file), AUDIT_LOG_REQUIRED="true") as claude:
        sent = len(uru.sandbox.requests)
        error = await claude.error("uru_execute", LOG_NOTE)
        await claude.error("uru_search_tools", {"query": "mail"})
        with pytest.raises(MCPError, match="The audit log is required"):
            await claude.read("uru://contexts/ctx_acme_prices")
        assert [one.path for one in uru.sandbox.requests[sent:] if "execute" in one.path] == []
        assert claude.client.instructions is not None
        assert "the audit log, which is required, cannot be written" in claude.client.instructions
        assert (await claude.whoami())["problems"][0]["code"] == "audit_unavailable"
    assert error["code"] == "audit_unavailable"
    assert error["message"].startswith(f"The audit log is required, but {file} cannot be written: {why}")
    assert uru.notes == ["hi"]
    assert files_in(tmp_path) == before, "nothing is created"


async def test_without_a_file_what_is_required_is_refused(connect_once: Connect, uru: Uru) -> None:
    async with connect_once(AUDIT_LOG_REQUIRED="TRUE") as claude:
        error = await claude.error("uru_execute", LOG_NOTE)
        known = await claude.whoami()
    (problem,) = known["problems"]
    assert (problem["message"], known["state"]) == (error["message"], "audit_unavailable")
    assert "URU_AUDIT_LOG is not set" in error["message"]
    assert "such as ~/uru-audit.jsonl" in error["fix"]
    assert uru.notes == []


async def test_a_required_line_is_on_file_before_its_call_is_sent(connect: Connect, uru: Uru, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    async with connect(AUDIT_LOG=str(file), AUDIT_LOG_REQUIRED="true") as claude:
        await claude.call("uru_execute", LOG_NOTE)
        file.unlink()
        file.mkdir()
        await claude.error("uru_execute", LOG_NOTE)
        file.rmdir()
        await claude.call("uru_execute", LOG_NOTE)
    assert uru.notes == ["hi", "hi"]
    started, ended = lines(file)
    assert (started["outcome"], ended["outcome"]) == ("started", "ok")
    assert started["call"] == ended["call"]
    assert {one["tool"] for one in (started, ended)} == {"company_demo__LOG_NOTE"}
    assert {(one["user"], one["machine"]) for one in (started, ended)} == {(user(), machine())}
