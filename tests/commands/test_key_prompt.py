"""A person at a terminal is asked for a key, told what is wrong with it, and asked again."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

import pytest

from tests.commands.terminal import KEY_PROMPT, talk_with
from tests.commands.test_install import STRANGER, entry_of, file_of
from tests.time_limits import WITHIN
from tests.world import Uru
from uru_mcp.commands.key_prompt import unseen_typing
from uru_mcp.sandbox.serve import serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")


async def test_a_key_that_was_mistyped_twice_is_taken_at_the_third_try_and_not_shown(uru: Uru, tmp_path: Path) -> None:
    key = uru.key().text
    typed = [(KEY_PROMPT, "sk-1234\n"), (KEY_PROMPT, f"{STRANGER}\n"), (KEY_PROMPT, f'URU_API_KEY="{key}"\n')]
    async with serving(uru.sandbox) as url:
        code, seen = await talk_with(url, tmp_path, typed)
    assert code == 0, seen
    assert "That is not an API key: it does not start with uru_." in seen
    assert "This key was refused: Uru does not know this API key." in seen
    assert entry_of(tmp_path)["env"] == {"URU_API_KEY": key, "URU_PROXY_URL": url}
    assert not any(text in seen for text in (key, STRANGER, "sk-1234", "URU_API_KEY", "Warning"))


async def test_after_three_tries_it_ends_and_says_what_to_do(uru: Uru, tmp_path: Path) -> None:
    typed = [(KEY_PROMPT, "\n"), (KEY_PROMPT, "uru_\n"), (KEY_PROMPT, f"{STRANGER}\n")]
    async with serving(uru.sandbox) as url:
        code, seen = await talk_with(url, tmp_path, typed)
    assert code == 4, seen
    assert "it is empty." in seen
    assert "it is too short." in seen
    assert "None of 3 tries was a key that Uru accepts. Nothing was written." in seen
    assert not file_of(tmp_path).exists()


async def test_enter_keeps_the_key_of_the_entry(uru: Uru, tmp_path: Path) -> None:
    key, new = uru.key().text, uru.key().text
    async with serving(uru.sandbox) as url:
        await talk_with(url, tmp_path, [(KEY_PROMPT, f"{key}\n")])
        kept = await talk_with(url, tmp_path, [(f"API key (Enter keeps …{key[-4:]}): ", "\n")])
        assert (kept[0], entry_of(tmp_path)["env"]["URU_API_KEY"]) == (0, key), kept
        changed = await talk_with(url, tmp_path, [("): ", f"{new}\n")])
    assert (changed[0], entry_of(tmp_path)["env"]["URU_API_KEY"]) == (0, new), changed


async def test_a_key_file_with_a_deleted_key_asks_for_the_new_one(uru: Uru, tmp_path: Path) -> None:
    old, new = uru.key(), uru.key().text
    file = tmp_path / "key"
    file.write_text(old.text)
    uru.sandbox.keys.delete(old.record.id)
    typed = [(KEY_PROMPT, f"{new}\n")]
    async with serving(uru.sandbox) as url:
        code, seen = await talk_with(url, tmp_path, typed, "--key-file", str(file))
        assert code == 0, seen
        assert f"The key in {file}: This API key was deleted in Uru." in seen
        assert file.read_text() == f"{new}\n"
        assert entry_of(tmp_path)["env"] == {"URU_API_KEY_FILE": str(file), "URU_PROXY_URL": url}


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("y\n", 0)])
async def test_without_an_answer_of_uru_the_person_decides(answer: str, code: int, uru: Uru, tmp_path: Path) -> None:
    key = uru.key().text
    uru.faults.status("/", 429, headers={"retry-after": "60"})
    async with serving(uru.sandbox) as url:
        ran, seen = await talk_with(url, tmp_path, [("anyway?", answer)], URU_API_KEY=key)
    assert ran == code, seen
    assert f"The key …{key[-4:]} could not be checked." in seen
    assert file_of(tmp_path).exists() == (code == 0)


def test_what_is_typed_while_the_key_is_checked_is_neither_shown_nor_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with open(theirs) as terminal:  # noqa: PTH123 (a descriptor)
        monkeypatch.setattr(sys, "stdin", terminal)
        with unseen_typing():
            os.write(ours, f"{STRANGER}\n".encode())
            assert select.select([theirs], [], [], WITHIN)[0], "the line has come"
        os.write(ours, b"n\n")
        assert terminal.readline() == "n\n"
        assert os.read(ours, 4096) == b"n\r\n"
    os.close(ours)
