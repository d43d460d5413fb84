"""The context on a log that answers as a world would in which all goes well, or in which one thing does not."""

from __future__ import annotations

import itertools
import threading
from typing import Any, Callable

import faultline_chaos.context as module
import pytest
from faultline_chaos import ChaosContext, ChaosExperimentError, Denied, InjectionFailed, Platform, Settings, Stuck, wire

TARGETS = {"kafka": {"process": {}}, "ingestion": {"process": {}}, "kafka-proxy": {"kafka_proxy": {}}}
PLATFORM = Platform("p", "test", TARGETS, {"kafka": {}}, {"error_rate": {}}, {"trades": {"topic": "trades"}})


class World:
    """What is answered to a command; replace changes the answer to a kind of command."""

    def __init__(self, replace: dict[str, list[wire.Event]] | None = None) -> None:
        self.did: list[str] = []
        self.sent: list[str] = []
        self._replace = replace or {}
        self._events: dict[str, list[wire.Event]] = {}
        self._changed = threading.Condition(threading.RLock())
        self._ids = itertools.count()

    def __call__(self, settings: Settings) -> World:
        return self

    def send(self, kind: str, experiment: str, data: Any, wait: float = 0) -> str:
        with self._changed:
            self.sent.append(kind)
            happened = self._events.setdefault(experiment, [])
            if kind == wire.SCHEDULE:
                self.target = {**getattr(self, "target", {}), experiment: data["document"]["steps"][0]["fault"]["target"]}
                happened += self._replace.get(kind, [wire.Event(wire.INJECTED, {"step": "fault"})])
                if happened[-1].type == wire.INJECTED:
                    self.did.append("inject " + self.target[experiment])
            if kind == wire.END_STEP:
                self.did.append("undo " + self.target[experiment])
                happened += self._replace.get(kind, GONE)
            self._changed.notify_all()
        return f"c-{next(self._ids)}"

    def events(self, experiment: str) -> list[wire.Event]:
        with self._changed:
            return list(self._events.get(experiment, ()))

    def wait(self, find: Callable[[], Any], timeout: float) -> Any:
        return find()  # all that will happen has happened

    def close(self) -> None:
        self.did.append("close")


GONE = [
    wire.Event(wire.ROLLED_BACK, {"cause": "planned"}), wire.Event(wire.RECOVERY_MEASURED, {"recovered": True}),
    wire.Event(wire.CONCLUDED, {"verdict": "upheld", "reasons": []}),
]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    def make(replace: dict[str, list[wire.Event]] | None = None) -> World:
        w = World(replace)
        monkeypatch.setattr(module, "Log", w)
        return w

    return make


def context(**more: Any) -> ChaosContext:
    return ChaosContext(settings=Settings(("k:1",), None), platform=PLATFORM, **more)  # type: ignore[arg-type]


def test_leaving_rolls_back_last_in_first_out(world: Callable[..., World]) -> None:
    w = world()
    with context() as chaos:
        chaos.stop_kafka_broker("kafka")
        chaos.consume_memory("ingestion-service", target_percentage=90)
        assert chaos.is_active()
    assert w.did == ["inject kafka", "inject ingestion", "undo ingestion", "undo kafka", "close"]


def test_an_exception_rolls_back_and_is_the_one_that_is_seen(world: Callable[..., World]) -> None:
    w = world({wire.END_STEP: [GONE[0], wire.Event(wire.RECOVERY_MEASURED, {"recovered": False, "why": "query is not healthy"})]})
    with pytest.raises(ZeroDivisionError) as e, context() as chaos:
        chaos.stop_kafka_broker("kafka")
        1 / 0  # noqa: B018
    assert w.did == ["inject kafka", "undo kafka", "close"]
    if hasattr(e.value, "__notes__"):
        assert "query is not healthy" in e.value.__notes__[0]


def test_the_methodologys_pairs_end_what_they_began(world: Callable[..., World]) -> None:
    w = world()
    with context() as chaos:
        chaos.stop_kafka_broker("kafka")
        chaos.start_kafka_broker("kafka")
        fault = chaos.enable_data_corruption("kafka_to_iceberg", corruption_rate=0.1, corruption_type="price_value_swap")
        assert fault.document["steps"][0]["fault"]["with"] == {"type": "price_value_swap", "rate": "10%", "topic": "trades", "direction": "fetch"}
        chaos.disable_data_corruption("kafka_to_iceberg")
        assert not chaos.is_active()
    assert w.did == ["inject kafka", "undo kafka", "inject kafka-proxy", "undo kafka-proxy", "close"]


def test_one_that_cannot_be_undone_does_not_keep_the_others(world: Callable[..., World]) -> None:
    w = world({wire.END_STEP: [wire.Event(wire.STUCK, {"why": "no right", "manual": "kill -CONT 1"})]})
    with pytest.raises(ChaosExperimentError, match="run by hand: kill -CONT 1"), context() as chaos:
        chaos.inject("process.pause", "kafka")
        chaos.inject("process.pause", "ingestion")
    assert w.did[2:4] == ["undo ingestion", "undo kafka"]


@pytest.mark.parametrize(
    ("event", "error", "says"),
    [
        (wire.Event(wire.DENIED, {"reasons": ["not here"]}), Denied, "denied: not here"),
        (wire.Event(wire.APPROVAL_REQUESTED, {"reasons": ["production"]}), Denied, "a second person must approve it: production"),
        (wire.Event(wire.INJECTION_FAILED, {"why": "no such process"}), InjectionFailed, "no such process"),
        (wire.Event(wire.STUCK, {"why": "w", "manual": "m"}), Stuck, "run by hand: m"),
        (wire.Event(wire.CONCLUDED, {"verdict": "inconclusive", "reasons": ["broken baseline"]}), InjectionFailed, "broken baseline"),
    ],
)
def test_a_fault_that_is_not_there_says_why(world: Callable[..., World], event: wire.Event, error: type[Exception], says: str) -> None:
    w = world({wire.SCHEDULE: [event]})
    chaos = context()
    with pytest.raises(error, match=says):
        chaos.__enter__()
        chaos.stop_kafka_broker("kafka")
    chaos._close()
    assert "inject kafka" not in w.did


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([GONE[0], wire.Event(wire.RECOVERY_MEASURED, {"recovered": False, "why": "too slow"})], "failed to recover.*too slow"),
        ([*GONE[:2], wire.Event(wire.CONCLUDED, {"verdict": "refuted", "reasons": ["lost_acked: 3"]})], "refuted: lost_acked: 3"),
        ([wire.Event(wire.ROLLED_BACK, {"cause": "deadline"}), *GONE[1:]], "ended early: deadline"),
        ([GONE[0]], "nothing within"),
    ],
)
def test_a_system_that_does_not_come_back_fails_the_test(world: Callable[..., World], events: list[wire.Event], says: str) -> None:
    world({wire.END_STEP: events})
    with pytest.raises(ChaosExperimentError, match=says), context() as chaos:
        chaos.stop_kafka_broker("kafka")


def test_it_says_that_it_is_still_there(world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    w = world()
    spoke = threading.Event()
    send = w.send

    def heard(kind: str, *rest: Any, **more: Any) -> str:
        if kind == wire.KEEP:
            spoke.set()
        return send(kind, *rest, **more)

    monkeypatch.setattr(w, "send", heard)
    with context(lease=5) as chaos:
        chaos.stop_kafka_broker("kafka")
        assert spoke.wait(5)


def test_a_duration_ends_the_fault(world: Callable[..., World]) -> None:
    w = world()
    with context() as chaos:
        fault = chaos.inject("process.pause", "kafka", duration=0.05)
        with w._changed:
            assert w._changed.wait_for(lambda: "undo kafka" in w.did, 5)
        assert not fault.live
    assert w.sent.count(wire.END_STEP) == 1
