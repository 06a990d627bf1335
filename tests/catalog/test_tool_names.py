"""Names that every client takes, the same in every process, and never the same for two tools."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uru_mcp.catalog.assembly import assembled
from uru_mcp.catalog.catalog import Catalog
from uru_mcp.catalog.tool_names import PROMPT, VALID, prompt_names, shown_name
from uru_mcp.untrusted_input.redaction import Redaction
from uru_mcp.uru.namespaces_and_tools import Namespace, UpstreamTool

Pair = tuple[str, str]

PAIRS = [
    ("gmail_demo", "GMAIL_SEND_EMAIL"),
    ("a", "b__c"),
    ("a__b", "c"),
    ("a_", "b"),
    ("a", "_b"),
    ("a", ""),
    ("", "a"),
    ("", "_"),
    ("é", "x"),
    ("e", "x"),
    ("n s", "x"),
    ("n-s", "x"),
    ("n.s", "x"),
    ("a", "x" * 200),
    ("a", "x" * 201),
    ("a" * 70, "x"),
    ("slack", "SLACK_USERS.PROFILE.GET"),
    ("slack", "SLACK_USERS_PROFILE_GET"),
    ("bad", "\ud800"),
]

# Two names that read alike and whose hashes begin alike; among a million such names there is a pair.
TWINS = ("\u94b6\u4e2a", "\u4f40\u4e32")

# All that JSON can hold, halves of surrogate pairs included; what is nearly the same; what is about as long as a name
# may be.
anything = st.text(st.characters(exclude_categories=()), max_size=80)
alike = st.text("aA_-.\u00e9 0", max_size=6)
long = st.text("ab_", min_size=28, max_size=70)
name = anything | alike | long


def rivals(plain: str) -> set[Pair]:
    """All tools whose plain name this is, and those that are called as one of them is shown."""
    tools = {(plain[:at], plain[at + 2 :]) for at in range(len(plain)) if plain.startswith("__", at)}
    shown = {shown_name(*pair) for pair in tools}
    return tools | {(one[:at], one[at + 2 :]) for one in shown for at in range(len(one)) if one.startswith("__", at)}


rivalries = st.lists(st.sampled_from(["a", "\u00e9", "_", "__"]), max_size=8).map("".join).map(rivals)
pairs = (
    st.builds(lambda some, others: sorted({*some, *others}), st.lists(st.tuples(name, name), max_size=20), rivalries)
    .map(lambda tools: [tool for tool in tools if Redaction().is_clean(shown_name(*tool))])
    .flatmap(st.permutations)
)
"""Tools, but for those whose names look like a key and are left out for that."""


def offered(tools: list[Pair]) -> Catalog:
    """The catalog of these tools, each as Uru would list it."""
    namespaces = [Namespace(one, one) for one in dict.fromkeys(namespace for namespace, _ in tools)]
    loaded = {
        namespace.name: (
            tuple(
                UpstreamTool(tool, None, "", '{"type":"object"}', None, None, None, None, None)
                for owner, tool in tools
                if owner == namespace.name
            ),
            (),
        )
        for namespace in namespaces
    }
    return assembled(namespaces, loaded, [], Redaction())


@given(name, name)
def test_any_name_is_one_that_clients_take(namespace: str, tool: str) -> None:
    assert VALID.fullmatch(shown_name(namespace, tool))


@given(pairs)
def test_any_tools_have_names_that_lead_back_to_each_of_them(tools: list[Pair]) -> None:
    catalog = offered(tools)
    assert catalog.left_out == ()
    assert len(catalog.tools) == len(tools)
    for namespace, tool in tools:
        found = catalog.tools[shown_name(namespace, tool)]
        assert (found.namespace.name, found.name) == (namespace, tool)
        assert found.id == shown_name(namespace, tool)


@given(pairs)
def test_a_tool_has_the_same_name_in_whatever_order_and_company_it_comes(tools: list[Pair]) -> None:
    both_ways = [offered(tools), offered(tools[::-1])]
    for catalog in (*both_ways, *(offered([pair]) for pair in tools)):
        for id_, tool in catalog.tools.items():
            assert id_ == shown_name(tool.namespace.name, tool.name)
    assert both_ways[0].tools == both_ways[1].tools


def test_a_tool_has_the_same_name_in_every_process() -> None:
    program = (
        "import json, sys; from uru_mcp.catalog.tool_names import shown_name;"
        "print(json.dumps([shown_name(*pair) for pair in json.load(sys.stdin)]))"
    )
    for seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", program],
            input=json.dumps(PAIRS),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert json.loads(told) == [shown_name(*pair) for pair in PAIRS]


def test_of_two_tools_whose_stand_ins_are_the_same_the_later_is_left_out_and_said_to_be() -> None:
    shared = shown_name("n", TWINS[0])
    assert shown_name("n", TWINS[1]) == shared

    for first, second in (TWINS, TWINS[::-1]):
        catalog = offered([("n", first), ("n", second)])
        assert catalog.tools[shared].name == first
        (left_out,) = catalog.left_out
        assert (left_out.name, left_out.reason) == (second, "another tool is shown under the same name")


@pytest.mark.parametrize(("namespace", "tool"), PAIRS)
def test_a_name_is_one_that_clients_take(namespace: str, tool: str) -> None:
    assert VALID.fullmatch(shown_name(namespace, tool))


@given(st.dictionaries(st.text(min_size=1, max_size=12), name | st.text("aA_ -", max_size=70), max_size=20))
def test_any_prompts_have_names_that_clients_take_and_no_two_the_same(titles: dict[str, str]) -> None:
    titles |= {f"imitating {own}": shown for own, shown in prompt_names(titles).items()}
    names = prompt_names(titles)
    assert names.keys() == titles.keys()
    assert all(PROMPT.fullmatch(one) for one in names.values())
    assert len(set(names.values())) == len(titles)
    assert prompt_names(dict(reversed(titles.items()))) == names


@given(st.dictionaries(st.text("ab", min_size=1), alike, min_size=1, max_size=8), st.text("ab", min_size=1), alike)
def test_a_prompt_s_name_never_comes_to_mean_another_prompt(titles: dict[str, str], own: str, title: str) -> None:
    before, after = prompt_names(titles), prompt_names({**titles, own: title})
    others = {one: name for one, name in after.items() if one != own}
    for one, name in before.items():
        assert all(other == one for other, taken in others.items() if taken == name)


def test_a_good_name_is_left_alone() -> None:
    assert shown_name("gmail_demo", "GMAIL_SEND_EMAIL") == "gmail_demo__GMAIL_SEND_EMAIL"
    assert shown_name("a", "b__c") == "a__b__c"


def test_a_stand_in_is_readable_and_the_same_in_every_process() -> None:
    assert shown_name("slack_team", "SLACK_USERS.PROFILE.GET") == "slack_team__SLACK_USERS_PROFILE_GET_x53aa986ce8"
