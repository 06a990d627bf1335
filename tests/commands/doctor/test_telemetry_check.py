"""What the doctor says of telemetry: for this terminal and for each entry, by what the collector answers."""

from __future__ import annotations

from tests.collector import collecting
from tests.commands.doctor.patient import Patient
from tests.commands.doctor.test_key_checks import entry


async def test_it_says_where_telemetry_goes_and_whether_the_collector_accepts_it(patient: Patient) -> None:
    with collecting() as collector:
        mine = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_HEADERS": "token=s3cret"}
        patient.configure(uru=entry(**patient.variables, OTEL_METRICS_EXPORTER="console"))
        patient.variables.update(mine)
        accepted = {check.name: check for check in await patient.checks()}
        sent = collector.requests[:]
        collector.status = 403
        refused = {check.name: check for check in await patient.checks()}
    assert accepted["telemetry"].verdict == "ok"
    assert f"to {collector.url}, which accepts them" in accepted["telemetry"].seen
    assert [(path, body, headers["token"]) for path, headers, body in sent] == [
        ("/v1/traces", b"", "s3cret"),
        ("/v1/metrics", b"", "s3cret"),
    ]
    assert refused["telemetry"].verdict == "warning"
    assert "HTTP status 403" in refused["telemetry"].seen
    assert "OTEL_EXPORTER_OTLP_HEADERS" in (refused["telemetry"].remedy or "")
    assert accepted["Claude Desktop “uru” telemetry"].seen.startswith("OTEL_METRICS_EXPORTER asks for telemetry on the")
    assert "s3cret" not in str([*accepted.values(), *refused.values()])


async def test_without_the_variables_it_says_nothing_of_telemetry(patient: Patient) -> None:
    assert not [check for check in await patient.checks() if "telemetry" in check.name]
