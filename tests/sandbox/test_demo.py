"""The mailbox, the calendar and the company's workflows, by their effects."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from uru_mcp.sandbox.data import clock

from .callers import Caller, Connect

DAY = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=20)


def at(hour: int, minute: int = 0) -> str:
    return clock.stamp(DAY + timedelta(hours=hour, minutes=minute))


async def subjects(somebody: Caller, query: str = "", **arguments: object) -> list[str]:
    found = await somebody.use("gmail_demo__GMAIL_FETCH_EMAILS", query=query, **arguments)
    return [mail["subject"] for mail in found["items"]]


async def test_sent_mail_stands_in_the_mailbox(connect: Connect) -> None:
    async with connect() as somebody:
        sent = await somebody.use(
            "gmail_demo__GMAIL_SEND_EMAIL", recipient_email="ana@example.com", cc=["bo@example.com"], subject="Hello"
        )
        assert (await subjects(somebody, "label:SENT to:bo"))[0] == "Hello"
        whole = await somebody.use("gmail_demo__GMAIL_GET_EMAIL", message_id=sent["id"])
    assert whole["recipients"] == ["ana@example.com"]
    assert whole["labels"] == ["SENT"]


async def test_a_draft_is_sent_once(connect: Connect) -> None:
    async with connect() as somebody:
        draft = await somebody.use("gmail_demo__GMAIL_CREATE_EMAIL_DRAFT", body="Hi", recipient_email="a@example.com")
        lone = await somebody.use("gmail_demo__GMAIL_CREATE_EMAIL_DRAFT", body="Hi")
        assert (await somebody.use("gmail_demo__GMAIL_SEND_DRAFT", draft_id=draft["id"]))["labels"] == ["SENT"]
        assert "no draft" in await somebody.fail("gmail_demo__GMAIL_SEND_DRAFT", draft_id=draft["id"])
        assert "recipient" in await somebody.fail("gmail_demo__GMAIL_SEND_DRAFT", draft_id=lone["id"])


async def test_a_search_takes_all_terms_together(connect: Connect) -> None:
    async with connect() as somebody:
        everything = await subjects(somebody)
        assert await subjects(somebody, "from:hotel-adler is:unread") == ["Machine in the breakfast room"]
        assert await subjects(somebody, "from:hotel-adler is:read") == []
        assert await subjects(somebody, "subject:credit pumps") == ["Credit note 2291"]
        assert await subjects(somebody, "-is:unread label:inbox") == ["Credit note 2291"]
        assert set(await subjects(somebody, unread_only=True)) == set(await subjects(somebody, "is:unread"))
        assert await subjects(somebody, label_ids=["IMPORTANT"]) == ["Six machines, three years"]
    assert "You will not believe these beans" not in everything


async def test_trashed_mail_leaves_the_inbox_and_can_be_found_in_the_trash(connect: Connect) -> None:
    async with connect() as somebody:
        for _ in range(2):
            await somebody.use("gmail_demo__GMAIL_MOVE_TO_TRASH", message_id="msg_acme_2")
        assert "Credit note 2291" not in await subjects(somebody)
        assert "Credit note 2291" in await subjects(somebody, "label:trash")
        assert "no mail" in await somebody.fail("gmail_demo__GMAIL_GET_EMAIL", message_id="nothing")


async def test_an_event_is_made_moved_and_deleted(connect: Connect) -> None:
    span = {"time_min": at(0), "time_max": at(24)}
    async with connect() as somebody:
        made = await somebody.use(
            "googlecalendar_demo__GOOGLECALENDAR_CREATE_EVENT",
            summary="Tasting",
            start_datetime=at(9),
            end_datetime=at(11),
            attendees=["ana@example.com"],
        )
        moved = await somebody.use(
            "googlecalendar_demo__GOOGLECALENDAR_UPDATE_EVENT", event_id=made["id"], start_datetime=at(14)
        )
        listed = await somebody.use("googlecalendar_demo__GOOGLECALENDAR_LIST_EVENTS", query="tasting", **span)
        await somebody.use("googlecalendar_demo__GOOGLECALENDAR_DELETE_EVENT", event_id=made["id"])
        after = await somebody.use("googlecalendar_demo__GOOGLECALENDAR_LIST_EVENTS", **span)
        assert "no event" in await somebody.fail(
            "googlecalendar_demo__GOOGLECALENDAR_DELETE_EVENT", event_id=made["id"]
        )
    assert moved == {**made, "starts_at": at(14), "ends_at": at(16)}
    assert listed["items"] == [moved]
    assert after["items"] == []


async def test_events_that_touch_a_span_are_in_it(connect: Connect) -> None:
    async with connect() as somebody:
        for name, start, end in (("before", 7, 8), ("into", 7, 9), ("out of", 9, 11), ("after", 10, 11)):
            await somebody.use(
                "googlecalendar_demo__GOOGLECALENDAR_CREATE_EVENT",
                summary=name,
                start_datetime=at(start),
                end_datetime=at(end),
            )
        found = await somebody.use("googlecalendar_demo__GOOGLECALENDAR_LIST_EVENTS", time_min=at(8), time_max=at(10))
    assert [event["summary"] for event in found["items"]] == ["into", "out of"]


async def test_events_need_sound_times(connect: Connect) -> None:
    create = "googlecalendar_demo__GOOGLECALENDAR_CREATE_EVENT"
    async with connect() as somebody:
        assert "ISO 8601" in await somebody.fail(create, summary="x", start_datetime="tomorrow")
        assert "end after" in await somebody.fail(create, summary="x", start_datetime=at(9), end_datetime=at(8))


async def test_free_slots_are_what_events_leave(connect: Connect) -> None:
    async with connect() as somebody:
        for start, end in ((at(9), at(10)), (at(9, 30), at(11)), (at(11, 20), at(12))):
            await somebody.use(
                "googlecalendar_demo__GOOGLECALENDAR_CREATE_EVENT", summary="x", start_datetime=start, end_datetime=end
            )
        found = await somebody.use(
            "googlecalendar_demo__GOOGLECALENDAR_FIND_FREE_SLOTS", time_min=at(8), time_max=at(13), minimum_minutes=30
        )
    assert found["items"] == [{"start": at(8), "end": at(9)}, {"start": at(12), "end": at(13)}]


async def test_a_report_has_as_many_rows_as_wanted_and_takes_its_time(connect: Connect) -> None:
    loop = asyncio.get_running_loop()
    async with connect() as somebody, asyncio.timeout(5):
        large = await somebody.use("company_demo__GENERATE_REPORT", title="Large", rows=20_000)
        start = loop.time()
        await asyncio.gather(
            *(somebody.use("company_demo__GENERATE_REPORT", title="Slow", seconds=0.2) for _ in range(10))
        )
        taken = loop.time() - start
    assert len(large["rows"]) == 20_000
    assert 0.2 <= taken < 1.5, "ten at once wait beside each other"


async def test_transcripts_are_found_by_what_was_said(connect: Connect) -> None:
    async with connect() as somebody:
        found = await somebody.use("company_demo__SEARCH_TRANSCRIPTS", query="softer seal", limit=1)
    assert [one["title"] for one in found["items"]] == ["Pumps: talk with the supplier"]
    assert "softer seal" in found["items"][0]["passage"]
