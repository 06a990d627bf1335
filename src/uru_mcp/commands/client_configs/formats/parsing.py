"""Reads a text in the format of its client."""

from __future__ import annotations

from typing import Literal

from uru_mcp.commands.client_configs.formats.text_entries import ConfigurationText

Syntax = Literal["json", "jsonc", "toml", "yaml"]  # jsonc: with comments and trailing commas


def parsed(text: str, syntax: Syntax, member: str) -> ConfigurationText:
    """The text, with servers under `member`. The formats are imported only when they are needed."""
    if syntax == "toml":
        from uru_mcp.commands.client_configs.formats.toml_text import TomlText

        return TomlText(text, member)
    if syntax == "yaml":
        from uru_mcp.commands.client_configs.formats.yaml_text import YamlText

        return YamlText(text, member)
    from uru_mcp.commands.client_configs.formats.json_text import JsonText

    return JsonText(text, member, is_relaxed=syntax == "jsonc")
