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


GATE, LIBRARY, IDENTITY = "test_gate.py", "test_resources.py", "test_identity.py"
EVIDENCE = "test_evidence.py"
QUOTING, HOSTILE, RESULTS = "test_quoting.py", "test_hostile_words.py", "test_results.py"
POLICY, REDACTION, WIRE = "test_policy.py", "test_redaction.py", "test_wire.py"

BREAKS = (
    Break("gate", "return needs <= _effective(standing)\n\n\ndef may_come", "return True\n\n\ndef may_come", GATE),
    Break("gate", "not (standing.lacks_workspace and not needs)", "not standing.lacks_workspace", GATE),
    Break("gate", "if standing.trouble is not None and not (", "if False and not (", GATE),
    Break("gate", "return not standing.is_refused and needs", "return needs", IDENTITY),
    Break(
        "gate", "return needs <= standing.grant.effective |", "return True or needs <= standing.grant.effective |", GATE
    ),
    Break("gate", "    if allows(needs, standing):\n        return\n", "    return\n", GATE),
    Break("gate", "missing, unknown = needs - grant.effective,", "missing, unknown = needs,", GATE),
    Break("tool_calls", "if its is None or wanted == its.lower()", "if True or wanted == its.lower()", IDENTITY),
    Break("effects", "return messages.OUTSIDE_URU.format(title=title) if", "return title if", "test_strangers.py"),
    Break("bodies", "if stated is not None and not JSON_TYPE", "if False and not JSON_TYPE", "test_faults.py"),
    Break("run_results", "    if body is None:\n", "    if False:\n", "test_faults.py"),
    Break("permissions", "if permission in self.refused:", "if False:", EVIDENCE),
    Break("permissions", "if self.told is not None and permission not in self.told:", "if False:", EVIDENCE),
    Break("permissions", 'if permission in self._ceiling else Known("no", "ceiling")', "", EVIDENCE),
    Break("permissions", 'else Known("unknown", None)', 'else Known("yes", "seen")', EVIDENCE),
    Break("permissions", '"yes" if permission in self.declared else "no"', '"yes"', EVIDENCE),
    Break("evidence", "self._seen -= missing", "pass", EVIDENCE),
    Break("evidence", "if now - at < REFUSED_FOR", "if True", EVIDENCE),
    Break("evidence", "if at > asked_at", "if True", EVIDENCE),
    Break("evidence", "told & self._said[0]", "self._said[0]", EVIDENCE),
    Break("permission_names", "if verbs and is_whole else None", "if verbs else None", "test_permission_names.py"),
    Break("permission_names", "frozenset(granted - denied)", "frozenset(granted)", "test_permission_names.py"),
    Break("calls", "if not required and tool.namespace.name != PLATFORM:", "if False:", EVIDENCE),
    Break("complaints", "return len(complaint.message) <= 300 and", "return True or", "test_calls.py"),
    Break("policy", "return EXECUTE | declared if declared else EXECUTE", "return declared or EXECUTE", POLICY),
    Break("policy", "return EXECUTE | declared if declared else EXECUTE", "return EXECUTE", POLICY),
    Break("policy", "    if declared is not None:\n        return declared\n", "", POLICY),
    Break("policy", "if fitting else EVERYTHING", "if fitting else READ", POLICY),
    Break(
        "policy",
        "    if read_only is True:\n        return READ\n",
        "    if read_only is not False:\n        return READ\n",
        POLICY,
    ),
    Break("policy", '"context_edit": WRITE', '"context_edit": READ', POLICY),
    Break("policy", "DECIDE: EXECUTE", "DECIDE: READ", POLICY),
    Break("policy", "RECORDS = READ", "RECORDS = NOTHING", LIBRARY),
    Break("policy", '"uru_execute": EXECUTE', '"uru_execute": NOTHING', GATE),
    Break("policy", "return read_only is True and not is_foreign(namespace)", "return read_only is True", POLICY),
    Break(
        "policy",
        'if Permission.EXECUTE in needs:\n        return "uru_execute"',
        'if False:\n        return "uru_execute"',
        POLICY,
    ),
    Break("wire", "return needed if needed and len(known) == len(parts) else EVERYTHING", "return needed", WIRE),
    Break("surface", "right = call.tool.dispatcher", "right = call.via", "test_calls.py"),
    Break(
        "tool_calls",
        "view = await self._outlook.admit(tool.id",
        "await self._outlook.look(1) or self._outlook.admit(tool.id",
        GATE,
    ),
    Break(
        "library",
        "view = await self._outlook.admit(address.uri",
        "view = view or await self._outlook.admit(address.uri",
        LIBRARY,
    ),
    Break("shelves", "and allows(needs_of(kind, view.catalog), view.standing)", "", LIBRARY),
    Break(
        "identity",
        "if self._standing.trouble is None and self._clock() - self._answered >= GRACE:",
        "if False:",
        IDENTITY,
    ),
    Break("redaction", "clean = visible(text)", "clean = text", REDACTION),
    Break("redaction", "text = one.without_spelt_out(text, is_escaped=is_escaped)", "pass", REDACTION),
    Break("redaction", "            clean = cleaner ", "            return cleaner ", REDACTION),
    Break("redaction", "if is_broken or one.is_plain_in(small):", "if one.is_plain_in(small):", REDACTION),
    Break("redaction", "self._keys.setdefault(key, Spellings(key))", "self._keys = {key: Spellings(key)}", REDACTION),
    Break("redaction", "{self.text(str(name)): self._copied(item)", "{str(name): self._copied(item)", REDACTION),
    Break("redaction", "if visible(text) != text or JSON", "if JSON", REDACTION),
    Break("redaction", "ESCAPED_STRANGER.sub(_mark, text) if is_escaped else text", "text", QUOTING),
    Break("redaction", "or self._hex in squeezed_hex(raw)", "", QUOTING),
    Break("disguises", "for lead in range(3):", "for lead in range(1):", REDACTION),
    Break("disguises", "character, character.lower(), character.upper()", "character,", QUOTING),
    Break("disguises", "return ESCAPE_BEFORE.search(before) is not None", "return False", QUOTING),
    Break("unseen", 'selector = run[0] if _selects(before, run[0], after) else ""', "selector = run[0]", QUOTING),
    Break("unseen", "joiner = rest[:1] if", "joiner = rest if", QUOTING),
    Break("unseen", "if for_scripts > SPARE + letters // EACH:", "if False:", QUOTING),
    Break("quoting", 'category in ("Ps", "Pi"):', "False:", QUOTING),
    Break("quoting", "HALF_WORD.sub('', text[: limit - 1])", "text[: limit - 1]", QUOTING),
    Break("quoting", "else _escape(one) for one in text)", "else one for one in text)", QUOTING),
    Break("catalog", "description=limits.cut(described(", "description=limits.cut((", HOSTILE),
    Break("namespaces", "title=quoted(namespace.title, limits.TITLE)", "title=namespace.title", HOSTILE),
    Break("wire", "return (name and quoted(name, limits.TITLE)) or None", "return name", HOSTILE),
    Break("prompts", "called = quoted(self._redaction.text(name or agent), limits.TITLE)", "called = name", HOSTILE),
    Break("calls", "error.said = error.said.by(speaker_of(tool))", "pass", RESULTS),
    Break("render", 'mark := f"data-{secrets.token_hex(8)}"', 'mark := f"data-{0:016x}"', RESULTS),
    Break(
        "render", '[*self.notes, f"<{mark}>", self.shown_body', '[f"<{mark}>", self.shown_body, *self.notes', RESULTS
    ),
    Break("render", "return self.body if self.body.strip() else EMPTY", "return self.body", RESULTS),
    Break("render", "notes = (*self.notes, note)", "notes = self.notes", "test_approvals.py"),
    Break("numerals", "return value if -LARGEST <= value <= LARGEST else str(value)", "return value", RESULTS),
    Break("weight", "return 3 if code < 0x1E00 else HEAVIEST", "return 1", RESULTS),
    Break("logs", "self._redaction.text(super().format(record))", "super().format(record)", "test_leaks.py"),
    Break("render", "        if not self._redaction.is_clean(text):", "        if False:", "test_strangers.py"),
    Break("library", "if clean != [uri, address.uri]:", "if False:", "test_resources.py"),
    Break("stdio", "self._redaction.value(said.data)", "said.data", "test_lines.py"),
    Break("commands/starting", "redaction.remember(Key(", "(Key(", "test_canary.py"),
    Break(
        "audit", "json.dumps(self._redaction.value(as_record(entry)))", "json.dumps(as_record(entry))", "test_canary.py"
    ),
    Break("transcript", "clean = redaction.value(_tool(tool))", "clean = _tool(tool)", "test_canary.py"),
    Break("unread", "return _refusal(whole(wanted), types", "return _refusal(wanted, types", "test_stdio.py"),
    Break("unread", "    except ValueError:", "    except json.JSONDecodeError:", "test_stdio.py"),
    Break("key", 'return f"<Key …{self.last4}>"', "return self._text", "test_settings.py test_leaks.py"),
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
