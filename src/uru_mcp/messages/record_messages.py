"""Sentences about records: resources, prompts and texts that have changed."""

from __future__ import annotations

# Records


def run_title(automation: str | None, started_at: str | None) -> str:
    of = f"{automation}: run" if automation else "Run"
    return f"{of} of {started_at or 'an unknown time'}"


def nothing_listed(nouns: str, *, was_searched: bool) -> str:
    if was_searched:
        return f"Nothing in this workspace fits these words among {nouns}. Without a query, all are listed."
    return f"This workspace has no {nouns}."


EXCERPT_IS_WHOLE = "the whole text"
EXCERPT_IS_STRETCH = "characters {start} to {end} of {total}"
EXCERPT_IS_PART = "a part of {total} characters"
EXCERPTS_ARE = "[Excerpts, in this order: {told}.]"
NOTHING_MORE = "There is nothing after this cursor."
NOTHING_YET = "Nothing so far. Go on with `next_cursor`."


def could_not_be_listed(kind: str, code: str, message: str, fix: str) -> str:
    return f"The {kind} could not be listed. {code}: {message} {fix}"


def more_resources(cursor: str) -> str:
    return f"There is more: call uru_list_resources with cursor {cursor}."


# A text that has changed


def has_changed(noun: str, uri: str, updated_at: str | None) -> str:
    when = f"; Uru says it was last changed at {updated_at}" if updated_at else ""
    return f"The {noun} {uri} has changed since it was last read here{when}. Nothing was written."


def read_again(uri: str) -> str:
    return (
        f"Read it again with uru_read_resource, uri {uri}, put your change into the text as it stands now, and write"
        " that. Tell the user if both changes cannot be kept."
    )


REPLACES = "Replaces whole texts."


# Resources and prompts

NO_SUCH_RESOURCE = "There is no resource “{uri}” for this key. Nothing was sent to Uru."
FIND_EXACT_URI = "Find the exact uri with uru_list_resources."
NOT_AN_ADDRESS = "This is not the address of a resource: “{uri}”. Nothing was sent to Uru."
TAKE_THE_URI = "Take the uri from uru_list_resources."
ABOUT_WORKSPACE = "The workspace of this key, and how many tools are allowed and blocked there."
ABOUT_KEY = "What this key may do, how old it is, and what is wrong with it."
ABOUT_NAMESPACE = "The tools of {title}, what each needs, and whether this key may run it."
ABOUT_NAMESPACES = "The tools of a namespace, what each needs, and whether this key may."
NO_SUCH_TEMPLATE = "No resource template “{uri_template}” has an argument “{argument}”."
TAKE_A_TEMPLATE = "Take a template from resources/templates/list."
NOT_OUR_CURSOR = "The cursor does not belong to this list."
BEGIN_WITHOUT_CURSOR = "Begin without a cursor, and pass `next_cursor` on unchanged."
NO_INSTRUCTIONS = "The agent that this prompt names cannot be read; its instructions are missing."
NO_SUCH_PROMPT = "There is no prompt “{name}”."
LIST_PROMPTS_AGAIN = "List the prompts again."
THE_AGENTS_INSTRUCTIONS = "The agent's instructions"
PROMPT_TOO_LONG = "{what} would have {length:,} characters; {prompt:,} are the most that is given to a model."
SHORTER_VALUES = "Give shorter values, or ask the user to shorten the prompt in Uru."
PROMPT_LACKS = "The prompt {name} needs values for: {value}."
GIVE_THEM_VALUES = "Give each of them a value."
NO_SUCH_ARGUMENT = "The prompt {name} has no argument “{argument}”."
TAKES_THESE = "It takes {known}."
