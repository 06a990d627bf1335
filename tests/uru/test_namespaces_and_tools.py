"""Uru's JSON in all the spellings that were seen, and in some that were not."""

from __future__ import annotations

from typing import Any

import pytest

from uru_mcp.permissions import EVERYTHING, Permission
from uru_mcp.untrusted_input.json_fields import UnexpectedShape
from uru_mcp.uru.error_body import read_error_body
from uru_mcp.uru.key_record import read_key_record
from uru_mcp.uru.namespaces_and_tools import read_namespaces, read_tools
from uru_mcp.uru.run_results import read_result

READ, EXECUTE = Permission.READ, Permission.EXECUTE


@pytest.mark.parametrize(
    "body",
    [
        {"permissions": ["read", "execute"]},
        {"permissions": "READ, Execute"},
        {"scopes": "read execute"},
        {"key": {"name": "x", "scopes": ["Read", "EXECUTE"]}},
    ],
)
def test_permissions_are_read_in_every_spelling(body: Any) -> None:
    assert read_key_record(body).permissions == frozenset({READ, EXECUTE})


OF_SOMEBODY = {"workspace_id": "w"}


@pytest.mark.parametrize("stated", [None, 7, True, {}, {"contexts": ["read"]}, ["contexts:read"], "admin", ["*"]])
def test_permissions_of_which_no_name_is_understood_are_not_told(stated: Any) -> None:
    assert read_key_record({"permissions": stated, **OF_SOMEBODY}).permissions is None


@pytest.mark.parametrize("body", [{}, {"status": "ok"}, {"permissions": None, "key": {}}, {"id": "key_1"}])
def test_an_object_that_says_nothing_of_a_key_is_no_record(body: Any) -> None:
    with pytest.raises(UnexpectedShape):
        read_key_record(body)


def test_an_empty_list_of_permissions_is_a_grant_of_nothing() -> None:
    assert read_key_record({"permissions": []}).permissions == frozenset()


def test_an_unknown_permission_is_kept_apart() -> None:
    record = read_key_record({"permissions": ["read", "admin", "*"]})
    assert (record.permissions, record.unknown_permissions) == (frozenset({READ}), ("admin", "*"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"workspace": {"id": "w", "name": "Acme"}}, ("w", "Acme")),
        ({"workspace_id": "w"}, ("w", None)),
        ({"id": "key_1", "workspace_id": "w", "workspace_name": "Acme"}, ("w", "Acme")),
        ({"id": "key_1", "permissions": []}, None),
        ({"workspace": None, "permissions": []}, None),
        ({"workspaceId": "w", "workspaceName": "Acme"}, ("w", "Acme")),
        ({"data": {"key": {"name": "x"}, "workspace": {"workspaceId": "w"}}}, ("w", None)),
    ],
)
def test_the_workspace_is_read_where_it_stands(body: Any, expected: Any) -> None:
    workspace = read_key_record(body).workspace
    assert (workspace and (workspace.id, workspace.name)) == expected


def test_no_more_than_four_characters_of_a_key_are_taken_from_a_service() -> None:
    assert read_key_record({"key": {"last4": "uru_test_0123456789"}}).last4 == "6789"


def test_namespaces_are_read_under_their_aliases_and_once_each() -> None:
    body = {"namespaces": [{"namespace": "a", "display_name": "A"}, {"name": "b"}, {"name": "b"}, {}, 7, None]}
    assert [(n.name, n.title) for n in read_namespaces(body)] == [("a", "A"), ("b", "b")]
    assert read_namespaces([{"name": "a"}])[0].name == "a"


@pytest.mark.parametrize("body", [None, 7, "text", {}, {"namespaces": {}}, {"tools": None}])
def test_a_list_of_another_shape_is_an_error_and_never_an_empty_list(body: Any) -> None:
    with pytest.raises(UnexpectedShape):
        read_namespaces(body)
    with pytest.raises(UnexpectedShape):
        read_tools("a", body)


def test_a_tool_is_read_in_both_styles_or_left_out_with_a_reason() -> None:
    function = {"name": "B", "description": "b", "parameters": {"type": "object"}}
    tools, left_out = read_tools(
        "n", [{"name": "A"}, {"type": "function", "function": function}, {"id": "C"}, {}, 7, {"name": "A"}]
    )
    assert [tool.name for tool in tools] == ["A", "B", "C"]
    assert [item.reason for item in left_out] == [
        "it has no name",
        "it has no name",
        "another tool of this namespace has the same name",
    ]


@pytest.mark.parametrize("permission", ["admin", ["read", "admin"], [], 7, {}])
def test_a_declaration_that_cannot_be_understood_needs_everything(permission: Any) -> None:
    tools, _ = read_tools("n", [{"name": "A", "permission": permission}])
    assert tools[0].declared == EVERYTHING


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (None, {"type": "object"}),
        ("text", {"type": "object"}),
        ({}, {"type": "object"}),
        ({"properties": {"a": {}}}, {"properties": {"a": {}}, "type": "object"}),
        ({"type": ["object", "null"]}, {"type": "object"}),
        (
            {"type": "object", "properties": {"a": {}, "b": 7}, "required": "a", "$schema": 7},
            {"type": "object", "properties": {"a": {}}},
        ),
    ],
)
def test_a_schema_is_mended_where_that_is_safe(schema: Any, expected: Any) -> None:
    tools, _ = read_tools("n", [{"name": "A", "inputSchema": schema}])
    assert tools[0].schema == expected


def test_a_sound_schema_passes_unchanged() -> None:
    schema = {"type": "object", "$defs": {"x": {"enum": [1]}}, "properties": {"a": {"$ref": "#/$defs/x"}}, "allOf": []}
    tools, _ = read_tools("n", [{"name": "A", "inputSchema": schema}])
    assert tools[0].schema == schema


@pytest.mark.parametrize(
    ("body", "data", "failed"),
    [
        ({"data": "text", "successful": True}, "text", False),
        ({"data": None, "success": True}, None, False),
        ({"data": 1, "successful": True, "success": False, "error": "no"}, 1, True),
        ({"data": 1, "successful": False, "success": True, "error": "no"}, 1, True),
        ({"anything": 1}, {"anything": 1}, False),
        ([1, 2], [1, 2], False),
    ],
)
def test_either_flag_false_is_a_failure_and_without_data_the_body_is_the_result(
    body: Any, data: Any, failed: bool
) -> None:
    result = read_result(body)
    assert (result.data, result.error is not None) == (data, failed)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"code": "Workspace-Required", "message": "m"}, "workspace_required", "m"),
        ({"error_code": "TOOLS_NOT_READY"}, "tools_not_ready", None),
        ({"error": "revoked api key"}, "revoked_api_key", "revoked api key"),
        ({"error": {"code": "x", "message": "m"}}, "x", "m"),
        ({"detail": {"code": "x", "message": "m"}}, "x", "m"),
        ({"detail": "not allowed here, sorry!"}, None, "not allowed here, sorry!"),
        ({"details": {"code": "x"}, "message": "m"}, "x", "m"),
        ('{"error": {"code": "x", "message": "m"}}', "x", "m"),
        ('"{\\"code\\": \\"workspace_required\\"}"', "workspace_required", None),
        ("<html>502</html>", None, None),
        ("plain words", None, "plain words"),
        ("", None, None),
        (None, None, None),
        ([1], None, None),
    ],
)
def test_an_error_body_is_read_in_every_shape(body: Any, code: str | None, message: str | None) -> None:
    error_body = read_error_body(body)
    assert (error_body.code, error_body.message) == (code, message)


def test_an_error_body_keeps_what_is_useful() -> None:
    body = {
        "error": {"code": "workspace_selection_required"},
        "details": {"recovery_tools": ["list_workspaces"], "retry_after_ms": 1500},
        "tip": "select one",
        "secret": "x",
    }
    error_body = read_error_body(body)
    assert error_body.details == {"recovery_tools": ["list_workspaces"], "tip": "select one"}
    assert error_body.retry_after == 1.5
