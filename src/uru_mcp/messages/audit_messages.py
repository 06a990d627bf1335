"""Sentences about the audit log: why it cannot be written, and what to do."""

from __future__ import annotations

NOT_RECORDED = "Calls are not recorded, because the audit log {path} cannot be written: {why}."
REFUSED = (
    "The audit log is required, but {path} cannot be written: {why}. Calls are refused until it can be. Nothing was"
    " sent to Uru."
)
REQUIRED_AND_NOT_SET = (
    "The audit log is required, but URU_AUDIT_LOG is not set. Calls are refused. Nothing was sent to Uru."
)
SET_AUDIT_LOG = "Set URU_AUDIT_LOG to an absolute path, such as ~/uru-audit.jsonl, and restart the client."
NO_AUDIT_LOG = "Set URU_AUDIT_LOG to see here how the key is used, day by day."  # in the key's card

NO_DIRECTORY = "its directory does not exist"
CREATE_DIRECTORY = "Create the directory {parent}, or correct URU_AUDIT_LOG and restart the client."
NOT_REGULAR = "it is not a regular file"
IS_LINK = "it is a symbolic link, which is not followed"
OF_ANOTHER_USER = "it belongs to another user of this machine"
FILE_OF_ONE_S_OWN = (
    "Each user needs a separate file: set URU_AUDIT_LOG to one in the home directory, such as ~/uru-audit.jsonl, and"
    " restart the client."
)
PARTLY_WRITTEN = "only part of a line could be written"
NO_ROOM = "Free space on the disk of {parent}; the next call tries again."
ANOTHER_FILE = (
    "Let the user that uru-mcp runs as write {path}, or set URU_AUDIT_LOG to another file, such as ~/uru-audit.jsonl,"
    " and restart the client."
)
OPEN_TO_OTHERS = "Other users of this machine can access the audit log {path} (its mode is {mode})."
MAKE_PRIVATE = "Run chmod 600 {path}"
