"""A key is understood as people paste it, and what is no key is refused in words that do not repeat it."""

from __future__ import annotations

import pytest

from uru_mcp.credentials.api_key import read_key

KEY = "uru_test_0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f'"{KEY}"',
        f"\u201c{KEY}\u201d",
        f"`{KEY}`",
        f'"{KEY}',
        f"  {KEY}\r\n",
        f"Bearer {KEY}",
        f'bearer "{KEY}"',
        f"Authorization: Bearer {KEY}",
        f"-H 'Authorization: Bearer {KEY}'",
        f"X-API-Key: {KEY}",
        f"API key: {KEY}",
        f"URU_API_KEY={KEY}",
        f"URU_API_KEY = '{KEY}' ;",
        f'export URU_API_KEY="{KEY}"',
        f"set URU_API_KEY={KEY}",
        f'setx URU_API_KEY "{KEY}"',
        f"$env:URU_API_KEY = '{KEY}'",
        f'"URU_API_KEY": "{KEY}",',
        f'{{"URU_API_KEY": "{KEY}"}}',
        f"uru_api_key: {KEY}",
        f"\x1b[200~{KEY}\x1b[201~",
        f"\u200b{KEY}\ufeff",
    ],
)
def test_what_is_around_a_key_is_taken_off(text: str) -> None:
    assert read_key(text).reveal() == KEY


@pytest.mark.parametrize("key", ["uru_live/0123456789+==", "uru_0123456789abcdef.", "uru_bearer_0123456789"])
def test_a_key_with_other_characters_stays_whole(key: str) -> None:
    assert read_key(key).reveal() == key


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ('""', "it is empty"),
        ("uru_secret", "it is too short"),
        ("sk-0123456789secret", "it does not start with uru_"),
        ("Bearer secret-0123456789", "it does not start with uru_"),
        (f"{KEY} secret", "it holds spaces"),
        ("uru_s\u0435cret0123456789", "it holds a character that no key has"),
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        read_key(text)
    assert "secret" not in str(refused.value)
