"""Searching over a real workspace's tools finds what people mean."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import CATALOG, Uru, connector, text_of
from uru_mcp.catalog.search.postings import Document
from uru_mcp.catalog.search.tool_index import Index

DATA = Path(__file__).parents[1] / "data"
TOKENS = 1_500  # of one search, in the median
CHARS_PER_TOKEN = 4

# Of each file's queries, how many there are, and how many have a right tool first, among the first three and five.
BARS = [
    ("queries.json", 100, {1: 78, 3: 95, 5: 97}),
    ("queries-named.json", 24, {1: 19, 3: 23, 5: 23}),
    ("queries-own.json", 30, {1: 24, 3: 28, 5: 28}),
    ("queries-held-back.json", 30, {1: 22, 3: 26, 5: 28}),
]


def index(**summaries: str) -> Index:
    return Index({name: Document(name, summary=summary) for name, summary in summaries.items()})


def apps(**tools: list[str]) -> Index:
    """An index of namespaces and the names of their tools: `apps(jira_ops=["JIRA_CREATE_ISSUE"])`."""
    titles = {name: name.replace("_", " ") for name in tools}
    return Index(
        {
            f"{namespace}__{name}": Document(name, namespace=f"{namespace} {titles[namespace]}")
            for namespace, names in tools.items()
            for name in names
        }
    )


@pytest.fixture(scope="module")
def large() -> Iterator[Uru]:
    uru = Uru.open(catalog=CATALOG)
    yield uru
    uru.close()


@pytest.mark.parametrize(("name", "count", "bars"), BARS, ids=[bar[0] for bar in BARS])
async def test_the_right_tools_are_among_the_first(large: Uru, name: str, count: int, bars: dict[int, int]) -> None:
    queries = json.loads((DATA / name).read_text("utf-8"))
    places = {}
    async with connector(large, "legacy")() as claude:
        for query in queries:
            hits = (await claude.data("uru_search_tools", {"query": query["query"], "limit": max(bars)}))["hits"]
            right = [place for place, hit in enumerate(hits, 1) if hit["tool"] in query["expect"]]
            places[query["query"]] = min(right, default=max(bars) + 1)
    assert len(queries) == count
    for first, right_ones in bars.items():
        missed = {query: place for query, place in places.items() if place > first}
        assert len(missed) <= count - right_ones, f"not among the first {first}: {missed}"


async def test_a_search_costs_few_tokens(large: Uru) -> None:
    queries = json.loads((DATA / "queries.json").read_text("utf-8"))
    async with connector(large, "legacy")() as claude:
        answers = [await claude.call("uru_search_tools", {"query": query["query"]}) for query in queries]
    assert statistics.median(len(text_of(answer)) for answer in answers) < TOKENS * CHARS_PER_TOKEN


# What is named


@pytest.mark.parametrize(
    "query",
    ["create a contact in hubspot", "hubspot: new contact", "HubSpot contact create", "hub spot create contact"],
)
def test_an_app_that_is_named_outweighs_everything_else(query: str) -> None:
    tools = apps(crm_main=["CONTACT_CREATE", "CREATE_CONTACT_IN_CRM"], hubspot_sales=["HUBSPOT_CREATE_CONTACT"])
    assert tools.search(query)[0] == "hubspot_sales__HUBSPOT_CREATE_CONTACT"


def test_tools_of_a_named_app_that_hold_nothing_of_the_query_come_before_those_of_others_that_do() -> None:
    tools = apps(
        trello_home=["TRELLO_MOVE_CARD", "TRELLO_ADD_BOARD"], asana_work=["ASANA_CREATE_TASK", "ASANA_CLOSE_TASK"]
    )
    assert tools.search("close a task in trello")[:2] != []
    assert {found.partition("__")[0] for found in tools.search("close a task in trello")[:2]} == {"trello_home"}
    assert len(tools.search("trello")) == 2


@pytest.mark.parametrize("word", ["asana", "Berlin", "home", "asana_berlin", "Asana Home"])
def test_an_account_is_named_by_any_of_its_words(word: str) -> None:
    accounts = {
        f"{name}__ASANA_CREATE_TASK": Document("ASANA_CREATE_TASK", namespace=called)
        for name, called in (("asana_paris", "asana_paris Asana - Office"), ("asana_berlin", "asana_berlin Asana home"))
    }
    tools = Index({**accounts, "todo__CREATE_TASK": Document("CREATE_TASK", namespace="todo Todo")})
    wanted = "asana_paris" if word == "asana" else "asana_berlin"
    assert tools.search(f"create a task with {word}")[0].startswith(wanted)


@pytest.mark.parametrize("slip", ["asna", "assana", "asnaa", "asama", "Asanna"])
@pytest.mark.parametrize("query", ["create a task in {}", "{} task create", "{}"])
def test_a_slip_in_the_name_of_an_app_is_forgiven(slip: str, query: str) -> None:
    tools = apps(
        todo_main=["TODO_CREATE_TASK", "TODO_LIST_TASKS"], asana_team=["ASANA_CREATE_TASK", "ASANA_LIST_TASKS"]
    )
    assert tools.search(query.format(slip))[0].startswith("asana_team")


@pytest.mark.parametrize(
    "said", ["google calender", "googlecalendar", "google-calendar", "Google Calendar", "gogle calendar"]
)
def test_a_name_of_two_words_is_found_however_it_is_written(said: str) -> None:
    documents = {
        "googledrive_ab__GOOGLEDRIVE_CREATE_EVENT": "googledrive_ab Google Drive",
        "googlecalendar_cd__GOOGLECALENDAR_CREATE_EVENT": "googlecalendar_cd Google Calendar",
        "outlook_ef__OUTLOOK_CREATE_CALENDAR_EVENT": "outlook_ef Outlook",
    }
    tools = Index({one: Document(one.partition("__")[2], namespace=called) for one, called in documents.items()})
    assert tools.search(f"create an event in {said}")[0] == "googlecalendar_cd__GOOGLECALENDAR_CREATE_EVENT"


def test_a_word_of_a_name_that_tools_of_others_use_names_little() -> None:
    tools = apps(
        linear_product=["LINEAR_CREATE_ISSUE", "LINEAR_LIST_ISSUES"],
        shop_main=["SHOP_LIST_PRODUCTS", "SHOP_CREATE_PRODUCT", "SHOP_DELETE_PRODUCT"],
    )
    assert tools.search("list products")[0] == "shop_main__SHOP_LIST_PRODUCTS"
    assert tools.search("list linear products")[0] == "linear_product__LINEAR_LIST_ISSUES"


# What is called the same


TOOLS_OF_AN_OFFICE = [
    *("CREATE_ISSUE", "TRANSITION_ISSUE", "ASSIGN_ISSUE", "SEND_MESSAGE", "REPLY_TO_MESSAGE", "UPDATE_EVENT"),
    *("CREATE_EVENT", "SEARCH_CUSTOMERS", "DELETE_FILE", "CREATE_FOLDER", "UPLOAD_FILE", "CREATE_PULL_REQUEST"),
    *("CREATE_REFUND", "CREATE_INVOICE", "LIST_DEALS", "ADD_CHANNEL_MEMBER", "PERSONA_LIST", "LIST_BOARDS"),
]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("raise a ticket", "CREATE_ISSUE"),
        ("file a bug", "CREATE_ISSUE"),
        ("new ticket", "CREATE_ISSUE"),
        ("finish the ticket", "TRANSITION_ISSUE"),
        ("hand the ticket over to Kim", "ASSIGN_ISSUE"),
        ("give a task to Kim", "ASSIGN_ISSUE"),
        ("write to the team", "SEND_MESSAGE"),
        ("tell Kim", "SEND_MESSAGE"),
        ("answer a mail", "REPLY_TO_MESSAGE"),
        ("put the meeting off", "UPDATE_EVENT"),
        ("postpone an appointment", "UPDATE_EVENT"),
        ("book an appointment", "CREATE_EVENT"),
        ("look up a client", "SEARCH_CUSTOMERS"),
        ("throw away a doc", "DELETE_FILE"),
        ("make a directory", "CREATE_FOLDER"),
        ("attach a document", "UPLOAD_FILE"),
        ("open a PR", "CREATE_PULL_REQUEST"),
        ("merge request", "CREATE_PULL_REQUEST"),
        ("give the money back", "CREATE_REFUND"),
        ("bill a client", "CREATE_INVOICE"),
        ("opportunities", "LIST_DEALS"),
        ("invite somebody to a room", "ADD_CHANNEL_MEMBER"),
        ("list agents", "PERSONA_LIST"),
    ],
)
def test_what_people_call_the_same_is_found(query: str, wanted: str) -> None:
    names = dict.fromkeys(TOOLS_OF_AN_OFFICE, "")
    assert index(**names).search(query)[0] == wanted


@pytest.mark.parametrize("word", ["ticket", "issue", "bug", "case"])
def test_the_word_itself_weighs_more_than_another_for_the_same(word: str) -> None:
    names = [f"CREATE_{other.upper()}" for other in ("case", "bug", "issue", "ticket")]
    assert index(**dict.fromkeys(names, "")).search(f"create a {word}")[0] == f"CREATE_{word.upper()}"
    assert len(index(**dict.fromkeys(names, "")).search(f"create a {word}")) == len(names)


def test_a_verb_that_only_describes_asks_for_nothing() -> None:
    tools = index(ASSIGN_ISSUE="", CREATE_ISSUE="", LIST_ISSUES="")
    assert tools.search("issues assigned to me")[0] in ("LIST_ISSUES", "ASSIGN_ISSUE")
    assert tools.search("open issues")[0] == "LIST_ISSUES"
    assert tools.search("open an issue")[0] == "CREATE_ISSUE"


# Plain before special


def test_what_does_one_thing_comes_before_what_does_many_unless_many_are_asked_for() -> None:
    tools = index(BATCH_UPDATE_CONTACTS="", BULK_UPDATE_CONTACT="", UPDATE_CONTACT="", UPDATE_MANY_CONTACTS="")
    assert tools.search("update a contact")[0] == "UPDATE_CONTACT"
    assert tools.search("update contacts in bulk")[0] in ("BULK_UPDATE_CONTACT", "BATCH_UPDATE_CONTACTS")
    assert tools.search("update many contacts")[0] == "UPDATE_MANY_CONTACTS"


def test_the_plain_one_comes_before_the_special_one_unless_that_is_asked_for() -> None:
    names = ["CREATE_TICKET_FROM_TEMPLATE", "CREATE_RECURRING_TICKET", "CREATE_TICKET"]
    tools = index(**dict.fromkeys(names, "Makes a ticket. A new ticket."))
    assert tools.search("new ticket")[0] == "CREATE_TICKET"
    assert tools.search("new recurring ticket")[0] == "CREATE_RECURRING_TICKET"


def test_what_takes_away_comes_last_where_nothing_asks_for_that() -> None:
    tools = index(DELETE_LABEL="", APPLY_LABEL="", MOVE_LABEL="")
    assert tools.search("label this message")[-1] == "DELETE_LABEL"
    assert tools.search("remove the label")[0] == "DELETE_LABEL"


# Other languages


@pytest.mark.parametrize(
    "query",
    [
        "créer une tâche dans Asana",
        "Aufgabe in Asana anlegen",
        "crear tarea asana",
        "Създай задача в Asana",
        "utwórz zadanie Asana",
    ],
)
def test_a_query_of_another_language_finds_by_names_and_is_known_as_such(query: str) -> None:
    tools = apps(asana_team=["ASANA_CREATE_TASK"], todo_main=["TODO_CREATE_TASK"])
    assert tools.search(query)[0] == "asana_team__ASANA_CREATE_TASK"
    assert not tools.is_english(query)


@pytest.mark.parametrize(
    "query", ["create a task in Asana", "asana", "ASANA_CREATE_TASK", "create task Asana for Zoë", ""]
)
def test_a_query_of_english_words_and_names_is_english(query: str) -> None:
    assert apps(asana_team=["ASANA_CREATE_TASK"], todo_main=["TODO_CREATE_TASK"]).is_english(query)


# Words


def test_a_word_in_the_name_counts_more_than_one_in_the_description() -> None:
    found = index(LIST_MAIL="Lists what you send, send, send.", SEND_MAIL="Sends.").search("send")
    assert found == ["SEND_MAIL", "LIST_MAIL"]


@pytest.mark.parametrize("field", Document._fields)
def test_every_field_is_searched(field: str) -> None:
    tools = Index({"other": Document("other"), "wanted": Document(**{"name": "tool", field: "invoice"})})
    assert tools.search("invoices") == ["wanted"]


def test_what_a_tool_does_counts_more_than_what_else_is_said_of_it() -> None:
    tools = Index({"ONE": Document("ONE", details="Archives it."), "TWO": Document("TWO", summary="Archives it.")})
    assert tools.search("archive") == ["TWO", "ONE"]


def test_a_tool_that_holds_more_of_the_query_comes_before_one_that_holds_less_of_it_in_its_name() -> None:
    others = {f"TOOL_{number}": Document(f"TOOL_{number}", details="Does something with it.") for number in range(20)}
    less = Document("CONTACT", details="Gets something of it.")
    more = Document("DEDUPE", details="Merges contacts with others.")
    assert Index({"less": less, "more": more, **others}).search("merge contacts") == ["more", "less"]


def test_plurals_and_other_endings_do_not_matter() -> None:
    tools = index(SHARE_FILE="Shares a file.", SEND_MAIL="Sends a mail.")
    for query in ("files", "sharing files", "shared"):
        assert tools.search(query) == ["SHARE_FILE"]


def test_slips_of_typing_are_mended() -> None:
    tools = index(SHARE_CALENDAR="", SEND_MAIL="")
    assert tools.search("calender") == tools.search("claendar") == ["SHARE_CALENDAR"]


def test_the_beginning_of_a_word_finds_it_after_the_word_itself() -> None:
    tools = index(LIST_REPOSITORIES="", CLONE_REPO="", SEND_MAIL="")
    assert tools.search("repo") == ["CLONE_REPO", "LIST_REPOSITORIES"]


def test_words_that_say_nothing_find_nothing_beside_words_that_do() -> None:
    tools = index(SEND_MAIL="Sends a mail to them.", LIST_FILES="Lists what is in the folder.")
    assert tools.search("what is in my mail") == ["SEND_MAIL"]
    assert tools.search("what is") == ["LIST_FILES"]


def test_words_that_say_little_count_for_less_but_for_something() -> None:
    assert index(ABOUT_MAIL="", SEND_MAIL="").search("send mail about") == ["SEND_MAIL", "ABOUT_MAIL"]
    assert index(FIND_MAIL="", ABOUT_MAIL="").search("about mail") == ["ABOUT_MAIL", "FIND_MAIL"]


def test_the_same_tool_of_another_account_leaves_room_for_other_tools() -> None:
    accounts = {f"{number}__SEND_MAIL": Document("SEND_MAIL", summary="Sends a mail.") for number in range(3)}
    tools = Index({**accounts, "FORWARD_MAIL": Document("FORWARD_MAIL", summary="Sends a mail on to somebody.")})
    assert tools.search("send mail")[:2] == ["0__SEND_MAIL", "FORWARD_MAIL"]


def test_of_tools_that_fit_alike_those_that_change_nothing_come_first() -> None:
    documents = {"MOVE_EVENT": Document("MOVE_EVENT"), "LIST_EVENT": Document("LIST_EVENT")}
    assert Index(documents, favoured={"LIST_EVENT"}).search("events") == ["LIST_EVENT", "MOVE_EVENT"]
    assert Index(documents, favoured={"LIST_EVENT"}).search("move events") == ["MOVE_EVENT", "LIST_EVENT"]


def test_whatever_a_person_types_is_a_query() -> None:
    tools = index(SEND_MAIL="Sends a mail.")
    for query in ('"', "AND", "mail OR", "NEAR(", "* ^ -", "mail:", "(", "\ud800mail", "\0", "", "-" * 500, "é" * 500):
        assert tools.search(query) in ([], ["SEND_MAIL"])
    assert Index({}).search("mail") == []


def test_what_comes_after_many_words_is_not_looked_at() -> None:
    tools = index(SEND_MAIL="Sends a mail.")
    assert tools.search("nothing " * 19 + "mail") == ["SEND_MAIL"]
    assert tools.search("nothing " * 20 + "mail") == []
