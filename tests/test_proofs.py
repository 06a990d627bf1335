"""The slow proofs can still be run; what they print is not looked at here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mcp import Client
from proofs.conformance import BASELINE
from proofs.mutations import BREAKS, ROOT, Break
from proofs.screenshots import take_all
from proofs.stage import STAND_INS, staged

from tests.documents import DOCUMENTS
from tests.sandbox.web.browsing import NEEDS_CHROMIUM
from tests.world import ERAS, text_of


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.module)
def test_what_the_mutations_break_is_still_there(broken: Break) -> None:
    assert broken.right in (ROOT / "src" / "uru_mcp" / f"{broken.module}.py").read_text(encoding="utf-8")
    assert all((ROOT / "tests" / name).exists() for name in broken.tests.split())


def test_whatever_a_suite_may_find_amiss_has_its_reason() -> None:
    lines = [line.strip() for line in BASELINE.read_text(encoding="utf-8").splitlines()]
    entries = [line for line in lines if line.startswith("- ")]
    assert entries
    for entry in entries:
        check, _, reason = entry.partition("  # ")
        assert ":" in check, "a whole scenario would hide what else is in it"
        assert reason, entry


@pytest.mark.parametrize("era", ERAS)
async def test_what_suites_ask_for_by_names_of_their_own_is_on_the_stage(era: str) -> None:
    async with staged() as url, Client(url, mode=era) as client:
        assert text_of(await client.call_tool("test_simple_text", {}))
        assert (await client.call_tool("test_error_handling", {})).is_error
        assert (await client.get_prompt("test_simple_prompt")).messages
        for uri in (wanted for wanted, instead in STAND_INS.items() if "uri" in instead):
            assert (await client.read_resource(uri)).contents


@NEEDS_CHROMIUM
@pytest.mark.timeout(120)
async def test_the_pictures_of_the_documents_are_made_again_and_small(tmp_path: Path) -> None:
    made = await take_all(tmp_path)
    shown = re.findall(r"!\[.+\]\((.+)\)", DOCUMENTS["docs/sandbox.md"])
    assert [file.name for file in made] == shown
    for file in (*made, *(ROOT / "docs" / name for name in shown)):
        assert file.read_bytes().startswith(b"\x89PNG")
        assert file.stat().st_size < 150_000
