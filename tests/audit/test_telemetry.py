"""What arrives at a collector of calls, what never does, and that no collector is waited for."""

from __future__ import annotations

import platform
import re
import signal
from collections.abc import Iterator

import anyio
import pytest
from mcp.shared.exceptions import MCPError

from tests.collector import Collector, attributes, collecting
from tests.documents import CODE, DOCUMENTS
from tests.process import PYTHON, Served, served
from tests.test_imports import COMMAND
from tests.test_leaks import spellings
from tests.world import Connect, Uru, text_of, until
from uru_mcp.sandbox.serve import serving

OPERATION, SESSION = "mcp.server.operation.duration", "mcp.server.session.duration"
LOG_NOTE = {"tool": "company_demo__LOG_NOTE", "input": {"text": "hi"}}
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CANARY = "c4n4ry"
DOCUMENTED = {  # by what has them: `span, calls`, `all`, `resource`
    name: where
    for names, where in re.findall(
        r"^\| (`[a-z_.`, ]+`) \| ([a-z, ]+) \|", DOCUMENTS["docs/telemetry.md"], re.MULTILINE
    )
    for name in CODE.findall(names)
}
ATTRIBUTES = {name for name, where in DOCUMENTED.items() if where != "resource"}
ENDS_WITHIN = 10.0  # seconds on a busy machine; it takes less than one

EXPORT_WATCHED = (
    PYTHON,
    "-c",
    """
import runpy, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "requests")):
            print("imported:", name, file=sys.stderr, flush=True)

sys.meta_path.insert(0, Watch())
runpy.run_module("uru_mcp", run_name="__main__")
""",
)
WITHOUT_EXPORTER = (
    PYTHON,
    "-c",
    """
import runpy, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("opentelemetry.exporter"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
runpy.run_module("uru_mcp", run_name="__main__")
""",
)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


def to(collector: Collector, **more: str) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **more}


async def ended(claude: Served, how: str) -> None:
    with anyio.fail_after(ENDS_WITHIN):
        if how == "EOF":
            await claude.close_stdin()
        else:
            claude.process.send_signal(signal.SIGTERM)
        await claude.process.wait()


async def test_each_call_is_a_span_and_counted_with_its_tool_and_outcome(
    connect: Connect, collector: Collector
) -> None:
    async with connect({"read", "execute"}, otel=to(collector)) as claude:
        version = claude.client.protocol_version
        for _ in range(3):
            await claude.data("uru_execute", LOG_NOTE)
        await claude.error("uru_write", {"tool": "platform__context_edit", "input": {"op": "create"}})

    spans = collector.spans
    assert [span.name for span in spans] == ["tools/call company_demo__LOG_NOTE"] * 3 + [
        "tools/call platform__context_edit"
    ]
    told = {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "company_demo__LOG_NOTE",
        "network.transport": "pipe",
        "mcp.protocol.version": version,
        "uru.namespace": "company_demo",
        "uru.outcome": "ok",
        "uru.permissions.needed": "execute",
    }
    assert attributes(spans[0].attributes) == {**told, "uru.via": "uru_execute"}
    assert spans[0].kind == spans[0].SPAN_KIND_SERVER
    assert 0 < spans[0].end_time_unix_nano - spans[0].start_time_unix_nano < 10**11
    assert (
        attributes(spans[3].attributes).items()
        >= {
            "error.type": "tool_error",
            "uru.outcome": "insufficient_permission",
            "uru.permissions.needed": "write",
        }.items()
    )
    assert (spans[3].status.code, spans[3].status.message) == (2, "")
    done, refused = collector.points(OPERATION)
    assert (done.count, refused.count) == (3, 1)
    assert attributes(done.attributes) == told
    assert done.explicit_bounds[0] == 0.01
    (session,) = collector.points(SESSION)
    assert (session.count, attributes(session.attributes)["mcp.protocol.version"]) == (1, version)
    assert all(one["service.name"] == "uru-mcp" for one in collector.resources)
    assert len({one["service.instance.id"] for one in collector.resources}) == 1


async def test_no_byte_that_is_sent_holds_a_key_an_argument_a_result_or_an_error_s_text(
    connect: Connect, uru: Uru, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = uru.key().text
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"team=sales,note={key}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    meta: dict[str, object] = {
        "traceparent": f"00-{TRACE}-{SPAN}-01",
        "tracestate": f"vendor={CANARY}",
        "baggage": f"user={CANARY}",
        CANARY: CANARY,
    }
    async with connect(key=key, otel=to(collector), name=CANARY) as claude:
        await claude.call("uru_whoami")
        await until(lambda: bool(collector.spans))  # from now on whatever is recorded is sent
        note = {"tool": "company_demo__LOG_NOTE", "input": {"text": CANARY}}
        await claude.client.call_tool("uru_execute", note, meta=meta)  # type: ignore[arg-type]  # as a client may
        uru.faults.status("/execute/", 200, body={"data": CANARY, "log_id": CANARY}, times=1)
        await claude.call("uru_execute", note)
        uru.faults.status("/execute/", 500, body={"error": CANARY, "tip": key}, times=9)
        await claude.call("uru_execute", note)
        for name in (CANARY, key[:60]):
            await claude.call("uru_execute", {"tool": name, "input": {CANARY: key}})
            with pytest.raises(MCPError):
                await claude.call(name, {CANARY: CANARY})
        await claude.call("uru_search_tools", {"query": CANARY})
        await claude.call("uru_read_resource", {"uri": f"uru://contexts/{CANARY}"})

    everything = b"".join(collector.bodies).lower() + repr([headers for _, headers, _ in collector.requests]).encode()
    assert len(collector.spans) == 10
    assert {name for span in collector.spans for name in attributes(span.attributes)} <= ATTRIBUTES
    assert {name for resource in collector.resources for name in resource} - {"team", "note"} <= DOCUMENTED.keys()
    assert not [span for span in collector.spans if span.events or span.links or span.trace_state]
    assert CANARY.encode() not in everything
    assert not [one for one in spellings(key) if one.lower().encode() in everything]
    assert all(one["team"] == "sales" and one["note"] == "[key removed]" for one in collector.resources)


async def test_an_invented_name_is_told_as_other(connect: Connect, collector: Collector) -> None:
    async with connect(otel=to(collector)) as claude:
        await claude.call("uru_execute", {"tool": "company_demo__NO_SUCH_TOOL", "input": {}})
        with pytest.raises(MCPError):
            await claude.call("no_such_tool")
    by_dispatcher, by_itself = (attributes(span.attributes) for span in collector.spans)
    assert {one["gen_ai.tool.name"] for one in (by_dispatcher, by_itself)} == {"_OTHER"}
    assert {one["uru.namespace"] for one in (by_dispatcher, by_itself)} == {"_OTHER"}
    assert {one["uru.outcome"] for one in (by_dispatcher, by_itself)} == {"unknown_tool"}
    assert by_dispatcher["error.type"] == "tool_error"
    assert (by_itself["error.type"], by_itself["rpc.response.status_code"]) == ("-32602", "-32602")


async def test_a_span_belongs_to_the_client_s_trace(connect: Connect, collector: Collector) -> None:
    parents = (f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"00-{'0' * 32}-{SPAN}-01", "no parent")
    async with connect(otel=to(collector)) as claude:
        for parent in parents:
            await claude.client.call_tool("uru_whoami", {}, meta={"traceparent": parent})  # type: ignore[arg-type]
    sampled, *orphans = collector.spans
    assert (sampled.trace_id.hex(), sampled.parent_span_id.hex()) == (TRACE, SPAN)
    assert len(orphans) == 2, "the client does not record the second trace"
    assert all(one.trace_id.hex() != TRACE and not one.parent_span_id for one in orphans)
    (measured,) = collector.points(OPERATION)
    assert measured.count == len(parents), "and its call is counted all the same"


async def test_traces_and_metrics_go_where_their_own_variables_say(connect_once: Connect, collector: Collector) -> None:
    variables = {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{collector.url}/own/v1/metrics",
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "host,process",
    }
    async with connect_once(otel=variables) as claude:
        report = await claude.whoami()
    assert {path for path, _, _ in collector.requests} == {"/own/v1/metrics"}
    assert report["telemetry"] == {"signals": ["metrics"], "collectors": [collector.url]}
    assert {one["host.name"] for one in collector.resources} == {platform.node()}
    assert not [name for one in collector.resources for name in one if name.startswith("process")]


async def test_an_exporter_that_cannot_be_started_does_not_end_the_server(
    connect_once: Connect, collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "0")
    async with connect_once(otel=to(collector)) as claude:
        await claude.call("uru_whoami")
        await until(lambda: "could not be started" in caplog.text)
        report = await claude.whoami()
    assert report["telemetry"] == {"signals": [], "collectors": []}
    assert "could not be started" in report["warnings"][-1]["message"]


async def test_calls_without_a_valid_configuration_are_told_too(connect_once: Connect, collector: Collector) -> None:
    async with connect_once(key="", otel=to(collector)) as claude:
        await claude.error("uru_execute", LOG_NOTE)
    (span,) = collector.spans
    assert attributes(span.attributes)["uru.outcome"] == "not_configured"


async def test_a_collector_that_never_answers_delays_no_call(
    connect_once: Connect, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    collector.hangs = True
    async with connect_once(otel=to(collector), close_within=0.05) as claude:
        for _ in range(20):
            await claude.data("uru_whoami")
        await until(lambda: bool(collector.requests))
        assert not [one for one in (await claude.whoami())["warnings"] if "telemetry" in one["message"]]


async def test_a_collector_that_refuses_is_reported_in_the_report_and_once_on_stderr(
    connect_once: Connect, collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret,not a header s3cret")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    collector.status = 401
    async with connect_once(otel=to(collector)) as claude:
        for sent in range(1, 4):
            await claude.whoami()
            await until(lambda sent=sent: len(collector.requests) >= sent)  # type: ignore[misc]
        text = ""
        while "HTTP status 401" not in text:
            text = text_of(await claude.call("uru_whoami"))
        collector.status = 200
        while "HTTP status 401" in text:
            text = text_of(await claude.call("uru_whoami"))
    assert f"Telemetry: traces and metrics of calls, without arguments and results, to {collector.url}" in text
    assert {headers["authorization"] for _, headers, _ in collector.requests} == {"Bearer s3cret"}
    assert caplog.text.count("HTTP status 401") == 1
    assert "s3cret" not in caplog.text


async def test_no_thread_imports_anything_and_what_is_left_is_sent_at_the_end_also_through_a_proxy(
    uru: Uru, collector: Collector
) -> None:
    variables = {
        "HTTP_PROXY": collector.url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.invalid:4318",
        "OTEL_BSP_SCHEDULE_DELAY": "20",
    }
    async with (
        serving(uru.sandbox) as url,
        served(command=COMMAND, URU_API_KEY=uru.key().text, URU_PROXY_URL=url, **variables) as claude,
    ):
        await claude.initialize("2025-11-25")
        await claude.call("uru_execute", LOG_NOTE)  # before anything is listed, and so before the exporter is imported
        await until(lambda: bool(collector.spans))
        await claude.call("uru_execute", LOG_NOTE)
    assert len(collector.spans) == 2
    assert collector.points(OPERATION)[0].count == 2
    assert {path for path, _, _ in collector.requests} == {
        f"http://collector.invalid:4318/v1/{signal}" for signal in ("traces", "metrics")
    }
    assert claude.stderr == ""


@pytest.mark.parametrize("end", ["EOF", "SIGTERM"])
async def test_a_process_ends_though_the_collector_never_answers(uru: Uru, collector: Collector, end: str) -> None:
    collector.hangs = True
    variables = {"OTEL_BSP_SCHEDULE_DELAY": "20", "OTEL_EXPORTER_OTLP_TIMEOUT": "30"}  # seconds, more than a test has
    async with (
        serving(uru.sandbox) as url,
        served(URU_API_KEY=uru.key().text, URU_PROXY_URL=url, **to(collector, **variables)) as claude,
    ):
        await claude.initialize("2025-11-25")
        await claude.call("uru_execute", LOG_NOTE)
        await until(lambda: bool(collector.requests))
        await ended(claude, end)
    assert claude.process.returncode == {"EOF": 0, "SIGTERM": 143}[end]


async def test_nothing_leaves_without_the_variables_and_no_exporter_is_imported(uru: Uru, collector: Collector) -> None:
    variables = {
        "OTEL_EXPORTER_OTLP_HEADERS": "a=b",
        "OTEL_SERVICE_NAME": "uru",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": collector.url,
    }
    async with (
        serving(uru.sandbox) as url,
        served(command=EXPORT_WATCHED, URU_API_KEY=uru.key().text, URU_PROXY_URL=url, **variables) as claude,
    ):
        await claude.initialize("2025-11-25")
        await claude.result("tools/list")
        await claude.call("uru_execute", LOG_NOTE)
        report = (await claude.call("uru_whoami"))["structuredContent"]
    assert "telemetry" not in report
    assert claude.stderr == ""
    assert collector.requests == []


async def test_without_the_exporter_the_server_works_and_says_how_to_install_it(uru: Uru, collector: Collector) -> None:
    async with (
        serving(uru.sandbox) as url,
        served(command=WITHOUT_EXPORTER, URU_API_KEY=uru.key().text, URU_PROXY_URL=url, **to(collector)) as claude,
    ):
        await claude.initialize("2025-11-25")
        done = await claude.call("uru_execute", LOG_NOTE)
        (warning,) = (await claude.call("uru_whoami"))["structuredContent"]["warnings"]
    assert not done.get("isError")
    assert "is not installed" in warning["message"]
    assert "-m pip install" in warning["fix"]
    assert len(claude.stderr.splitlines()) == 1
    assert warning["fix"] in claude.stderr
