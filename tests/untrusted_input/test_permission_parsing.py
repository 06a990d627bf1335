"""Permission names as services and people write them: whole names count, parts of one widen nothing."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uru_mcp.permissions import EVERYTHING, NOTHING, Permission
from uru_mcp.untrusted_input.permission_parsing import at_least_part_of, meaning, read_names, told_by

READ, WRITE, EXECUTE = (frozenset({permission}) for permission in Permission)


@pytest.mark.parametrize(
    ("stated", "granted"),
    [
        ("read", READ),
        ("Read, Write, Execute", EVERYTHING),
        ("READ EXECUTE", READ | EXECUTE),
        ("read;write", READ | WRITE),
        ("read\nwrite", READ | WRITE),
        (["Read", "EXECUTE"], READ | EXECUTE),
        (["resources:read", "tools:execute"], READ | EXECUTE),
        (["resources.read", "execute/tools", "write_resources"], EVERYTHING),
        (["uru:resources:write"], WRITE),
        (["workspace:read"], READ),
        ("read_only", READ),
        ("Read only", READ),
        ("readOnly", READ),
        (["read-write"], READ | WRITE),
        ("readWrite", READ | WRITE),
        ("full_access", EVERYTHING),
        ("Full Access", EVERYTHING),
        (["read+execute"], READ | EXECUTE),
        ({"read": True, "write": False, "execute": True}, READ | EXECUTE),
        ({"can_read": True, "canWrite": True, "can_execute": False}, READ | WRITE),
        ({"read": "true", "write": "no", "execute": 1}, READ | EXECUTE),
        ({"resources": ["read", "write"], "tools": ["execute"]}, EVERYTHING),
        ({"resources": {"read": True, "write": False}}, READ),
        ([{"name": "read"}, {"permission": "write", "granted": False}], READ),
        ([{"scope": "resources:read", "allowed": "true"}], READ),
        ('["read", "write"]', READ | WRITE),
        ('{"execute": true}', EXECUTE),
        (["read", None, 7, ["write"]], READ),
    ],
)
def test_names_are_read_as_people_write_them(stated: Any, granted: Any) -> None:
    assert read_names(stated).granted == granted


@pytest.mark.parametrize(
    "name",
    [
        "contexts:read",
        "read:contexts",
        "contexts.write",
        "read_contexts",
        "automations:execute",
        "tools:read",
        "resources:execute",
        "tools:write",
        "gmail.send",
        "admin",
        "*",
        "all",
        "",
        "re ad",
        "reader",
        "readonly_execute",
        "x" * 100,
        "read" * 20,
    ],
)
def test_what_names_a_part_or_something_else_grants_nothing(name: str) -> None:
    assert meaning(name) is None
    assert read_names([name]).granted == NOTHING


@pytest.mark.parametrize("stated", [None, 7, True, 1.5, {}, {"read_only": False}, "contexts:read", ["*"]])
def test_names_of_which_none_is_understood_tell_nothing(stated: Any) -> None:
    assert told_by(stated) is None


@pytest.mark.parametrize("stated", [[], {"read": False}, {"can_execute": False}, [{"name": "read", "granted": False}]])
def test_a_denial_and_an_empty_list_tell_that_nothing_is_granted(stated: Any) -> None:
    assert told_by(stated) == NOTHING


def test_a_denied_permission_is_not_granted_by_another_name() -> None:
    assert read_names({"full_access": True, "execute": False}).granted == READ | WRITE


def test_what_is_no_name_is_kept_apart() -> None:
    assert read_names(["read", "admin", "contexts:write", "admin"]).unknown == ("admin", "contexts:write")


def test_a_need_for_a_part_is_a_need_for_the_whole() -> None:
    assert at_least_part_of("contexts:read") == READ
    assert at_least_part_of("gmail.send") is None


@pytest.mark.parametrize(
    "flags", list(product([True, False], repeat=3)), ids=lambda flags: "".join("ny"[flag] for flag in flags)
)
def test_every_set_is_the_same_in_every_form(flags: tuple[bool, ...]) -> None:
    names = [one.value for one, flag in zip(Permission, flags, strict=True) if flag]
    expected = frozenset(map(Permission, names))
    forms: list[Any] = [
        names,
        ", ".join(names),
        [name.upper() for name in names],
        {one.value: flag for one, flag in zip(Permission, flags, strict=True)},
        {f"can{one.value.capitalize()}": flag for one, flag in zip(Permission, flags, strict=True)},
        [{"name": name} for name in names],
    ]
    assert all(read_names(form).granted == expected for form in forms)


@given(st.text(max_size=80))
def test_a_name_never_grants_more_than_the_words_in_it(name: str) -> None:
    granted = meaning(name) or NOTHING
    text = name.lower()
    assert ("full" in text) or all(
        any(
            word in text
            for word in {"read": ("read", "view"), "write": ("write", "edit"), "execute": ("execute", "run")}[one]
        )
        for one in granted
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["read", "can_write", "*"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_anything_json_can_hold_is_read_without_an_error(stated: Any) -> None:
    named = read_names(stated)
    assert named.granted <= named.understood
