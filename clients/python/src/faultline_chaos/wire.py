"""What stands in Faultline's topics: docs/WIRE.md, as far as a publisher needs it.

CloudEvents 1.0, Kafka binding, binary mode: attributes are headers, the value is JSON. Nothing here connects to anything.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping

SCHEDULE = "io.faultline.command.experiment.schedule.v1"
ABORT = "io.faultline.command.experiment.abort.v1"
KEEP = "io.faultline.command.experiment.keep.v1"
END_STEP = "io.faultline.command.step.end.v1"

BATCH = "io.faultline.batch.v1"
TICK = "io.faultline.tick.v1"

DENIED = "io.faultline.experiment.denied.v1"
COMMAND_REFUSED = "io.faultline.command.refused.v1"
REQUEST_REFUSED = "io.faultline.request.refused.v1"
APPROVAL_REQUESTED = "io.faultline.experiment.approval_requested.v1"
BASELINE_ESTABLISHED = "io.faultline.baseline.established.v1"
INJECTED = "io.faultline.fault.injected.v1"
INJECTION_FAILED = "io.faultline.fault.injection_failed.v1"
ROLLED_BACK = "io.faultline.fault.rolled_back.v1"
STUCK = "io.faultline.rollback.stuck.v1"
TRIGGERED = "io.faultline.rollback.triggered.v1"
RECOVERY_MEASURED = "io.faultline.recovery.measured.v1"
BOOKS_CLOSED = "io.faultline.books.closed.v1"
CONCLUDED = "io.faultline.experiment.concluded.v1"


class Malformed(ValueError):
    """A record that is not as docs/WIRE.md says."""


@dataclass(frozen=True)
class Record:
    """A record as Kafka carries it."""

    key: str
    headers: dict[str, str]
    value: bytes


@dataclass(frozen=True)
class Event:
    """One fact of a batch."""

    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """All that one command caused."""

    experiment: str
    version: int
    cause: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Tick:
    """One beat of an experiment's clock, with what was read since the one before."""

    experiment: str
    seq: int
    at: str
    readings: dict[str, float] = field(default_factory=dict)


def command(kind: str, experiment: str, data: Mapping[str, Any], *, id: str, by: str, at: datetime.datetime) -> Record:
    """A command as a record of the commands topic. The same id may be sent again without harm."""
    headers = {
        "ce_specversion": "1.0", "ce_id": id, "ce_type": kind, "ce_source": by, "ce_subject": experiment,
        "ce_time": at.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z"), "content-type": "application/json",
    }
    return Record(experiment, headers, json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode())


def headers_of(raw: Iterable[tuple[str, bytes | str | None]] | None) -> dict[str, str]:
    """Headers as text; where one comes twice the last counts."""
    out: dict[str, str] = {}
    for name, value in raw or ():
        out[name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
    return out


def batch(record: Record) -> Batch | None:
    """The batch of a record; None where its type is another. Unknown fields and unknown events are no error."""
    if record.headers.get("ce_type") != BATCH:
        return None
    data = _object(record)
    try:
        events = tuple(Event(e["type"], e["data"]) for e in data["events"])
        return Batch(data["experiment"], int(data["version"]), data["cause"], events)
    except (KeyError, TypeError, ValueError) as e:
        raise Malformed(f"reading a batch of {record.key}: {e!r}") from e


def tick(record: Record) -> Tick | None:
    """The tick of a record; None where its type is another."""
    if record.headers.get("ce_type") != TICK:
        return None
    data = _object(record)
    try:
        readings = {r["metric"]: float(r["value"]) for r in data.get("readings", ())}
        return Tick(data["experiment"], int(data["seq"]), data["at"], readings)
    except (KeyError, TypeError, ValueError) as e:
        raise Malformed(f"reading a tick of {record.key}: {e!r}") from e


def _object(record: Record) -> dict[str, Any]:
    try:
        data = json.loads(record.value)
    except ValueError as e:
        raise Malformed(f"reading a record of {record.key}: it is no JSON: {e}") from e
    if not isinstance(data, dict):
        raise Malformed(f"reading a record of {record.key}: it is no JSON object")
    return data


class History:
    """The accepted batches of experiments. A batch whose version does not follow is skipped, as by every reader."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._events: dict[str, list[Event]] = {}
        self._causes: dict[str, set[str]] = {}

    def add(self, b: Batch) -> bool:
        """Says whether the batch was accepted."""
        if b.version != self._versions.get(b.experiment, 0) + 1:
            return False
        self._versions[b.experiment] = b.version
        self._events.setdefault(b.experiment, []).extend(b.events)
        self._causes.setdefault(b.experiment, set()).add(b.cause)
        return True

    def events(self, experiment: str) -> list[Event]:
        """All that happened so far, in order."""
        return list(self._events.get(experiment, ()))

    def heard(self, experiment: str) -> bool:
        """Whether anything is known of an experiment."""
        return experiment in self._versions
