"""Plain settings are read without pydantic, and to the same values."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.process import PYTHON
from uru_mcp.config.environment import PLAIN, is_plain, read_settings
from uru_mcp.config.variables import validated

PLAIN_VALUES = {name: st.from_regex(pattern, fullmatch=True) for name, pattern in PLAIN.items()}
KEY = "uru_test_0123456789"


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(
        {"URU_API_KEY": PLAIN_VALUES["URU_API_KEY"], "HOME": st.just("/home/ana")},
        optional={name: values for name, values in PLAIN_VALUES.items() if name != "URU_API_KEY"},
    )
)
def test_plain_settings_are_what_the_validation_makes_of_them(environ: dict[str, str]) -> None:
    assert is_plain(environ)
    assert read_settings(environ)._replace(managed=None) == validated(environ)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"URU_API_KEY": "sk-1"},
        {"URU_API_KEY": KEY, "URU_PERMISSION": "read"},
        {"URU_API_KEY": KEY, "URU_LOG_LEVEL": "loud"},
        {"URU_API_KEY": KEY, "URU_API_KEY_FILE": "/key"},
        {"URU_API_KEY": KEY, "URU_PROXY_URL": "http://uru.example.com"},
        {"URU_API_KEY": f"{KEY}\n"},
        {"URU_API_KEY": "uru_${URU_API_KEY}"},
    ],
)
def test_other_settings_are_validated(environ: dict[str, str]) -> None:
    assert not is_plain(environ)


def test_plain_settings_are_read_without_pydantic() -> None:
    code = (
        "import sys; from uru_mcp.config.environment import read_settings;"
        f" print(read_settings({{'URU_API_KEY': '{KEY}', 'URU_LOG_LEVEL': 'info'}}).log_level, *sys.modules)"
    )
    ran = subprocess.run([PYTHON, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.startswith("info ")
    assert "pydantic" not in ran.stdout
