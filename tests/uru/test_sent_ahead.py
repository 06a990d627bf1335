"""What is sent ahead is sent once, and serves the first request for the same with the same key."""

from __future__ import annotations

import pytest

from tests.process import served
from tests.world import Uru, connection, until
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import KeyRefused
from uru_mcp.permissions import Permission
from uru_mcp.sandbox.serve import serving
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.api import UruClient

WITHIN = 20.0


async def test_each_request_is_sent_once_and_answers_only_the_first_that_asks(uru: Uru) -> None:
    made = uru.key().text
    async with serving(uru.sandbox) as url, connection(url, made) as opened, opened.sending_ahead():
        client = UruClient(opened, Redaction())
        await until(lambda: len(uru.sandbox.requests) == 3)
        record = await client.key_record(Key(made), within=WITHIN)
        namespaces = await client.namespaces(within=WITHIN)
        assert len(uru.sandbox.requests) == 3
        assert await client.key_record(Key(made), within=WITHIN) == record
        assert await client.namespaces(within=WITHIN) == namespaces
        assert len(uru.sandbox.requests) == 5


async def test_another_key_gets_an_answer_of_its_own(uru: Uru) -> None:
    made, other = uru.key({"read"}).text, uru.key({"execute"}).text
    async with serving(uru.sandbox) as url, connection(url, made) as opened, opened.sending_ahead():
        client = UruClient(opened, Redaction())
        record = await client.key_record(Key(other), within=WITHIN)
    assert record.permissions == frozenset({Permission.EXECUTE})


async def test_a_refusal_is_told_to_whoever_asks(uru: Uru) -> None:
    async with serving(uru.sandbox) as url, connection(url, "uru_test_no_such_key") as opened, opened.sending_ahead():
        client = UruClient(opened, Redaction())
        with pytest.raises(KeyRefused):
            await client.check_version(Key("uru_test_no_such_key"), within=WITHIN)
        assert uru.sent("/tools/sync/version") == 1


async def test_a_server_that_starts_asks_about_the_key_and_for_its_tools_once(uru: Uru) -> None:
    async with (
        serving(uru.sandbox) as url,
        served(URU_API_KEY=uru.key().text, URU_PROXY_URL=url) as claude,
    ):
        await claude.initialize("2025-11-25")
        await claude.result("tools/list")
        asked = [uru.sent(path) for path in ("/keys/self", "/list/apps/platform/tools")]
    assert asked == [1, 1], "the version may be asked again, when the answer about the key is slow"
