"""In the Claude Desktop extension, messages name the fields of its form, and never the variables behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from bundle.pack import MANIFEST, ROOT

from tests.server.apps.results import viewing_client
from tests.test_sentences import SENTENCES
from tests.world import Connect, Uru, text_of
from uru_mcp.config.environment import read_settings
from uru_mcp.errors import SettingsError
from uru_mcp.messages.extension_form import EXTENSION, FIELDS, IN_EXTENSION, PHRASES, in_extension

FORM = json.loads((ROOT / MANIFEST).read_text(encoding="utf-8"))
KEY = "uru_test_0123456789abcdef"


def test_the_form_and_the_messages_have_the_same_titles_and_the_extension_says_that_it_is_one() -> None:
    env: Mapping[str, str] = FORM["server"]["mcp_config"]["env"]
    asked = {f"${{user_config.{name}}}": field["title"] for name, field in FORM["user_config"].items()}
    assert {variable: asked[value] for variable, value in env.items() if variable != IN_EXTENSION} == FIELDS
    assert env[IN_EXTENSION]
    assert FORM["display_name"] == EXTENSION


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "The field “Uru API key” of the Uru extension is blank."),
        ({"URU_API_KEY": "a b"}, "The field “Uru API key” of the Uru extension cannot be used: "),
        ({"URU_API_KEY": KEY, "URU_PERMISSIONS": "reed"}, "The field “Permissions” of the Uru extension cannot be "),
        ({"URU_API_KEY": KEY, "URU_WORKSPACE_ID": "Acme"}, "The field “Workspace” of the Uru extension cannot be "),
        ({"URU_API_KEY": KEY, "URU_TOOLS": "a b"}, "The field “Tools” of the Uru extension cannot be "),
        ({"URU_API_KEY": KEY, "URU_CONFIRM": "never,a"}, "The field “Confirm” of the Uru extension cannot be "),
        ({"URU_API_KEY": KEY, "URU_APPROVALS": "me"}, "The field “Approvals” of the Uru extension cannot be "),
    ],
)
def test_what_is_wrong_with_the_form_is_said_in_its_terms(variables: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({**variables, IN_EXTENSION: "1"})
    assert caught.value.message.startswith(told)
    said = f"{caught.value.message} {caught.value.fix}"
    assert "URU_" not in said
    assert "remove" not in said, "a field is left blank"
    with pytest.raises(SettingsError) as elsewhere:
        read_settings(variables)
    assert "URU_" in elsewhere.value.message


async def test_the_model_is_told_the_fields_wherever_a_setting_is_named(connect: Connect, uru: Uru) -> None:
    form = {"PERMISSIONS": "read", "IN_EXTENSION": "1"}
    async with connect(**form) as claude:
        told = (await claude.tools())["uru_whoami"].description or ""
        report = await claude.call("uru_whoami")
        refused = await claude.error("company_demo__LOG_NOTE", {"text": "hi"})
        hits = await claude.data("uru_search_tools", {"query": "send a mail"})
    field = "the field “Permissions” of the Uru extension"
    texts = [told, text_of(report), json.dumps(report.structured_content), refused["message"], refused["fix"]]
    assert [text for text in (*texts, hits["fix"]) if "URU_" in text] == []
    assert f"of which {field} allows Read" in refused["message"]
    assert refused["fix"] == f"Ask the user to add execute to {field}, if the key may have it."
    assert refused["fix"] in told
    assert refused["fix"] in hits["fix"]
    assert "from the field “Uru API key” of the Uru extension" in text_of(report)
    assert uru.notes == []


async def test_where_uru_does_not_tell_the_permissions_the_field_is_named(connect: Connect, uru: Uru) -> None:
    uru.faults.status("/keys/self", 404)
    async with connect(IN_EXTENSION="1") as claude:
        fix = (await claude.error("company_demo__LOG_NOTE", {"text": "hi"}))["fix"]
    assert fix.endswith(
        "enter just those, such as read,write,execute, in the field “Permissions” of the Uru extension."
    )


async def test_a_card_in_the_extension_speaks_to_the_person_of_fields(uru: Uru) -> None:
    form = {"PERMISSIONS": "read", "IN_EXTENSION": "1"}
    async with viewing_client(uru, uru.key().text, **form) as claude:
        meta = (await claude.call_tool("uru_whoami", {})).meta or {}
    assert meta["uru-mcp/told"]["tools"]["fix"].startswith(
        "Add write to the field “Permissions” of the Uru extension, if the key may have it. Add execute to "
    )
    assert meta["uru-mcp/card"]["no_log"] == ""


@pytest.mark.parametrize("about_variable", [one for one, _ in PHRASES])
def test_each_phrase_is_one_that_is_said_elsewhere(about_variable: str) -> None:
    told = [text.replace("{what}", "URU_PROXY_URL") for where, text in SENTENCES if "extension_form" not in where]
    assert any(about_variable in text for text in told)


def test_variables_that_the_form_does_not_have_stay_as_they_are() -> None:
    assert (
        in_extension("URU_API_KEY_FILE, URU_LOG_LEVEL and MY_URU_API_KEY")
        == "URU_API_KEY_FILE, URU_LOG_LEVEL and MY_URU_API_KEY"
    )
