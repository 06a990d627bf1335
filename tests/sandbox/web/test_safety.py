"""What a web page of others, another user of the machine, and a curious log get from the sandbox's pages: nothing."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

import uru_mcp.sandbox.web as package
from uru_mcp.sandbox import Sandbox
from uru_mcp.sandbox.web.app import _routes
from uru_mcp.sandbox.web.csrf import KEPT
from uru_mcp.sandbox.web.sessions import LASTS, LINK_LASTS, Sessions, cookie_of
from uru_mcp.sandbox.web.stand_in import stand_in

from .visiting import Person, enter, served, signed_in, token_in

HOME = Path(str(package.__file__)).parent
NEW_KEY = {"name": "Mine", "permissions": "read", "expiry": "never"}
FOREIGN_HOSTS = (
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:3001",
    "127.0.0.1@evil.example",
    "evil.example#127.0.0.1",
    "127.0.0.1:80@evil.example",
    "10.0.0.1",
    "",
)


def posts(key_id: str, workspace_id: str) -> list[str]:
    """The addresses of all forms but the code's."""
    routes: list[Route] = _routes(None)  # type: ignore[arg-type]  # no route is asked
    found = [route.path for route in routes if route.methods and "POST" in route.methods]
    assert len(found) == 5
    return [
        path.removeprefix("/app/s/{place}").format(key_id=key_id, workspace_id=workspace_id, run_id="run_1")
        for path in found
    ]


def filled_in(sandbox: Sandbox) -> dict[str, str]:
    """What any of the forms wants."""
    return {**NEW_KEY, "workspace": sandbox.workspaces[0].id, "overlap": "0", "decision": "approve"}


def state(sandbox: Sandbox) -> list[Any]:
    """All that a form can change."""
    keys = [(key.id, key.status, key.expires_at) for key in sandbox.keys.list()]
    return [keys, sandbox.database.rows("SELECT * FROM runs")]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_a_page_that_has_its_own_name_lead_here_reads_nothing(sandbox: Sandbox, host: str) -> None:
    async with signed_in(sandbox) as person:
        for path in ("/keys", "/activity/rows"):
            answer = await person.get(path, Host=host)
            assert answer.status_code in (400, 421)
            assert "API keys" not in answer.text
        assert (await person.client.get("/", headers={"Host": host})).status_code in (400, 421)


async def test_the_api_answers_under_any_name_as_before(sandbox: Sandbox) -> None:
    async with served(sandbox) as stranger:
        assert (await stranger.get("/health", Host="sandbox")).json() == {"status": "ok"}


async def test_without_its_cookie_a_session_s_address_shows_nothing(sandbox: Sandbox) -> None:
    async with signed_in(sandbox) as person, signed_in(sandbox) as other:
        paths = [route.path for route in _routes(person.site) if route.methods and "GET" in route.methods]
        own, stolen = cookie_of(person.place), other.cookie
        async with httpx2.AsyncClient(base_url=person.url, trust_env=False) as thief:
            for cookie in ("", f"{own}=", f"{own}={stolen}", f"{cookie_of(other.place)}={stolen}"):
                for path in paths:
                    address = path.replace("{place}", person.place)
                    answer = await thief.get(address, headers={"Cookie": cookie})
                    assert answer.status_code == 401, path
                    assert "Acme" not in answer.text


async def test_without_its_address_a_session_s_cookie_opens_nothing(sandbox: Sandbox) -> None:
    """Browsers send it to every port of this host, also to another user's, though for this path alone."""
    async with signed_in(sandbox) as person:
        cookie = {"Cookie": f"{cookie_of(person.place)}={person.cookie}"}
        async with httpx2.AsyncClient(base_url=person.url, trust_env=False) as thief:
            for path in ("/", "/app/enter", "/app/s/keys", "/app/s/guessed/keys"):
                assert "Create API Key" not in (await thief.get(path, headers=cookie)).text


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_for_one_path(sandbox: Sandbox) -> None:
    async with served(sandbox) as stranger:
        answer = await enter(stranger, stranger.site.sessions.code)
        parts = answer.headers["set-cookie"].split("; ")
        assert {"HttpOnly", "SameSite=strict", f"Path={answer.headers['location'].removesuffix('keys')}"} <= set(parts)


async def test_a_link_works_once_and_is_not_used_up_by_looking_at_it(sandbox: Sandbox) -> None:
    async with served(sandbox) as stranger:
        code = stranger.site.sessions.new_link_code()
        for _ in range(2):
            assert f'value="{code}"' in (await stranger.get(f"/app/enter?code={code}")).text
        assert (await enter(stranger, code)).status_code == 303
        assert (await enter(stranger, code)).status_code == 403


@pytest.mark.parametrize("code", ["", "-", "0", "AAAA-AAAA-AAAA", "\u00e9" * 12, "A" * 10_000, "\x00"])
async def test_a_wrong_code_opens_nothing(sandbox: Sandbox, code: str) -> None:
    async with served(sandbox) as stranger:
        answer = await enter(stranger, code)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


async def test_a_code_is_taken_from_the_page_s_own_form_alone(sandbox: Sandbox) -> None:
    async with served(sandbox) as stranger:
        good = token_in((await stranger.get("/")).text)
        for token in ("", "x", "0.", good[:-1], f"1{good}", good.partition(".")[0], "\u00b2." + good):
            answer = await stranger.post("/app/enter", token=token, code=stranger.site.sessions.code)
            assert answer.status_code == 403
            assert "set-cookie" not in answer.headers


def test_a_code_is_read_whatever_its_case_and_hyphens() -> None:
    sessions = Sessions()
    assert sessions.enter(sessions.code.lower().replace("-", " ")) is not None


def test_links_and_sessions_end() -> None:
    time = [0.0]
    sessions = Sessions(lambda: time[0])
    late, session = sessions.new_link_code(), sessions.enter(sessions.code)
    assert session is not None
    time[0] = LINK_LASTS
    assert sessions.enter(late) is None
    time[0] = LASTS - 1
    assert sessions.find(session.place, session.secret) is session
    time[0] += LASTS
    assert sessions.find(session.place, session.secret) is None


async def test_who_signs_out_has_to_sign_in_again(sandbox: Sandbox) -> None:
    async with signed_in(sandbox) as person:
        await person.post("/leave", token=await person.token())
        assert (await person.get("/keys")).status_code == 401


async def used_token(person: Person) -> str:
    token = await person.token()
    await person.post("/keys/new", token=token)
    return token


async def forgotten_token(person: Person) -> str:
    """One that a thousand later forms have taken the place of."""
    token = await person.token()
    session = person.site.sessions.find(person.place, person.cookie)
    assert session is not None
    for _ in range(KEPT):
        session.forms.issue()
    return token


async def another_session_s_token(person: Person) -> str:
    async with signed_in(person.site.sandbox) as other:
        return await other.token()


async def no_token(_person: Person) -> str:
    return ""


@pytest.mark.parametrize(
    ("wrong", "status"),
    [(no_token, 403), (another_session_s_token, 403), (forgotten_token, 403), (used_token, 409)],
)
async def test_a_post_that_no_form_of_this_session_made_changes_nothing(
    sandbox: Sandbox, wrong: Callable[[Person], Awaitable[str]], status: int
) -> None:
    key = sandbox.keys.create(name="a", workspace="Acme", permissions={"read"}).record
    async with signed_in(sandbox) as person:
        before, token = state(sandbox), await wrong(person)
        for path in posts(key.id, sandbox.workspaces[0].id):
            answer = await person.post(path, filled_in(sandbox), token=token)
            assert (answer.status_code, state(sandbox)) == (status, before), path
        assert (await person.get("/keys")).status_code == 200, "still signed in"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},  # another port is the same site, and somebody else's
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_post_from_another_origin_changes_nothing_though_it_had_a_token(
    sandbox: Sandbox, headers: dict[str, str]
) -> None:
    key = sandbox.keys.create(name="a", workspace="Acme", permissions={"read"}).record
    async with signed_in(sandbox) as person:
        before, token = state(sandbox), await person.token()
        for path in posts(key.id, sandbox.workspaces[0].id):
            answer = await person.client.post(
                person.path + path, data={**filled_in(sandbox), "token": token}, headers=headers
            )
            assert (answer.status_code, state(sandbox)) == (403, before), path
        assert (await person.get("/keys")).status_code == 200, "still signed in"


async def test_every_answer_forbids_frames_inline_scripts_and_copies(sandbox: Sandbox) -> None:
    async with signed_in(sandbox) as person:
        answers = [
            await person.get("/keys"),
            await person.get("/nothing"),
            await person.post("/keys/new"),
            await person.client.get("/"),
            await person.client.get("/app/static/pages.js"),
            await person.client.get("/app/static/../app.py"),
            await person.client.get("/", headers={"Host": "evil.example"}),
            await person.client.put("/"),
        ]
        for answer in answers:
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cache-control"] in ("no-store", "no-cache")
        assert answers[0].headers["cache-control"] == "no-store"
        assert [answer.status_code for answer in answers] == [200, 404, 403, 200, 200, 404, 421, 405]


async def test_a_form_of_a_megabyte_is_not_read(sandbox: Sandbox) -> None:
    async with signed_in(sandbox) as person:
        assert (await person.post("/keys/new", name="a" * 1_000_000)).status_code == 413

        async def endless() -> AsyncIterator[bytes]:
            yield b"name=a"

        answer = await person.client.post(person.path + "/keys/new", content=endless())
        assert answer.status_code == 413


async def test_a_key_is_shown_once_and_stands_in_no_address_no_header_and_no_log(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with signed_in(sandbox, verbose=True) as person:
        fields = {**NEW_KEY, "workspace": sandbox.workspaces[0].id, "token": await person.token()}
        shown = await person.post("/keys/new", fields)
        (text,) = set(re.findall(r"uru_sandbox_[0-9a-f]{40}", shown.text))
        again = await person.post("/keys/new", fields)
        (key,) = sandbox.keys.list()
        later = [await person.get(path) for path in ("/keys", "/keys/new", f"/keys/{key.id}", "/activity")]
    assert shown.headers["cache-control"] == "no-store"
    assert again.status_code == 409
    assert not [answer.url for answer in (again, *later) if text in answer.text or text in str(answer.headers)]
    assert text not in f"{shown.url} {shown.headers}"
    assert any("/keys/new" in record.getMessage() for record in caplog.records), "the log was on"
    assert text not in caplog.text


async def test_nothing_strange_makes_a_key(sandbox: Sandbox) -> None:
    good = {**NEW_KEY, "workspace": sandbox.workspaces[0].id}
    async with signed_in(sandbox) as person:
        for wrong in (
            {"name": " "},
            {"name": "a\nb"},
            {"name": "a" * 101},
            {"name": "\u202eabc"},
            {"permissions": "admin"},
            {"permissions": ""},
            {"workspace": "nowhere"},
            {"workspace": ""},
            {"expiry": "yesterday"},
        ):
            answer = await person.post("/keys/new", {**good, **wrong}, token=await person.token())
            assert answer.status_code == 422
            assert "uru_sandbox_" not in answer.text
        assert sandbox.keys.list() == []
        assert (await person.post("/keys/new", good, token=await person.token())).status_code == 200


async def test_a_deleted_key_is_neither_rotated_nor_deleted_again(sandbox: Sandbox) -> None:
    key = sandbox.keys.create(name="a", workspace="Acme", permissions={"read"}).record
    sandbox.keys.delete(key.id)
    async with signed_in(sandbox) as person:
        for act in ("rotate", "delete"):
            assert (await person.get(f"/keys/{key.id}/{act}")).status_code == 409
            answer = await person.post(f"/keys/{key.id}/{act}", token=await person.token(), overlap="0")
            assert answer.status_code == 409
    assert len(sandbox.keys.list()) == 1


@pytest.mark.parametrize("end", ["active", "revoked"])
def test_a_stand_in_is_as_the_key_and_leaves_nothing_behind(sandbox: Sandbox, end: str) -> None:
    key = sandbox.keys.create(name="a", workspace="Acme", permissions={"read"}).record
    if end == "revoked":
        sandbox.keys.delete(key.id)
    before = state(sandbox)
    with stand_in(sandbox.database, sandbox.keys.get(key.id), {"execute"}) as text:
        found = sandbox.keys.find(text)
        assert found is not None
        sandbox.keys.note_use(found.id)
        assert (found.status, found.workspace_id) == (end, key.workspace_id)
        assert found.permissions == {"execute"}
    assert state(sandbox) == before
    assert sandbox.database.value("SELECT count(*) FROM uses") == 0


def test_the_pages_load_and_run_nothing_but_their_own_files() -> None:
    for file in [*HOME.glob("templates/*.html"), *HOME.glob("static/*")]:
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"[\"'(]//|https?:|@import|url\(|javascript:|data:", text), file
        if file.suffix == ".html":
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>|\|\s*safe|autoescape", text), file
