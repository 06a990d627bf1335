"""A patient for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.commands.doctor.patient import Patient
from tests.world import Uru
from uru_mcp.sandbox.serve import serving


@pytest.fixture
async def patient(uru: Uru, tmp_path: Path) -> AsyncIterator[Patient]:
    async with serving(uru.sandbox) as url:
        yield Patient(uru, url, tmp_path)
