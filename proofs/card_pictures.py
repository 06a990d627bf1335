"""The pictures of the cards in `docs/cards/`, from results of the sandbox: `python -m proofs.card_pictures`."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.server.apps.host import Host, chromium
from tests.server.apps.results import LARGE, REFUND, Session, session, write_a_month
from tests.world import Uru

from uru_mcp.server.apps.views import DECISION, KEY, RUN, View

PICTURES = Path(__file__).parent.parent / "docs" / "cards"
WIDTH = 720  # pixels

MAIL = {
    "recipient_email": "ana.ferreira@hotel-adler.example",
    "subject": "Your refund",
    "body": "Dear Ms Ferreira,\n\nwe are paying 900 EUR back to you within five working days.\n\nMara, Acme service",
}


def cards(claude: Session) -> dict[str, tuple[View, dict[str, Any]]]:
    """By name, each view and a result for it."""
    send = {"tool": "gmail_demo__GMAIL_SEND_EMAIL", "input": MAIL}
    run = claude.call("platform__automation_run", {"id": REFUND, "input": LARGE})
    return {
        "key": (KEY, claude.call("uru_whoami")),
        "run": (RUN, claude.call("uru_show_run", {"uri": run["structuredContent"]["uri"]})),
        "decision": (DECISION, claude.call("uru_execute", send)),
    }


def main() -> None:
    uru = Uru.open()
    key = uru.key({"read", "execute"}, created_at=datetime.now(UTC) - timedelta(days=81))
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "audit.log"
        write_a_month(log, key.text[-4:])
        with session(uru, key.text, AUDIT_LOG=str(log), CONFIRM="gmail_*__*SEND*") as claude:
            found = cards(claude)
    PICTURES.mkdir(exist_ok=True)
    with chromium() as browser:
        host = Host(browser)
        for name, (view, result) in found.items():
            with host.showing(view.document, result, width=WIDTH) as card:
                for theme in ("light", "dark"):
                    card.adapt(theme, WIDTH)
                    file = PICTURES / f"{name}-{theme}.png"
                    card.page.locator("iframe").screenshot(path=file)
                    print(f"{file.name}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
