"""The demo says so where an administrator's policy would make it show something else."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from tests.config.policies import place, written
from uru_mcp.commands.demo import require_no_policy


@pytest.mark.parametrize(
    "content", ['permissions = ["read"]', 'base_urls = ["https://uru.example"]', "permissions = ["]
)
def test_the_demo_does_not_run_within_a_policy(content: str, tmp_path: Path) -> None:
    file = written(tmp_path, content)
    with pytest.raises(click.ClickException, match=file.path):
        require_no_policy(file)


def test_the_demo_runs_without_one_and_with_one_that_limits_nothing(tmp_path: Path) -> None:
    require_no_policy(place(tmp_path))
    require_no_policy(written(tmp_path, 'approvals = "ask"'))
