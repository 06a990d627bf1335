"""Breaks the gate, the policy and the redaction in small ways, to show that tests notice: `python proofs/mutations.py`.

Each break is made in a copy of the checkout, and only the tests that ought to notice it are run. It prints a line for
each and ends with 1 when one went unnoticed, or cannot be made any more because the code has changed. A few minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
WITHIN = 300  # seconds for the tests of one break


@dataclass(frozen=True, slots=True)
class Break:
    """In a module, the first place that reads so is made to read otherwise."""

    module: str
    right: str
    wrong: str
    tests: str


GATE, LIBRARY, IDENTITY = "access/test_gate.py", "resources/test_resources.py", "access/test_identity.py"
EVIDENCE = "access/test_permission_evidence.py"
MANAGED, POLICY_FILE = "config/test_managed_policy.py", "config/test_policy_file.py"
PATTERNS = "config/test_tool_patterns.py"
QUOTING, HOSTILE, RESULTS = "untrusted_input/test_quoting.py", "test_hostile_words.py", "results/test_results.py"
SHOWN = "tools/test_shown_tools.py"
POLICY, REDACTION, WIRE = (
    "access/test_policy.py",
    "untrusted_input/test_redaction.py",
    "uru/test_namespaces_and_tools.py",
)

BREAKS = (
    Break(
        "access/gate", "return needs <= _effective(key_status)\n\n\ndef may_come", "return True\n\n\ndef may_come", GATE
    ),
    Break("access/gate", "not (key_status.lacks_workspace and not needs)", "not key_status.lacks_workspace", GATE),
    Break("access/gate", "if key_status.trouble is not None and not (", "if False and not (", GATE),
    Break("access/gate", "return not key_status.is_refused and needs", "return needs", IDENTITY),
    Break(
        "access/gate",
        "return needs <= key_status.grant.effective |",
        "return True or needs <= key_status.grant.effective |",
        GATE,
    ),
    Break("access/gate", "    if allows(needs, key_status):\n        return\n", "    return\n", GATE),
    Break("access/gate", "missing, unknown = needs - grant.effective,", "missing, unknown = needs,", GATE),
    Break("tools/dispatch", "if its is None or wanted == its.lower()", "if True or wanted == its.lower()", IDENTITY),
    Break(
        "results/provenance",
        "return call_messages.OUTSIDE_URU.format(title=title) if",
        "return title if",
        "test_strangers.py",
    ),
    Break(
        "uru/response_body", "if stated is not None and not JSON_TYPE", "if False and not JSON_TYPE", "test_faults.py"
    ),
    Break("uru/run_results", "    if body is None:\n", "    if False:\n", "test_faults.py"),
    Break("permissions", "if permission in self.refused:", "if False:", EVIDENCE),
    Break("permissions", "if self.told is not None and permission not in self.told:", "if False:", EVIDENCE),
    Break("permissions", 'if permission in self._ceiling else Known("no", "ceiling")', "", EVIDENCE),
    Break("permissions", 'else Known("unknown", None)', 'else Known("yes", "seen")', EVIDENCE),
    Break("permissions", '"yes" if permission in self.declared else "no"', '"yes"', EVIDENCE),
    Break("access/permission_evidence", "self._seen -= missing", "pass", EVIDENCE),
    Break("access/permission_evidence", "if now - at < REFUSED_FOR", "if True", EVIDENCE),
    Break("access/permission_evidence", "if at > asked_at", "if True", EVIDENCE),
    Break("access/permission_evidence", "told & self._refusal_grant[0]", "self._refusal_grant[0]", EVIDENCE),
    Break(
        "untrusted_input/permission_parsing",
        "if verbs and is_whole else None",
        "if verbs else None",
        "untrusted_input/test_permission_parsing.py",
    ),
    Break(
        "untrusted_input/permission_parsing",
        "frozenset(granted - denied)",
        "frozenset(granted)",
        "untrusted_input/test_permission_parsing.py",
    ),
    Break("session/tool_execution", "if not required and tool.namespace.name != PLATFORM:", "if False:", EVIDENCE),
    Break(
        "uru/error_body",
        "return len(error_body.message) <= 300 and",
        "return True or",
        "session/test_tool_execution.py",
    ),
    Break("access/policy", "return EXECUTE | declared if declared else EXECUTE", "return declared or EXECUTE", POLICY),
    Break("access/policy", "return EXECUTE | declared if declared else EXECUTE", "return EXECUTE", POLICY),
    Break("access/policy", "    if declared is not None:\n        return declared\n", "", POLICY),
    Break("access/policy", "if fitting else EVERYTHING", "if fitting else READ", POLICY),
    Break(
        "access/policy",
        "    if read_only is True:\n        return READ\n",
        "    if read_only is not False:\n        return READ\n",
        POLICY,
    ),
    Break("access/policy", '"context_edit": WRITE', '"context_edit": READ', POLICY),
    Break("access/policy", "DECIDE: EXECUTE", "DECIDE: READ", POLICY),
    Break("access/policy", "RECORDS = READ", "RECORDS = NOTHING", LIBRARY),
    Break("access/policy", '"uru_execute": EXECUTE', '"uru_execute": NOTHING', GATE),
    Break(
        "access/policy", "return read_only is True and not is_foreign(namespace)", "return read_only is True", POLICY
    ),
    Break(
        "access/policy",
        'if Permission.EXECUTE in needs:\n        return "uru_execute"',
        'if False:\n        return "uru_execute"',
        POLICY,
    ),
    Break(
        "uru/namespaces_and_tools",
        "return needed if needed and len(known) == len(parts) else EVERYTHING",
        "return needed",
        WIRE,
    ),
    Break("tools/shown_tools", "right = call.tool.dispatcher", "right = call.via", "session/test_tool_execution.py"),
    Break(
        "tools/dispatch",
        "snapshot = await self._session.admit(tool.id",
        "await self._session.look(1) or self._session.admit(tool.id",
        GATE,
    ),
    Break(
        "resources/resource_requests",
        "snapshot = await self._session.admit(address.uri",
        "snapshot = snapshot or await self._session.admit(address.uri",
        LIBRARY,
    ),
    Break("resources/record_cache", "and allows(needs_of(kind, snapshot.catalog), snapshot.key_status)", "", LIBRARY),
    Break(
        "access/identity",
        "if self._key_status.trouble is None and self._clock() - self._answered >= GRACE:",
        "if False:",
        IDENTITY,
    ),
    Break("untrusted_input/redaction", "clean = visible(text)", "clean = text", REDACTION),
    Break("untrusted_input/redaction", "text = one.without_spelt_out(text, is_escaped=is_escaped)", "pass", REDACTION),
    Break("untrusted_input/redaction", "            clean = cleaner ", "            return cleaner ", REDACTION),
    Break(
        "untrusted_input/redaction", "if is_broken or one.is_plain_in(small):", "if one.is_plain_in(small):", REDACTION
    ),
    Break(
        "untrusted_input/redaction",
        "self._keys.setdefault(key, Spellings(key))",
        "self._keys = {key: Spellings(key)}",
        REDACTION,
    ),
    Break(
        "untrusted_input/redaction",
        "{self.text(str(name)): self._copied(item)",
        "{str(name): self._copied(item)",
        REDACTION,
    ),
    Break("untrusted_input/redaction", "if visible(text) != text or (", "if (", REDACTION),
    Break(
        "untrusted_input/redaction",
        "_unknown_key(ESCAPED_UNKNOWN_KEY).sub(_mark, text) if is_escaped else text",
        "text",
        QUOTING,
    ),
    Break("untrusted_input/redaction", "return self._hex in squeezed_hex(raw)", "return False", QUOTING),
    Break("untrusted_input/api_key_spellings", "for lead in range(3):", "for lead in range(1):", REDACTION),
    Break(
        "untrusted_input/api_key_spellings", "character, character.lower(), character.upper()", "character,", QUOTING
    ),
    Break(
        "untrusted_input/api_key_spellings", "return ESCAPE_BEFORE.search(before) is not None", "return False", QUOTING
    ),
    Break(
        "untrusted_input/invisible_characters",
        'selector = run[0] if _selects(before, run[0], after) else ""',
        "selector = run[0]",
        QUOTING,
    ),
    Break("untrusted_input/invisible_characters", "joiner = rest[:1] if", "joiner = rest if", QUOTING),
    Break("untrusted_input/invisible_characters", "if for_scripts > SPARE + letters // EACH:", "if False:", QUOTING),
    Break("untrusted_input/quoting", 'category in ("Ps", "Pi"):', "False:", QUOTING),
    Break("untrusted_input/quoting", "HALF_WORD.sub('', text[: limit - 1])", "text[: limit - 1]", QUOTING),
    Break("untrusted_input/quoting", "else _escape(one) for one in text)", "else one for one in text)", QUOTING),
    Break("catalog/catalog", "description=limits.cut(described(", "description=limits.cut((", HOSTILE),
    Break("catalog/account_labels", "title=quoted(namespace.title, limits.TITLE)", "title=namespace.title", HOSTILE),
    Break("uru/namespaces_and_tools", "return (name and quoted(name, limits.TITLE)) or None", "return name", HOSTILE),
    Break(
        "resources/prompts",
        "called = quoted(self._redaction.text(name or agent), limits.TITLE)",
        "called = name",
        HOSTILE,
    ),
    Break("session/tool_execution", "error.said = error.said.by(speaker_of(tool))", "pass", RESULTS),
    Break("results/render", 'mark := f"data-{secrets.token_hex(8)}"', 'mark := f"data-{0:016x}"', RESULTS),
    Break(
        "results/render",
        '[*self.notes, f"<{mark}>", self.shown_body',
        '[f"<{mark}>", self.shown_body, *self.notes',
        RESULTS,
    ),
    Break("results/render", "return self.body if self.body.strip() else EMPTY", "return self.body", RESULTS),
    Break(
        "results/render", "notes = (*self.notes, note)", "notes = self.notes", "results/test_automation_approvals.py"
    ),
    Break(
        "untrusted_input/json_numbers",
        "return value if -LARGEST <= value <= LARGEST else str(value)",
        "return value",
        RESULTS,
    ),
    Break("tools/shown_tools", "fit(tool.schema_json).weight) //", "2 * fit(tool.schema_json).weight) //", SHOWN),
    Break("tools/shown_tools", "if described <= SHORTENED_CHARS else 0", "", SHOWN),
    Break("session/catalog_sync", "return not is_first_load", "return True", "session/test_catalog_sync.py"),
    Break("untrusted_input/api_key_spellings", r'|(?:\\++r)?\\++n)"  # of', r')"  # of', REDACTION),
    Break("untrusted_input/token_estimate", "return 3 if code < 0x1E00 else HEAVIEST", "return 1", RESULTS),
    Break(
        "server/logging_setup",
        "self._redaction.text(super().format(record))",
        "super().format(record)",
        "test_leaks.py",
    ),
    Break("results/render", "        if not self._redaction.is_clean(text):", "        if False:", "test_strangers.py"),
    Break("resources/resource_requests", "if clean != [uri, address.uri]:", "if False:", "resources/test_resources.py"),
    Break("server/stdio", "self._redaction.value(said.data)", "said.data", "server/test_line_framing.py"),
    Break("commands/command_setup", "redaction.remember(read_key(", "(read_key(", "test_canary.py"),
    Break(
        "audit/audit_log",
        "json.dumps(self._redaction.value(as_record(entry)))",
        "json.dumps(as_record(entry))",
        "test_canary.py",
    ),
    Break("catalog/cache_format", "clean = redaction.value(_tool(tool))", "clean = _tool(tool)", "test_canary.py"),
    Break(
        "server/malformed_input",
        "return _refusal(replace_lone_surrogates(wanted), types",
        "return _refusal(wanted, types",
        "server/test_stdio.py",
    ),
    Break(
        "server/malformed_input", "    except ValueError:", "    except json.JSONDecodeError:", "server/test_stdio.py"
    ),
    Break("permissions", "if permission not in self.allowed:", "if False:", MANAGED),
    Break("config/tool_patterns", "return own and self.policy.fit(tool) if", "return own if", MANAGED),
    Break("config/tool_patterns", "else own or self.policy.fit(tool)", "else own", MANAGED),
    Break("config/tool_patterns", "policy = None if self.policy is None else", "policy = None and", MANAGED),
    Break("config/tool_patterns", "if pattern.fits(tool) or tool.id in", "if pattern.fits(tool) or None in", MANAGED),
    Break("config/pattern_slips", "    if shortest < SHORTEST or", "    if", PATTERNS),
    Break("config/pattern_slips", "longest - shortest > 1 or", "", PATTERNS),
    Break("config/pattern_slips", "return None if is_other else", "return None if False else", PATTERNS),
    Break("config/pattern_slips", "before_that[j - 2] + 1", "before_that[j - 2] + 2", PATTERNS),
    Break("config/pattern_slips", "or _digits(said) != _digits(word)", "", PATTERNS),
    Break("config/settings", "else given.permissions & policy.permissions", "else given.permissions", MANAGED),
    Break("config/settings", 'approvals="person" if policy.approvals == "person" else', "approvals=", MANAGED),
    Break("config/settings", "given.audit_log_required or policy.audit_log_required", "False", MANAGED),
    Break("config/settings", "policy.allowed_url(given.proxy_url) if managed.is_remote else", "", MANAGED),
    Break("config/settings", "EVERYTHING if self.policy is None else", "EVERYTHING if True else", MANAGED),
    Break("config/managed_policy", "if _origin_and_path(one) == wanted", "", MANAGED),
    Break("config/managed_policy", "port, parts.path.rstrip", "port, ''.rstrip", MANAGED),
    Break("config/managed_policy", "    if not table:\n", "    if False:\n", POLICY_FILE),
    Break("config/managed_policy", "            if name not in MEMBERS:", "            if False:", POLICY_FILE),
    Break("config/managed_policy", "or not value or", "or", POLICY_FILE),
    Break("config/managed_policy", "type(value) is type(one) and", "", POLICY_FILE),
    Break("config/managed_policy", "if len(found) != 1:", "if False:", POLICY_FILE),
    Break("config/policy_file", "if found.st_uid != self.owner:", "if False:", POLICY_FILE),
    Break("config/policy_file", "= stat.S_IWGRP | stat.S_IWOTH", "= stat.S_IWOTH", POLICY_FILE),
    Break("config/policy_file", "= stat.S_IWGRP | stat.S_IWOTH", "= stat.S_IWGRP", POLICY_FILE),
    Break("config/policy_file", 'getattr(os, "O_NOFOLLOW", 0) |', "", POLICY_FILE),
    Break("config/policy_file", "if not stat.S_ISREG(found.st_mode):", "if False:", POLICY_FILE),
    Break("config/policy_file", "self._require_protected(os.fstat(here), place)", "pass", POLICY_FILE),
    Break("config/policy_file", "if len(content) > LIMIT:", "if False:", POLICY_FILE),
    Break("config/environment", "    if problems:\n", "    if False:\n", POLICY_FILE),
    Break(
        "server/early_stdin",
        "is_plain(environ) and policy_file.is_certainly_absent()",
        "is_plain(environ)",
        POLICY_FILE,
    ),
    Break("session/policy_changes", "if mark == self._managed.mark:", "if True:", MANAGED),
    Break(
        "session/policy_changes", "self._identity.keep_to(self._settings.allowed_permissions, error)", "pass", MANAGED
    ),
    Break("session/policy_changes", "self._identity.keep_to(settings.allowed_permissions, None)", "pass", MANAGED),
    Break("session/policy_changes", "self._current_catalog.choose(settings.rules)", "pass", MANAGED),
    Break("session/policy_changes", "if settings.audit_log_required and not", "if False and not", MANAGED),
    Break(
        "access/identity",
        "if self._forbidden is not None:\n            return KeyStatus(",
        "if False:\n            return KeyStatus(",
        MANAGED,
    ),
    Break(
        "access/identity",
        "if self._forbidden is not None:\n            return\n",
        "if False:\n            return\n",
        MANAGED,
    ),
    Break("access/gate", "if rules.chosen.are_closed_by_policy(tool):", "if False:", MANAGED),
    Break(
        "credentials/api_key",
        'return f"<Key …{self.last4}>"',
        "return self._text",
        "config/test_settings.py test_leaks.py",
    ),
)


def noticed(copy: Path, broken: Break) -> bool | None:
    """Whether a test fails when the code is broken so; None when there is nothing to break."""
    module = copy / "src" / "uru_mcp" / f"{broken.module}.py"
    whole = module.read_text(encoding="utf-8")
    if broken.right not in whole:
        return None
    module.write_text(whole.replace(broken.right, broken.wrong, 1), encoding="utf-8")
    try:
        tests = [f"tests/{name}" for name in broken.tests.split()]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *tests]
        ran = subprocess.run(
            command,
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy / "src")},
            capture_output=True,
            timeout=WITHIN,
            check=False,
        )
        return ran.returncode == 1  # some test failed; anything else is no answer
    finally:
        module.write_text(whole, encoding="utf-8")


def main() -> int:
    began, unnoticed = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache"))
        for broken in BREAKS:
            found = noticed(copy, broken)
            unnoticed += found is not True
            verdict = {True: "noticed", False: "NOT NOTICED", None: "GONE"}[found]
            print(f"{verdict:12} {broken.module:12} {' '.join(broken.right.split())[:80]}", flush=True)
    print(f"{len(BREAKS) - unnoticed} of {len(BREAKS)} breaks noticed, in {time.monotonic() - began:.0f} s")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
