"""Sentences about the administrator's policy: what it does not allow, and why its file cannot be used."""

from __future__ import annotations

# What the policy does not allow

NOT_ALLOWED = "The administrator's policy does not allow {id} on this machine. Nothing was sent to Uru."
NOT_THE_USER_S = (
    "The user cannot change that: look for no other way to the same effect, and tell the user, who can ask the"
    " administrator of this machine. uru_whoami names the policy's file."
)
ALLOWS_ONLY = "The administrator's policy allows {allowed} on this machine"
ADMINISTRATOR_ALLOWS = (
    "Tell the user that only the administrator of this machine can allow {missing}, in the policy that uru_whoami"
    " names."
)
URL_NOT_ALLOWED = "The policy {path} does not allow the address {url}."
USE_AN_ALLOWED_URL = "Set URU_PROXY_URL to an address that it allows: {urls}."
BY_POLICY = "the administrator's policy says"
TELL_WHAT_POLICY_HOLDS_BACK = (
    "Tell the user what would be run, and look for no other way. The user can do it in the app, or in a client that can"
    " ask; only the administrator of this machine can change the policy."
)
QUERY_TOOL_CONFIRMED_BY_POLICY = "each call of {tool} needs a person's yes, as the administrator's policy says"
QUERY_TOOL_NOT_ALLOWED = "the administrator's policy does not allow {tool}"
CUT_BY_POLICY = "the administrator's policy does not allow it"
NOT_ALLOWED_COUNTED = "  Not allowed by the administrator's policy: {count}, whatever permissions the key has"
LIMITED_BY = "Policy of the administrator, in {file}: {limits}"
LIMITED_ON_STDERR = "uru-mcp: limited by the administrator's policy in {file}"
NO_LIMITS = "it limits nothing"
ASK_ABOUT_THE_PATTERN = "Tell the administrator of this machine, who can correct the pattern in {variable}."
POLICY_MEMBER = "“{member}” of the administrator's policy"
NO_DEMO = (
    "The policy {path} limits this machine, and the demo shows what is possible without it. uru-mcp --sandbox whoami"
    " shows a sandbox within the policy."
)
CHANGED = "the administrator's policy in {path} has changed, and holds from now on"
LOG_REQUIRED_NOW = "The policy {path} has changed and requires an audit log. Until a restart, nothing is sent to Uru."
RESTART_THE_CLIENT = "Restart the client, so that uru-mcp starts with the audit log."


# Why its file cannot be used

UNUSABLE = "The policy {path} cannot be used, and without it nothing is allowed: {why}."
DRAFT_UNUSABLE = "{path} cannot be used as a policy: {why}. With it in place, nothing would be allowed."
DRAFT_LIMITS = "{path} can be used as a policy: {limits}"
DRAFT_NOT_READ = "{path} cannot be read: {reason}."
NAME_A_POLICY = "Name a regular file that you can read."
ASK_TO_FIX = "Ask the administrator of this machine to {fix}. Until then nothing is sent to Uru."
NOT_OF_ADMINISTRATORS = "{place} belongs to {owner}, and besides administrators may be changed by {others}"
NOBODY = "nobody"
PROTECT_ON_WINDOWS = "check what it says, make Administrators its owner, and let others only read {place}"
NO_FILE = "it is not a regular file"
WRITE_A_FILE = "write a regular file there"
OWNED_BY_OTHERS = "{place} belongs to user {owner} and not to root"
MAKE_ROOT_OWN = "check what it says, and run chown root {place}"
LEAVE_THE_NAMESPACE = (
    "see that uru-mcp does not run in a user namespace without root, as of unshare -r or a rootless container, and that"
    " {place} is on no network file system that maps root to that user"
)
WRITABLE_BY_OTHERS = "others than root can write to {place} (its mode is {mode})"
TAKE_WRITING_AWAY = "check what it says, and run chmod go-w {place}"
LINK = "{place} is a link, which is not followed"
REPLACE_THE_LINK = "replace {place} by the file itself"
LINK_OR_NO_DIRECTORY = "{place} is a link, which is not followed, or not a directory"
MAKE_A_DIRECTORY = "replace {place} by a directory"
NOT_OPENED = "{place} cannot be opened ({reason})"
LET_ALL_READ = "let every user read it (on Linux and macOS, mode 755 for directories and 644 for the file)"
NOT_READ = "it cannot be read ({reason})"
TOO_LONG = "it has more than {limit} bytes"
SHORTEN_IT = "shorten it"
CORRECT_IT = "correct it"
HAS_BOM = "it starts with a byte order mark"
NOT_UTF_8 = "it is not UTF-8"
SAVE_AS_UTF_8 = "save it as UTF-8 without a byte order mark"
NOT_TOML = "it is not TOML ({reason})"
SETS_NOTHING = "it sets nothing"
LIMIT_OR_REMOVE = "Set a member that limits something, or remove the file if there is no policy."
SET_OR_REMOVE = "set a member, or remove the file if there is no policy"
UNKNOWN_MEMBER = "it has no member named {name}"
USE_THESE_MEMBERS = "use only {names}"
NOT_A_LIST = "{name} is not a list of texts with at least one entry"
GIVEN_TWICE = "{name} has {value} twice"
NO_PERMISSION = "{name} has {value}, which is none of read, write and execute"
NO_URL = "{name} has {value}, which cannot be used: {reason}"
NO_PATTERN = "{name} has an entry that is no pattern: {reason}"
ONE_PATTERN_EACH = "each entry is one pattern"
NEVER_IS_THE_USER_S = "'never' is a value of URU_CONFIRM only, and a policy without this member confirms nothing"
NOT_ONE_OF = "{name} is none of {values}"
