"""`gmail_demo`: one mailbox per workspace; mail is stored but never sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..data import clock
from ..data.database import as_columns, new_id
from ..data.paging import page_of
from ..errors import ToolFailure
from .registry import BuiltIn, Call

RECORD = {
    "name": "gmail_demo",
    "displayName": "Gmail - Demo",
    "account_label": "demo",
    "connected_account_id": "ca_gmail_demo",
    "server_id": "srv_gmail",
    "connection_status": "ACTIVE",
}
ADDRESS = "me@demo.example"
SNIPPET = 120  # characters

Mail = dict[str, Any]


def namespace() -> BuiltIn:
    acts = {
        "GMAIL_SEND_EMAIL": _send,
        "GMAIL_CREATE_EMAIL_DRAFT": _draft,
        "GMAIL_SEND_DRAFT": _send_draft,
        "GMAIL_FETCH_EMAILS": _fetch,
        "GMAIL_GET_EMAIL": lambda call: _find(call, call.arguments["message_id"]),
        "GMAIL_MOVE_TO_TRASH": _trash,
    }
    return BuiltIn(RECORD, "gmail.json", acts)


def _send(call: Call) -> Mail:
    if not (call.arguments.get("subject") or call.arguments.get("body")):
        raise ToolFailure("A mail needs a subject or a body.")
    return _write(call, ["SENT"])


def _draft(call: Call) -> Mail:
    return _write(call, ["DRAFT"])


def _send_draft(call: Call) -> Mail:
    draft = _find(call, call.arguments["draft_id"])
    if "DRAFT" not in draft["labels"]:
        raise ToolFailure(f"The mail {draft['id']} is no draft.")
    if not draft["recipients"]:
        raise ToolFailure("The draft has no recipient.")
    call.database.update("mails", draft["id"], labels_json='["SENT"]', date=clock.stamp())
    return _find(call, draft["id"])


def _fetch(call: Call) -> dict[str, Any]:
    terms = call.arguments.get("query", "").lower().split()
    terms += [f"label:{label}".lower() for label in call.arguments.get("label_ids", [])]
    if call.arguments.get("unread_only"):
        terms.append("is:unread")
    if "label:trash" not in terms:
        terms.append("-label:trash")
    mailbox = call.database.rows(
        "SELECT * FROM mails WHERE workspace_id = ? ORDER BY date DESC, rowid DESC", call.workspace
    )
    found = [mail for mail in mailbox if all(_fits(mail, term) for term in terms)]
    return page_of([_summary(mail) for mail in found], call.arguments)


def _trash(call: Call) -> Mail:
    mail = _find(call, call.arguments["message_id"])
    labels = [label for label in mail["labels"] if label != "INBOX"]
    if "TRASH" not in labels:
        labels.append("TRASH")
    call.database.update("mails", mail["id"], **as_columns({"labels": labels}))
    return _find(call, mail["id"])


def _write(call: Call, labels: list[str]) -> Mail:
    given = call.arguments
    mail_id = new_id("msg")
    fields = {
        "id": mail_id,
        "workspace_id": call.workspace,
        "thread_id": given.get("thread_id") or new_id("thr"),
        "sender": ADDRESS,
        "recipients": [given["recipient_email"]] if "recipient_email" in given else [],
        "cc": given.get("cc", []),
        "bcc": given.get("bcc", []),
        "subject": given.get("subject", ""),
        "body": given.get("body", ""),
        "labels": labels,
        "date": clock.stamp(),
    }
    call.database.insert("mails", **as_columns(fields))
    return _find(call, mail_id)


def _find(call: Call, mail_id: str) -> Mail:
    mail = call.database.row("SELECT * FROM mails WHERE workspace_id = ? AND id = ?", call.workspace, mail_id)
    if mail is None:
        raise ToolFailure(f"There is no mail {mail_id!r}.")
    del mail["workspace_id"]
    return mail


def _fits(mail: Mapping[str, Any], term: str) -> bool:
    """Whether a mail matches one search term in lower case, such as `from:ana`, `-is:unread` or a word."""
    if term.startswith("-") and len(term) > 1:
        return not _fits(mail, term[1:])
    name, _, value = term.partition(":")
    labels = [label.lower() for label in mail["labels"]]
    people = " ".join([*mail["recipients"], *mail["cc"], *mail["bcc"]])
    match name:
        case "from":
            return value in mail["sender"].lower()
        case "to":
            return value in people.lower()
        case "subject":
            return value in mail["subject"].lower()
        case "label" | "in":
            return value in labels
        case "is":
            return ("unread" in labels) == (value == "unread")
        case _:
            return term in f"{mail['subject']} {mail['body']} {mail['sender']} {people}".lower()


def _summary(mail: Mail) -> Mail:
    shown = ("id", "thread_id", "sender", "recipients", "subject", "labels", "date")
    snippet = " ".join(mail["body"].split())[:SNIPPET]
    return {**{name: mail[name] for name in shown}, "snippet": snippet}
