"""A fresh sandbox for every test, and people with keys for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.world import fresh_sandbox
from uru_mcp.sandbox import Sandbox

from .callers import Connect, connected


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    opened = fresh_sandbox()
    yield opened
    opened.close()


@pytest.fixture
def connect(sandbox: Sandbox) -> Connect:
    return partial(connected, sandbox)
