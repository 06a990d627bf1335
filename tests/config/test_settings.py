"""Settings are read whole, strictly, and without repeating a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from uru_mcp.config.environment import read_settings
from uru_mcp.config.parsing import cache_directory, split_command
from uru_mcp.config.settings import VARIABLES
from uru_mcp.config.variables import NODE_CLIENT_ONLY
from uru_mcp.credentials.api_key import Key
from uru_mcp.errors import SettingsError
from uru_mcp.permissions import Permission

KEY = "uru_test_0123456789abcdef"


def problems(**environ: str) -> dict[str, str]:
    """What is wrong with this environment: variable → message."""
    with pytest.raises(SettingsError) as raised:
        read_settings({"URU_API_KEY": KEY, **environ})
    return {problem.details["variable"]: problem.message for problem in raised.value.problems}


def test_the_defaults_need_only_a_key() -> None:
    settings = read_settings({"URU_API_KEY": KEY, "PATH": "/bin"})
    assert settings.api_key == Key(KEY)
    assert settings.proxy_url == "https://mcp.uruintelligence.com"
    assert (settings.permissions, settings.workspace_id, settings.namespaces) == (None, None, ())


def test_values_are_read_as_people_write_them() -> None:
    settings = read_settings(
        {
            "URU_API_KEY": f"  {KEY}\n",
            "URU_PERMISSIONS": "Read, EXECUTE",
            "URU_NAMESPACES": "platform, gmail_*",
            "URU_PROXY_URL": "http://localhost:3001/",
            "URU_CALL_DEADLINE": "12.5",
        }
    )
    assert settings.api_key == Key(KEY)
    assert settings.permissions == frozenset({Permission.READ, Permission.EXECUTE})
    assert settings.namespaces == ("platform", "gmail_*")
    assert settings.proxy_url == "http://localhost:3001"
    assert settings.call_deadline == 12.5


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_blank_value_counts_as_unset(variable: str) -> None:
    if variable == "URU_API_KEY":
        assert problems(URU_API_KEY="  ") == {"URU_API_KEY": "URU_API_KEY is not set."}
    else:
        assert read_settings({"URU_API_KEY": KEY, variable: " "}) == read_settings({"URU_API_KEY": KEY})


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_placeholder_is_an_error_in_every_variable(variable: str) -> None:
    assert "placeholder" in problems(**{variable: "${SECRET}"})[variable]


@pytest.mark.parametrize("variable", sorted(NODE_CLIENT_ONLY))
def test_what_only_the_node_client_reads_is_accepted_and_remembered(variable: str) -> None:
    assert read_settings({"URU_API_KEY": KEY, variable: "1"}).ignored == (variable,)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("URU_PERMISSIONS", "read,delete"),
        ("URU_PERMISSIONS", ","),
        ("URU_PROXY_URL", "http://mcp.uruintelligence.com"),
        ("URU_PROXY_URL", "ftp://mcp.uruintelligence.com"),
        ("URU_PROXY_URL", "https://user:secret@mcp.uruintelligence.com"),
        ("URU_PROXY_URL", "https://mcp.uruintelligence.com/?a=b"),
        ("URU_PROXY_URL", "https://mcp.uruintelligence.com/#a"),
        ("URU_PROXY_URL", "mcp.uruintelligence.com"),
        ("URU_WORKSPACE_ID", "acme"),
        ("URU_DIRECT_TOOLS", "some"),
        ("URU_TOOL_TOKENS", "-1"),
        ("URU_CALL_DEADLINE", "0"),
        ("URU_CALL_DEADLINE", "nan"),
        ("URU_RESULT_CHARS", "many"),
        ("URU_AUDIT_LOG", "audit.jsonl"),
        ("URU_AUDIT_LOG", "./audit.jsonl"),
        ("URU_AUDIT_LOG", "~nobody_of_this_name/audit.jsonl"),
        ("URU_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_variable(variable: str, value: str) -> None:
    assert set(problems(**{variable: value})) == {variable}


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("URU_WORKSPACE_ID", "acme", "“acme” is not a UUID"),
        ("URU_WORKSPACE_ID", "x" * 500, f"“{'x' * 59}…” is not a UUID"),
        ("URU_CALL_DEADLINE", "soon", "“soon” is not a number of seconds from 1 to 3600"),
        ("URU_CALL_DEADLINE", "1e9", "“1e9” is not a number of seconds from 1 to 3600"),
        ("URU_SYNC_INTERVAL", "-1", "“-1” is not a number of seconds from 0.1 to 86400, or 0"),
        ("URU_TOOL_TOKENS", "1.5", "“1.5” is not a whole number from 0 to 1000000"),
        ("URU_RESULT_CHARS", "inf", "“inf” is not a whole number from 1000 to 10000000"),
        ("URU_LOG_LEVEL", "lo\x1b[31mud\nnow", "“lo(31mud now” is none of debug, info, warning, error"),
        ("URU_DIRECT_TOOLS", "some", "“some” is none of auto, all, none"),
        ("URU_AUDIT_LOG_REQUIRED", "yes", "“yes” is none of true, false"),
        ("URU_AUDIT_LOG", "audit.jsonl", "“audit.jsonl”: it is not an absolute path, and each client starts servers"),
        ("URU_PERMISSIONS", "read,delete", "“delete” is none of read, write and execute"),
        ("URU_PROXY_URL", "uru.example", "“uru.example” is not a URL that starts with https://"),
        ("URU_PROXY_URL", "ftp://me:secret@uru.example", "it is not a URL that starts with https://"),
        ("URU_TOOLS", KEY, "“[key removed]” fits no tool"),
        ("URU_WORKSPACE_ID", KEY, "“[key removed]” is not a UUID"),
        ("URU_PERMISSIONS", f"read {KEY}", "“[key removed]” is none of read, write and execute"),
    ],
)
def test_a_message_says_what_was_given_and_what_is_allowed_and_no_secret(variable: str, value: str, why: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({"URU_API_KEY": KEY, variable: value})
    (problem,) = raised.value.problems
    assert problem.message.startswith(f"{variable} cannot be used: {why}")
    assert variable in problem.fix
    assert KEY not in f"{problem.message}{problem.fix}"
    assert "secret" not in problem.message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("URU_API_KEY_FILE", "key"),
        ("URU_API_KEY_FILE", "./key"),
        ("URU_API_KEY_FILE", "~nobody_of_this_name/key"),
        ("URU_API_KEY_COMMAND", "op read 'op://its-argument"),
        ("URU_API_KEY_COMMAND", "./key.sh its-argument"),
        ("URU_API_KEY_COMMAND", "bin/key its-argument"),
        ("URU_API_KEY_COMMAND", "'' its-argument"),
    ],
)
def test_a_place_of_the_key_that_cannot_be_used_is_an_error_that_repeats_no_argument(variable: str, value: str) -> None:
    found = problems(URU_API_KEY="", **{variable: value})
    assert set(found) == {variable}
    assert "its-argument" not in found[variable]


def test_the_key_comes_from_one_place_only() -> None:
    ways = {"URU_API_KEY": KEY, "URU_API_KEY_FILE": "/run/key", "URU_API_KEY_COMMAND": "pass show its-argument"}
    for left_out in ways:
        given = {name: value for name, value in ways.items() if name != left_out}
        with pytest.raises(SettingsError) as raised:
            read_settings(given)
        assert (
            raised.value.message
            == f"{' and '.join(given)} are set at the same time, but the key can come from only one source."
        )
        assert raised.value.code == "not_configured"
        assert "its-argument" not in f"{raised.value.message}{raised.value.fix}"


def test_without_a_key_all_three_ways_are_named() -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({})
    assert raised.value.message == "URU_API_KEY is not set."
    for variable in ("URU_API_KEY", "URU_API_KEY_FILE", "URU_API_KEY_COMMAND"):
        assert variable in raised.value.fix


@pytest.mark.parametrize(
    ("text", "windows", "words"),
    [
        ("pass show uru/key", False, ("pass", "show", "uru/key")),
        ("op read 'op://My Vault/uru/key'", False, ("op", "read", "op://My Vault/uru/key")),
        ('/usr/bin/key a\\ b "c d" #e', False, ("/usr/bin/key", "a b", "c d", "#e")),
        (
            r"""op.exe read C:\keys\uru 'C:\My Keys\uru' "op://My Vault/key" """,
            True,
            ("op.exe", "read", r"C:\keys\uru", r"C:\My Keys\uru", "op://My Vault/key"),
        ),
        ('"op.exe" read', True, ("op.exe", "read")),
    ],
)
def test_a_command_is_split_as_a_shell_would(text: str, windows: bool, words: tuple[str, ...]) -> None:
    assert split_command(text, windows=windows) == words


def test_a_command_and_a_file_may_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert read_settings({"URU_API_KEY_FILE": "~/uru key"}).api_key_file == tmp_path / "uru key"
    assert read_settings({"URU_API_KEY_COMMAND": "~/bin/key ~"}).api_key_command == (str(tmp_path / "bin" / "key"), "~")


def test_settings_print_no_argument_of_a_command() -> None:
    settings = read_settings({"URU_API_KEY_COMMAND": "pass show its-argument"})
    assert "its-argument" not in f"{settings!r} {settings}"


def test_a_tilde_is_the_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    settings = read_settings({"URU_API_KEY": KEY, "URU_AUDIT_LOG": "~/logs/audit.jsonl"})
    assert settings.audit_log == tmp_path / "logs" / "audit.jsonl"


@pytest.mark.parametrize("url", ["http://127.0.0.1:3001", "http://[::1]:3001", "http://localhost"])
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    assert read_settings({"URU_API_KEY": KEY, "URU_PROXY_URL": url}).proxy_url == url


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("sk-0123456789", "does not start with uru_"),
        ("uru_", "too short"),
        ("uru_1234567", "too short"),
        ("uru_0123 456789", "spaces"),
        ("uru_0123456789é", "a character that no key has"),
    ],
)
def test_a_malformed_key_is_told_from_a_missing_one_and_never_repeated(key: str, why: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({"URU_API_KEY": key})
    assert raised.value.code == "malformed_key"
    assert why in raised.value.message
    assert key not in raised.value.message


def test_every_problem_is_told_at_once() -> None:
    assert set(problems(URU_LOG_LEVEL="loud", URU_TOKENS="5", URU_PROXY_URL="x", URU_API_KEY="x")) == {
        "URU_LOG_LEVEL",
        "URU_TOKENS",
        "URU_PROXY_URL",
        "URU_API_KEY",
    }


def test_a_key_prints_as_its_last_four() -> None:
    settings = read_settings({"URU_API_KEY": KEY})
    assert KEY not in f"{settings!r} {settings} {settings.api_key} {settings.api_key!r}"
    assert "cdef" in repr(settings.api_key)


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("0.1", 0.1), ("60", 60), ("86400", 86_400)])
def test_the_interval_of_looks_is_seconds_or_0(value: str, seconds: float) -> None:
    assert read_settings({"URU_API_KEY": KEY, "URU_SYNC_INTERVAL": value}).sync_interval == seconds


@pytest.mark.parametrize("value", ["-1", "0.05", "86401", "nan", "inf", "often"])
def test_an_interval_that_would_keep_uru_busy_or_is_none_is_refused(value: str) -> None:
    assert set(problems(URU_SYNC_INTERVAL=value)) == {"URU_SYNC_INTERVAL"}


HOME = str(Path.cwd().anchor) + "home"


@pytest.mark.parametrize(
    ("platform", "environ", "directory"),
    [
        ("linux", {"HOME": HOME}, Path(HOME, ".cache", "uru-mcp")),
        ("darwin", {"HOME": HOME}, Path(HOME, "Library", "Caches", "uru-mcp")),
        ("win32", {"HOME": HOME, "LOCALAPPDATA": HOME + "local"}, Path(HOME + "local", "uru-mcp")),
        ("linux", {"HOME": HOME, "XDG_CACHE_HOME": HOME + "cache"}, Path(HOME + "cache", "uru-mcp")),
        ("darwin", {"HOME": HOME, "XDG_CACHE_HOME": HOME + "cache"}, Path(HOME + "cache", "uru-mcp")),
        ("linux", {"HOME": HOME, "XDG_CACHE_HOME": "cache"}, Path(HOME, ".cache", "uru-mcp")),
        ("linux", {"HOME": HOME, "XDG_CACHE_HOME": ""}, Path(HOME, ".cache", "uru-mcp")),
        ("linux", {"HOME": "home"}, None),
        ("linux", {}, None),
        ("win32", {"HOME": HOME}, None),
    ],
)
def test_what_may_be_lost_goes_where_the_platform_keeps_it(
    platform: str, environ: dict[str, str], directory: Path | None
) -> None:
    assert cache_directory(environ, platform) == directory
    assert read_settings({"URU_API_KEY": KEY}).cache is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("URU_PERMISSION", "URU_PERMISSIONS"),
        ("URU_PERMISSONS", "URU_PERMISSIONS"),
        ("URU_PERMS", "URU_PERMISSIONS"),
        ("URU_SCOPES", "URU_PERMISSIONS"),
        ("URU_READ_ONLY", "URU_PERMISSIONS"),
        ("URU_READONLY", "URU_PERMISSIONS"),
        ("URU_MCP_READONLY", "URU_PERMISSIONS"),
        ("URU_ACCESS_LEVEL", "URU_PERMISSIONS"),
        ("URU_KEY_PERMISSIONS", "URU_PERMISSIONS"),
        ("URU_ALLOW_WRITE", "URU_PERMISSIONS"),
        ("URU_REQUIRE_APPROVAL", "URU_CONFIRM"),
        ("URU_ASK", "URU_CONFIRM"),
        ("URU_KEY", "URU_API_KEY"),
        ("URU_TOKEN", "URU_API_KEY"),
        ("URU_APIKEY", "URU_API_KEY"),
        ("URU_MCP_API_KEY", "URU_API_KEY"),
        ("URU_BEARER_TOKEN", "URU_API_KEY"),
        ("URU_KEY_FILE", "URU_API_KEY_FILE"),
        ("URU_API_KEY_PATH", "URU_API_KEY_FILE"),
        ("URU_TOKEN_COMMAND", "URU_API_KEY_COMMAND"),
        ("URU_TOOL", "URU_TOOLS"),
        ("URU_ALLOWED_TOOLS", "URU_TOOLS"),
        ("URU_TOOL_DENYLIST", "URU_TOOLS"),
        ("URU_NAMESPACE", "URU_NAMESPACES"),
        ("URU_APPS", "URU_NAMESPACES"),
        ("URU_WORKSPACEID", "URU_WORKSPACE_ID"),
        ("URU_AUDIT_REQUIRED", "URU_AUDIT_LOG_REQUIRED"),
        ("URU_REQUIRE_AUDIT_LOG", "URU_AUDIT_LOG_REQUIRED"),
        ("URU_AUDIT_FILE", "URU_AUDIT_LOG"),
        ("URU_REQUIRED", "URU_CONFIRM"),
        ("URU_PORXY_URL", "URU_PROXY_URL"),
    ],
)
def test_a_name_that_was_meant_for_us_is_an_error_that_names_the_right_one(name: str, meant: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({"URU_API_KEY": KEY, name: "read"})
    assert f"Did you mean {meant}?" in raised.value.fix


@pytest.mark.parametrize(
    "name",
    [
        *("URU_HOME", "URU_CLI_TOKEN", "URU_ENV", "URU_REGION", "URU_LOCALE", "URU_CLI_CONFIG", "URU_SDK_VERSION"),
        *("URU_TELEMETRY", "URU_EDITOR", "URU_CACHE_DIR", "URU_PROJECT", "URU_WEBHOOK_SECRET_ID", "URU_AGENT_MODEL"),
        *("URU_LOG_FILE", "URU_STRICT"),
    ],
)
def test_a_variable_of_another_program_is_ignored_and_named(name: str) -> None:
    settings = read_settings({"URU_API_KEY": KEY, name: "x"})
    assert settings.foreign == (name,)


@pytest.mark.parametrize(
    ("variables", "field", "value"),
    [
        ({"URU_LOG_LEVEL": "INFO"}, "log_level", "info"),
        ({"URU_DIRECT_TOOLS": " 'None' "}, "direct_tools", "none"),
        ({"URU_PERMISSIONS": '"Read, EXECUTE"'}, "permissions", frozenset({"read", "execute"})),
        ({"URU_PERMISSIONS": "Read Write"}, "permissions", frozenset({"read", "write"})),
        ({"URU_SYNC_INTERVAL": '"0"'}, "sync_interval", 0),
        ({"URU_PROXY_URL": " “HTTPS://Example.com/” "}, "proxy_url", "HTTPS://Example.com"),
        (
            {"URU_WORKSPACE_ID": "'7B9F3C1E-2A4D-4E6F-8A1B-0C2D3E4F5A6B'"},
            "workspace_id",
            "7b9f3c1e-2a4d-4e6f-8a1b-0c2d3e4f5a6b",
        ),
    ],
)
def test_values_are_read_whatever_their_case_and_the_quotation_marks_around_them(
    variables: dict[str, str], field: str, value: object
) -> None:
    assert getattr(read_settings({"URU_API_KEY": KEY, **variables}), field) == value


def test_a_key_is_read_without_the_quotation_marks_around_it() -> None:
    settings = read_settings({"URU_API_KEY": f' "{KEY}" '})
    assert settings.api_key is not None
    assert settings.api_key.reveal() == KEY
