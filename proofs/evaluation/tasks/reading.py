"""Reading and searching: what the team knows, mail, a result that is cut, a run that takes long."""

from __future__ import annotations

from typing import Any

from proofs.evaluation.session import Session
from proofs.evaluation.task import Task, Told

ROWS = 500
REGION, REVENUE = "West", ROWS * 7919 % 100_003  # of the last line of the sandbox's report
SLOW = 2.7  # seconds of a report that outlives the deadline of its call, and not that of the next one
REPORT = "company_demo__GENERATE_REPORT"


async def _refund_limit(session: Session) -> str:
    search = {"op": "search", "query": "refund who may decide", "limit": 1}
    (passage,) = (await session.data("platform__context_query", search))["data"]["items"]
    assert "Up to 500 euros, the team lead decides on the same day" in str(passage)
    return "Up to 500 euros the team lead decides, on the same day."


async def _unread_mail(session: Session) -> str:
    unread = (await session.data("gmail_demo__GMAIL_FETCH_EMAILS", {"unread_only": True}))["data"]["items"]
    hotel = next(mail["id"] for mail in unread if "hotel-adler" in mail["sender"])
    mail = (await session.data("gmail_demo__GMAIL_GET_EMAIL", {"message_id": hotel}))["data"]
    amount = mail["body"].partition("invoice of ")[2].partition(" EUR")[0]
    return f"Unread: {', '.join(mail['sender'] for mail in unread)}. The electrician's invoice is {amount} EUR."


async def _last_line(session: Session) -> str:
    first = await session.data(REPORT, {"title": "Lines", "rows": ROWS})
    cut = first["cut"]
    end = {"call_id": cut["call_id"], "offset": cut["total"] - 200}
    assert str(REVENUE) in str((await session.data("uru_result", end))["data"])
    return f"The last line is of the region {REGION}, with a revenue of {REVENUE} EUR."


async def _long_report(session: Session) -> str:
    answer: dict[str, Any] = await session.data(REPORT, {"title": "The quarter", "rows": 4})
    answer = await session.data("uru_result", {"call_id": answer["running"]["call_id"]})
    best = max(answer["data"]["rows"], key=lambda row: row["revenue_eur"])
    return f"It is ready. Best: {best['region']}, {best['revenue_eur']} EUR."


async def _delay(session: Session) -> None:
    session.sandbox.faults.delay("/execute/company_demo", SLOW)


READING = (
    Task(
        name="refund limit",
        subject="reading",
        words="A customer wants 320 euros back. Who may decide that with us, and by when?",
        least=1,
        solve=_refund_limit,
        told=(Told("that the team lead decides", "team lead"), Told("on the same day", "same day")),
    ),
    Task(
        name="unread mail",
        subject="reading an app",
        words="Who wrote the unread mail in my demo mailbox, and how much is the invoice of Hotel Adler's electrician?",
        least=2,
        solve=_unread_mail,
        told=(
            Told("the amount", r"186[.,]40"),
            Told("that Ana Ferreira wrote", "ferreira"),
            Told("that Klinik Lindau wrote", "lindau"),
        ),
    ),
    Task(
        name="last line",
        subject="a result that is cut",
        words=(
            f'Have the company\'s sales report made with {ROWS} rows, title "Lines". Which region and which revenue'
            " does its last line have?"
        ),
        least=2,
        solve=_last_line,
        told=(Told("the region", REGION), Told("the revenue", rf"{REVENUE // 1000}[.,\s]?{REVENUE % 1000:03}")),
        settings={"RESULT_CHARS": "8000"},
    ),
    Task(
        name="long report",
        subject="a run that goes on, and uru_result",
        words='I need the company\'s sales report, title "The quarter", 4 rows. Which region has the largest revenue?',
        least=2,
        solve=_long_report,
        told=(Told("the region", "west"), Told("the revenue", r"31[.,\s]?676")),
        settings={"CALL_DEADLINE": "3"},
        prepare=_delay,
    ),
)
