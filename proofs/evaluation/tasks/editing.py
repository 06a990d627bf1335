"""Prompts, agents, and another workspace: what is changed, and that nothing else is."""

from __future__ import annotations

import re

from proofs.evaluation.session import Session
from proofs.evaluation.task import Task, Told, Want

RULE = "Always name the number of the ticket."
SELECT = "platform__set_current_workspace"
GLOBEX = "c2a8e5d4-91b7-4f3a-a6d0-5e7f18293b4c"


async def _prompt(session: Session) -> str:
    listed = (await session.data("platform__prompt_query", {"op": "list"}))["data"]["items"]
    prompt = next(one for one in listed if one["title"] == "The week in five lines")
    content = prompt["content"].replace("five lines", "seven lines")
    change = {"op": "update", "id": prompt["id"], "title": "The week in seven lines", "content": content}
    await session.data("platform__prompt_edit", change)
    return "The prompt is now called “The week in seven lines” and asks for seven."


async def _agent(session: Session) -> str:
    listed = (await session.data("platform__persona_query", {"op": "list"}))["data"]["items"]
    agent = next(one for one in listed if one["name"] == "Ledger")
    change = {"op": "update", "id": agent["id"], "instructions": f"{agent['instructions']} {RULE}"}
    await session.data("platform__persona_edit", change)
    return "Ledger has the rule at the end of its instructions, and all the others as before."


async def _other_workspace(session: Session) -> str:
    listed = (await session.data("platform__list_workspaces"))["data"]["workspaces"]
    globex = next(one["id"] for one in listed if one["name"] == "Globex")
    await session.data(SELECT, {"workspace_id": globex})
    await session.data("uru_list_resources", {"query": "Rotterdam Warsaw pallet rate"})
    return "265 EUR a pallet, with a diesel surcharge of 18 per cent this month. Globex stays selected."


EDITING = (
    Task(
        name="prompt",
        subject="a change of a prompt",
        words='Our prompt "The week in five lines" should ask for seven lines, and be called so too.',
        least=2,
        solve=_prompt,
        told=(Told("that it is seven now", "seven|7"),),
        wants=(
            Want(
                "the prompt with seven, and otherwise as it was",
                "prompts",
                {
                    "title": re.compile("^The week in (seven|7) lines$"),
                    "content": re.compile(
                        r"^Sum up the week for the {{team}} team in (seven|7) lines: what went well, what did not,"
                        r" what is open\. Use the notes in company_demo\.$"
                    ),
                },
                was={"id": "prm_acme_week"},
            ),
        ),
        may=frozenset({"platform__prompt_edit"}),
    ),
    Task(
        name="agent",
        subject="a rule for an agent",
        words=f'Add a rule to the end of the instructions of our agent Ledger, and keep the rest: "{RULE}"',
        least=2,
        solve=_agent,
        told=(Told("that Ledger has it", "ledger"),),
        wants=(
            Want(
                "the old instructions and the rule",
                "personas",
                {
                    "instructions": re.compile(
                        r"^You look after refunds\. Quote the handbook's limits, ask for the ticket, and never"
                        r" promise a payment that needs somebody's approval before it was given\.\s+"
                        + re.escape(RULE)
                        + r"\s*$"
                    )
                },
                was={"id": "per_acme_ledger"},
            ),
        ),
        may=frozenset({"platform__persona_edit"}),
    ),
    Task(
        name="other workspace",
        subject="a change of the workspace",
        words="What does Globex take for a pallet from Rotterdam to Warsaw, and what comes on top this month?",
        least=3,
        solve=_other_workspace,
        told=(Told("the rate", "265"), Told("the surcharge", "18")),
        wants=(Want("Globex selected", "keys", {"workspace_id": GLOBEX}, was={"workspace_id": None}),),
        may=frozenset({SELECT}),
        fixed=False,
    ),
)
