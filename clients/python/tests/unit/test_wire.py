"""The wire code against the golden files of the Go packages: both sides read and write the same bytes."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from faultline_chaos import document, wire
from faultline_chaos.platform import Platform

ROOT = Path(__file__).parents[4]
COMMANDS = ROOT / "commands" / "testdata" / "v1"
EVENTS = ROOT / "events" / "testdata" / "v1"
AT = datetime.datetime(2026, 11, 25, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)


def golden(folder: Path, kind: str) -> object:
    return json.loads((folder / f"{kind}.json").read_text())


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (wire.KEEP, {}),
        (wire.END_STEP, {"step": "stop"}),
        (wire.ABORT, golden(COMMANDS, wire.ABORT)),
        (wire.SCHEDULE, golden(COMMANDS, wire.SCHEDULE)),
    ],
)
def test_commands_are_as_go_writes_them(kind: str, data: object) -> None:
    r = wire.command(kind, "exp-1", data, id="c-1", by="me@here", at=AT)
    assert r.value.decode() == (COMMANDS / f"{kind}.json").read_text().strip()
    assert r.key == "exp-1"
    assert r.headers == {
        "ce_specversion": "1.0", "ce_id": "c-1", "ce_type": kind, "ce_source": "me@here", "ce_subject": "exp-1",
        "ce_time": "2026-11-25T01:02:03.000004Z", "content-type": "application/json",
    }


def test_the_fields_that_commands_have_are_those_of_the_golden_files() -> None:
    assert set(golden(COMMANDS, wire.ABORT)) == {"reason"}
    assert set(golden(COMMANDS, wire.END_STEP)) == {"step"}
    assert set(golden(COMMANDS, wire.KEEP)) == set()
    assert "document" in golden(COMMANDS, wire.SCHEDULE)


READ = {
    wire.DENIED: {"reasons"}, wire.COMMAND_REFUSED: {"command", "why"}, wire.REQUEST_REFUSED: {"agent", "what", "why"},
    wire.APPROVAL_REQUESTED: {"reasons"}, wire.BASELINE_ESTABLISHED: {"metrics"}, wire.INJECTED: {"step"}, wire.INJECTION_FAILED: {"why"},
    wire.ROLLED_BACK: {"cause"}, wire.STUCK: {"why", "manual"}, wire.TRIGGERED: {"rule", "values"}, wire.RECOVERY_MEASURED: {"recovered"},
    wire.BOOKS_CLOSED: {"balanced", "lost_acked", "stored_twice"}, wire.CONCLUDED: {"verdict", "reasons"},
}


@pytest.mark.parametrize("kind", READ)
def test_the_golden_events_have_the_fields_that_are_read(kind: str) -> None:
    data = golden(EVENTS, kind)
    assert READ[kind] <= set(data)
    batch = wire.batch(record({"experiment": "e", "version": 1, "cause": "c", "events": [{"type": kind, "data": data}]}))
    assert batch == wire.Batch("e", 1, "c", (wire.Event(kind, data),))


def test_every_event_that_is_read_has_a_golden_file() -> None:
    names = {v for k, v in vars(wire).items() if k.isupper() and isinstance(v, str) and v.startswith("io.faultline.")}
    events = {n for n in names if not n.startswith("io.faultline.command.") or n == wire.COMMAND_REFUSED} - {wire.BATCH, wire.TICK}
    assert events == set(READ)
    assert all((EVENTS / f"{n}.json").exists() for n in events)


def record(data: object, kind: str = wire.BATCH) -> wire.Record:
    return wire.Record("e", {"ce_type": kind}, json.dumps(data).encode())


def test_what_is_unknown_is_no_error() -> None:
    batch = wire.batch(record({"experiment": "e", "version": 1, "cause": "c", "new": 1, "events": [{"type": "io.faultline.new.v9", "data": {}, "x": 2}]}))
    assert batch is not None and batch.events[0].type == "io.faultline.new.v9"
    assert wire.batch(record({}, "io.faultline.batch.v2")) is None
    assert wire.tick(record({}, wire.BATCH)) is None


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"experiment":"e"}', b'{"experiment":"e","version":"x","cause":"c","events":[]}'])
def test_what_is_malformed_says_so(value: bytes) -> None:
    with pytest.raises(wire.Malformed, match="of e"):
        wire.batch(wire.Record("e", {"ce_type": wire.BATCH}, value))


def test_a_tick_has_readings() -> None:
    tick = wire.tick(record({"experiment": "e", "seq": 3, "at": "t", "version": 1, "readings": [{"metric": "m", "value": 1, "at": "t"}]}, wire.TICK))
    assert tick == wire.Tick("e", 3, "t", {"m": 1.0})


def test_headers_where_one_comes_twice() -> None:
    assert wire.headers_of([("a", b"1"), ("a", b"2"), ("b", None)]) == {"a": "2", "b": ""}
    assert wire.headers_of(None) == {}


def test_a_batch_whose_version_does_not_follow_is_skipped() -> None:
    history = wire.History()
    one, other, two = (wire.Batch("e", v, c, (wire.Event(c, {}),)) for v, c in ((1, "a"), (1, "b"), (2, "c")))
    assert history.add(one)
    assert not history.add(other)
    assert history.add(two)
    assert not history.add(wire.Batch("e", 4, "d", ()))
    assert [e.type for e in history.events("e")] == ["a", "c"]


def test_a_document_has_the_fields_of_the_schema() -> None:
    schema = json.loads((ROOT / "docs" / "schema" / "experiment.schema.json").read_text())
    doc = document.build(
        PLATFORM, title="t", kind="process.stop", target="kafka", with_={"grace": "1s"}, steady=document.steady_state(PLATFORM, 0.1), healthy=["kafka"],
        rollback_when=document.triggers(PLATFORM), blast_radius="isolated", life=300, lease=30, recovers_within=60, baseline=2, every=0.5, tolerance=0.1,
        books="trades",
    )
    assert set(doc) <= set(schema["$defs"]["Document"]["properties"])
    assert doc["limits"] == {"max_fault_life": "300000ms", "recovery_timeout": "60000ms", "publisher_lease": "30000ms"}
    assert "for" not in doc["steps"][0], "it stays until it is ended"
    assert doc["hypothesis"]["tolerates"] == {"loss_fraction": 0, "lost_acked": 0}
    assert [r["rule"] for r in doc["rollback_when"]] == ["error_rate > 0.20"], "the platform has one of the three metrics"


PLATFORM = Platform("p", "test", {"kafka": {"process": {}}}, {"kafka": {}}, {"error_rate": {}, "ingestion_rate": {}, "offered_rate": {}})


def test_ids_are_such_that_kafka_and_faultline_take_them() -> None:
    import re

    first, second = document.new_id("Stop: Kafka!"), document.new_id("Stop: Kafka!")
    assert first != second
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,126}", first)
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,126}", document.new_id("x" * 500))
