"""The cards in a real browser, with results of the sandbox, and with hostile words wherever a stranger may write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.server.apps.host import Browsing, Card, Host, in_browser
from tests.server.apps.results import ASKED, HOSTILE, LARGE, REFUND, hostile, session, write_a_month
from tests.world import Uru
from uru_mcp.server.apps.views import DECISION, KEY, RUN, View

LOOKS = [(theme, width) for theme in ("light", "dark") for width in (320, 720)]
READABLE = 4.5  # contrast of text, by WCAG 2.2 AA


@pytest.fixture(scope="session")
def host() -> Iterator[Browsing]:
    browsing = Browsing()
    yield browsing
    browsing.close()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[View, dict[str, Any]]]:
    """By name, each view and what the sandbox gives it."""
    uru = Uru.open()
    log: Path = tmp_path_factory.mktemp("audit") / "audit.log"
    made = uru.key({"read", "execute"}, created_at=datetime.now(UTC) - timedelta(days=81))
    write_a_month(log, made.text[-4:])
    with session(uru, made.text, AUDIT_LOG=str(log)) as claude:
        run = claude.call("platform__automation_run", {"id": REFUND, "input": LARGE})
        found = {
            "key": (KEY, claude.call("uru_whoami")),
            "run": (RUN, claude.call("uru_show_run", {"uri": run["structuredContent"]["uri"]})),
            "automation": (RUN, claude.call("uru_show_run", {"uri": f"uru://automations/{REFUND}"})),
            "decision": (DECISION, ASKED),
        }
    uru.close()
    return found


SAID = {
    "key": "Acme|Ready|81 days|Calls in the last 30 days|295 done|11 refused|6 failed|Write is missing"
    "|Give the key Write in Uru",
    "run": "Refund|Waits for a person|Refund 900 EUR to Ana Ferreira?|Head of service|Note the refusal|4 events",
    "automation": "Refund|Logs small refunds at once|No more than a machine costs|approved",
    "decision": "Send an email|Gmail - Demo|recipient_email|212 characters are not shown|Send it|Do not send it",
}


@pytest.mark.parametrize("name", SAID)
@in_browser
def test_a_card_says_what_the_result_says_in_both_themes_on_a_phone_and_on_a_screen(
    host: Host, results: dict[str, tuple[View, dict[str, Any]]], name: str
) -> None:
    view, result = results[name]
    with host.showing(view.document, result) as card:
        for theme, width in LOOKS:
            card.adapt(theme, width)
            assert card.sent_beyond() == []
            assert contrasts(card) == []
        assert [words for words in SAID[name].split("|") if words not in card.text] == []


@pytest.mark.parametrize("name", SAID)
@in_browser
def test_what_strangers_write_is_text_and_stays_inside_the_card(
    host: Host, results: dict[str, tuple[View, dict[str, Any]]], name: str
) -> None:
    view, result = results[name]
    with host.showing(view.document, hostile(result)) as card:
        for theme, width in LOOKS:
            card.adapt(theme, width)
            assert card.sent_beyond() == []
        shown = card.frame.evaluate("document.querySelector('main').textContent")
        assert [words for words in {*HOSTILE} if words not in shown] == []
        assert card.strange == []
        assert card.frame.evaluate("[document.scripts.length, document.images.length]") == [1, 0]


@in_browser
def test_a_script_that_reaches_the_page_after_all_does_not_run(
    host: Host, results: dict[str, tuple[View, dict[str, Any]]]
) -> None:
    view, result = results["key"]
    attack = "document.body.insertAdjacentHTML('beforeend', \"<img src=x onerror=parent.postMessage('stolen','*')>\")"
    with host.showing(view.document, result) as card:
        card.frame.evaluate(attack)
        card.frame.evaluate("new Promise((done) => setTimeout(done, 50))")
        assert card.strange == []


@in_browser
def test_a_card_takes_the_colours_and_the_font_of_its_host(
    host: Host, results: dict[str, tuple[View, dict[str, Any]]]
) -> None:
    view, result = results["key"]
    styles = {"--color-background-primary": "rgb(1, 2, 3)", "--color-text-primary": "rgb(250, 251, 252)"}
    with host.showing(view.document, result, styles=styles) as card:
        style = "(({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(document.body))"
        assert card.frame.evaluate(style) == ["rgb(1, 2, 3)", "rgb(250, 251, 252)"]


@in_browser
def test_a_key_that_others_use_is_reported(host: Host, results: dict[str, tuple[View, dict[str, Any]]]) -> None:
    view, result = results["key"]
    elsewhere = {"requests": 41, "since": "2026-11-03T09:00:00+00:00"}
    card_of = {**result["_meta"]["uru-mcp/card"], "elsewhere": elsewhere}
    with host.showing(view.document, {**result, "_meta": {"uru-mcp/card": card_of}}) as card:
        assert "Uru counts 41 more requests with this key" in card.text
        assert "3 Nov 2026" in card.text


@in_browser
def test_tools_that_the_user_took_away_are_counted_apart(host: Host, uru: Uru) -> None:
    with session(uru, uru.key({"read", "execute"}).text, TOOLS="!gmail_*") as claude:
        result = claude.call("uru_whoami")
    taken = result["structuredContent"]["tools"]["taken_away_by_user"]
    with host.showing(KEY.document, result) as card:
        assert taken > 0
        assert f"{taken} more are taken away by your own URU_TOOLS." in card.text


@in_browser
def test_a_host_that_keeps_the_meta_of_a_result_still_shows_the_report(
    host: Host, results: dict[str, tuple[View, dict[str, Any]]]
) -> None:
    view, result = results["key"]
    with host.showing(view.document, {name: part for name, part in result.items() if name != "_meta"}) as card:
        assert "Acme" in card.text
        assert "Write is missing" in card.text


@pytest.mark.parametrize("name", ["key", "run", "decision"])
@in_browser
def test_an_error_is_shown_with_its_remedy(
    host: Host, results: dict[str, tuple[View, dict[str, Any]]], name: str
) -> None:
    error = {"code": "unavailable", "message": "Uru did not answer.", "fix": "Try again in a minute."}
    with host.showing(results[name][0].document, {"isError": True, "structuredContent": {"error": error}}) as card:
        assert "Uru did not answer." in card.text
        assert "Try again in a minute." in card.text


@pytest.mark.parametrize(("button", "decision"), [("yes", "yes"), ("no", "no")])
@in_browser
def test_a_decision_is_made_with_the_keyboard_alone_and_sent_once(host: Host, button: str, decision: str) -> None:
    answers = {
        None: {"structuredContent": {"decision": {"state": "open"}}},
        "yes": {"structuredContent": {"user_decision": "yes", "data": {"id": "msg_1"}}, "content": []},
        "no": {"structuredContent": {"user_decision": "no"}, "content": []},
    }
    with host.showing(DECISION.document, ASKED, call=lambda _, arguments: answers[arguments.get("decision")]) as card:
        card.page.locator("iframe").focus()
        for _ in range(6):
            card.press("Tab")
            if card.focused() == button:
                break
        card.press("Enter", "Enter")
        card.wait("Done." if decision == "yes" else "Nothing was sent.")

        token = ASKED["_meta"]["uru-mcp/decision"]["token"]
        decided = [call for call in card.calls if "decision" in call["arguments"]]
        assert decided == [{"name": "uru_decide", "arguments": {"token": token, "decision": decision}}]
        assert card.frame.locator("button").count() == 0
        assert card.focused() == "outcome", "a screen reader goes on with what came of it"


@pytest.mark.parametrize(("button", "noted"), [("yes", "granted"), ("no", "declined")])
@in_browser
def test_a_run_that_waits_is_decided_in_the_card_and_the_card_says_what_came_of_it(
    host: Host, uru: Uru, button: str, noted: str
) -> None:
    with session(uru, uru.key().text) as claude:
        run = claude.call("platform__automation_run", {"id": REFUND, "input": LARGE})
        with host.showing(DECISION.document, run, call=claude.call) as card:
            assert "Refund 900 EUR to Ana Ferreira?" in card.text
            assert "Head of service" in card.text
            card.frame.locator("#comment").fill("Her machine was broken twice.")
            card.frame.locator(f"#{button}").click()
            card.wait("The run is completed.")
            assert f"You said {button}" in card.text
        after = claude.call("uru_show_run", {"uri": run["structuredContent"]["uri"]})["structuredContent"]
    assert "Her machine was broken twice." in [event["detail"] for event in after["events"]]
    assert uru.notes == [f"Refund of 900 EUR for Ana Ferreira {noted}."]


@in_browser
def test_a_call_that_waits_for_a_yes_is_sent_when_the_card_says_yes_and_not_before(host: Host, uru: Uru) -> None:
    note = {"tool": "company_demo__LOG_NOTE", "input": {"text": "Called the hotel."}}
    with session(uru, uru.key().text, CONFIRM="execute") as claude:
        asked = claude.call("uru_execute", note)
        with host.showing(DECISION.document, asked, call=claude.call) as card:
            assert "Called the hotel." in card.text
            assert uru.notes == []
            card.frame.locator("#yes").click()
            card.wait("You said yes")
            assert uru.notes == ["Called the hotel."]
        with host.showing(DECISION.document, asked, call=claude.call) as card:
            card.wait("You said yes")
            assert card.frame.locator("button").count() == 0, "the card that is opened again decides nothing"
    assert uru.notes == ["Called the hotel."]


@in_browser
def test_a_call_to_which_the_card_says_no_is_not_sent(host: Host, uru: Uru) -> None:
    note = {"tool": "company_demo__LOG_NOTE", "input": {"text": "Called the hotel."}}
    with session(uru, uru.key().text, CONFIRM="execute") as claude:
        asked = claude.call("uru_execute", note)
        with host.showing(DECISION.document, asked, call=claude.call) as card:
            card.frame.locator("#no").click()
            card.wait("You said no")
            assert "Nothing was sent." in card.text
            assert "Do not try it again" not in card.text, "that is for the model"
    assert uru.notes == []


@in_browser
def test_two_cards_of_one_question_decide_it_once(host: Host, uru: Uru) -> None:
    note = {"tool": "company_demo__LOG_NOTE", "input": {"text": "Called the hotel."}}
    with session(uru, uru.key().text, CONFIRM="execute") as claude:
        asked = claude.call("uru_execute", note)
        token = asked["_meta"]["uru-mcp/decision"]["token"]
        with host.showing(DECISION.document, asked, call=claude.call) as card:
            claude.call("uru_decide", {"token": token, "decision": "no"})
            card.frame.locator("#yes").click()
            card.wait("You said no")
            assert "This was decided already" in card.text
    assert uru.notes == []


@in_browser
def test_a_decision_that_is_made_already_has_no_buttons(host: Host) -> None:
    said = {"structuredContent": {"decision": {"state": "no"}}}
    with host.showing(DECISION.document, ASKED, call=lambda *_: said) as card:
        card.wait("You said no")
        assert card.frame.locator("button").count() == 0


@in_browser
def test_a_decision_that_a_host_does_not_pass_on_can_be_made_again(host: Host) -> None:
    with host.showing(DECISION.document, ASKED) as card:
        card.frame.locator("#yes").click()
        card.wait("The host did not pass the decision on")
        assert card.frame.locator("#yes").is_enabled()


@in_browser
def test_a_card_answers_its_host_and_asks_for_a_height(
    host: Host, results: dict[str, tuple[View, dict[str, Any]]]
) -> None:
    view, result = results["run"]
    with host.showing(view.document, result) as card:
        for method in ("ping", "ui/resource-teardown", "nonsense"):
            card.page.evaluate("method => post({ id: method, method, params: {} })", method)
        card.page.wait_for_function("() => told.filter((one) => one.id && !one.method).length === 3")
        answers = {one["id"]: one for one in card.told if "method" not in one}
        heights = [one["params"]["height"] for one in card.told if one.get("method") == "ui/notifications/size-changed"]
    assert answers["ping"]["result"] == answers["ui/resource-teardown"]["result"] == {}
    assert answers["nonsense"]["error"]["code"] == -32601
    assert heights
    assert min(heights) > 0


def contrasts(card: Card) -> list[str]:
    """The texts that can hardly be told from what is behind them."""
    return list(
        card.frame.evaluate(
            """(least) => {
              const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
              const over = (colours) => {
                canvas.clearRect(0, 0, 1, 1);
                for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
                return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
              };
              const light = (rgb) => rgb.map((one) => one / 255)
                .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
                .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
              const found = [];
              for (const element of document.querySelectorAll("main *")) {
                const says = [...element.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
                if (!says || element.closest("svg")) continue;
                const behind = [];
                for (let one = element; one; one = one.parentElement)
                  behind.unshift(getComputedStyle(one).backgroundColor);
                const [front, back] = [over([...behind, getComputedStyle(element).color]), over(behind)].map(light);
                const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
                if (ratio < least) found.push(`${element.textContent.slice(0, 30)}: ${ratio.toFixed(1)}`);
              }
              return found;
            }""",
            READABLE,
        )
    )
