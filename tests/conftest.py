"""A fresh Uru for every test, and a Claude with a key for it."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import forks
from tests.world import ERAS, Connect, Uru, connector

os.environ.pop("COLUMNS", None)  # which pytest-xdist sets; what the commands print has no width then

# The same examples in each run, so that a run that fails fails again; `--hypothesis-profile default` looks for others.
settings.register_profile("stable", derandomize=True, max_examples=100, deadline=None)
settings.load_profile("stable")


def pytest_collection_finish() -> None:
    """Let no pass of the garbage collector look at modules and tests, which all live as long as the process."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    forks.end_server()


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """What a command sets for its whole process ends with the test that ran it in this one."""
    root, own = logging.getLogger(), logging.getLogger("uru_mcp")
    handlers, levels, disabled = root.handlers[:], (root.level, own.level), root.manager.disable
    yield
    root.handlers[:] = handlers
    logging.disable(disabled)
    for logger, level in zip((root, own), levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def uru() -> Iterator[Uru]:
    world = Uru.open()
    yield world
    world.close()


@pytest.fixture(params=ERAS)
def connect(uru: Uru, request: pytest.FixtureRequest) -> Connect:
    """`async with connect(permissions={"read"}) as claude:`, once in each protocol era."""
    return connector(uru, str(request.param))


@pytest.fixture
def connect_once(uru: Uru) -> Connect:
    """The same in the handshake era only, for what has nothing to do with the protocol."""
    return connector(uru, "legacy")
