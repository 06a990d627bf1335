"""The slow proofs can still be run; what they print is not looked at here."""

from __future__ import annotations

import pytest
from proofs.mutations import BREAKS, ROOT, Break


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.module)
def test_what_the_mutations_break_is_still_there(broken: Break) -> None:
    assert broken.right in (ROOT / "src" / "uru_mcp" / f"{broken.module}.py").read_text(encoding="utf-8")
    assert all((ROOT / "tests" / name).exists() for name in broken.tests.split())
