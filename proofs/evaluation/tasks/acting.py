"""Running the tools of apps through the dispatch tools, an account of several, and an answer that is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from proofs.evaluation.session import Session
from proofs.evaluation.task import Row, Task, Told, Want
from uru_mcp.sandbox.data import clock

SEND = "gmail_demo__GMAIL_SEND_EMAIL"
PERSONAL = "gmail_f7518884__GMAIL_SEND_EMAIL"
CALENDAR = "googlecalendar_demo"
CALL = "evt_acme_3"


async def found(session: Session, query: str, tool: str) -> str:
    """Look for a tool; its id, when it is among the hits that are whole."""
    hits = (await session.data("uru_search_tools", {"query": query}))["hits"]
    assert tool in [hit["tool"] for hit in hits if "input_schema" in hit], [hit["tool"] for hit in hits]
    return tool


async def execute(session: Session, tool: str, arguments: dict[str, Any]) -> Any:
    return await session.data("uru_execute", {"tool": tool, "arguments": arguments})


async def _ticket(session: Session) -> str:
    tool = await found(session, "create an issue in Jira", "jira_ops__JIRA_CREATE_ISSUE")
    ticket = {"project_key": "OPS", "summary": "Valve block leaks at Hotel Adler", "priority": "High"}
    await execute(session, tool, ticket)
    return "The ticket is open in OPS, with priority High."


async def _card_refund(session: Session) -> str:
    tool = await found(session, "refund a charge with Stripe", "stripe_billing__STRIPE_CREATE_REFUND")
    refund = {"charge": "ch_3Adler", "amount": 18640, "reason": "requested_by_customer"}
    await execute(session, tool, refund)
    return "186.40 EUR of ch_3Adler are refunded."


async def _later_call(session: Session) -> str:
    await session.data("uru_search_tools", {"query": "events", "namespace": CALENDAR})
    listed = await execute(session, f"{CALENDAR}__GOOGLECALENDAR_LIST_EVENTS", {"query": "Lindau"})
    (event,) = listed["data"]["items"]
    start = clock.parse(event["starts_at"]) + timedelta(hours=1)
    change = {"event_id": event["id"], "start_datetime": clock.stamp(start)}
    await execute(session, f"{CALENDAR}__GOOGLECALENDAR_UPDATE_EVENT", change)
    return f"The call begins at {start:%H:%M} UTC now."


async def _personal_mail(session: Session) -> str:
    tool = await found(session, "send a mail with my personal Gmail", PERSONAL)
    mail = {"recipient_email": "lea@family.example", "subject": "Sunday", "body": "I am coming at three."}
    await execute(session, tool, mail)
    return "Sent to Lea from your personal Gmail."


async def _lost_answer(session: Session) -> str:
    mail = {"recipient_email": "depot.south@acme.example", "subject": "Tuesdays", "body": "Seven o'clock it is."}
    sent = await session.call(SEND, mail)
    assert sent.structure["error"]["code"] == "unconfirmed"
    fetched = await session.data("gmail_demo__GMAIL_FETCH_EMAILS", {"query": "label:SENT to:depot.south"})
    assert len([item for item in fetched["data"]["items"] if "Seven o'clock" in item["snippet"]]) == 1
    return "It was sent; the confirmation got lost, so I looked into the sent mail, and it is there, once."


async def _lose(session: Session) -> None:
    session.sandbox.faults.lose_answer("/execute/gmail_demo", times=1)


def _is_at(hour: str) -> Any:
    return lambda stamp: isinstance(stamp, str) and stamp[11:16] == hour


def _mail(recipient: str, body: str, **more: Any) -> Row:
    to = {"recipients": [recipient], "cc": [], "bcc": []}
    return {**to, "body": re.compile(body, re.IGNORECASE), "labels": ["SENT"], **more}


ACTING = (
    Task(
        name="ticket",
        subject="an app's tool, by search",
        words='Open a Jira ticket in OPS: "Valve block leaks at Hotel Adler", high priority.',
        least=2,
        solve=_ticket,
        told=(Told("that it is open", "open|creat|record"),),
        wants=(
            Want(
                "a ticket in OPS with that title and priority",
                "jira_ops__JIRA_CREATE_ISSUE",
                {"project_key": "OPS", "summary": "Valve block leaks at Hotel Adler", "priority": "High"},
            ),
        ),
        may=frozenset({"jira_ops__JIRA_CREATE_ISSUE"}),
    ),
    Task(
        name="card refund",
        subject="an app's tool, in its own unit",
        words="Refund 186.40 EUR of the Stripe charge ch_3Adler; the customer asked for it.",
        least=2,
        solve=_card_refund,
        told=(Told("the amount", r"186[.,]40"),),
        wants=(
            Want(
                "a refund of 18640 cents of that charge",
                "stripe_billing__STRIPE_CREATE_REFUND",
                {"charge": "ch_3Adler", "amount": 18640},
            ),
        ),
        may=frozenset({"stripe_billing__STRIPE_CREATE_REFUND"}),
    ),
    Task(
        name="later call",
        subject="two tools of one app",
        words="Please move the call with Klinik Lindau in my demo calendar to one hour later.",
        least=3,
        solve=_later_call,
        told=(Told("the new time", r"11(:|\.)00|\b11\b"),),
        wants=(
            Want(
                "the call at eleven, as long as before",
                "events",
                {"starts_at": _is_at("11:00"), "ends_at": _is_at("11:30")},
                was={"id": CALL},
            ),
        ),
        may=frozenset({f"{CALENDAR}__GOOGLECALENDAR_UPDATE_EVENT"}),
    ),
    Task(
        name="personal mail",
        subject="one account of several",
        words=(
            'Write to lea@family.example from my personal Gmail, subject "Sunday": "I am coming at three."'
            " Send it right away."
        ),
        least=2,
        solve=_personal_mail,
        told=(Told("from which account", "personal"),),
        wants=(
            Want(
                "that mail, from the personal account",
                PERSONAL,
                {"recipient_email": "lea@family.example", "body": re.compile("coming at three")},
            ),
        ),
        may=frozenset({PERSONAL}),
    ),
    Task(
        name="lost answer",
        subject="a run that is unconfirmed",
        words=(
            'Send a mail from my demo mailbox to depot.south@acme.example, subject "Tuesdays": "Seven o\'clock it'
            ' is." Tell me when it is out.'
        ),
        least=2,
        solve=_lost_answer,
        told=(Told("that it was sent", r"\bsent\b|went out|is out"),),
        wants=(Want("that mail, once", "mails", _mail("depot.south@acme.example", "seven o.clock")),),
        may=frozenset({SEND}),
        prepare=_lose,
    ),
)
