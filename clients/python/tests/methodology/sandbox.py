"""The sandbox as the methodology's examples speak of a platform."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable

import faultline_chaos
from confluent_kafka import Consumer, TopicPartition

# In the sandbox what ingestion and storage say to each other passes two links; and all but ingestion run in the group of
# the whole machine.
ChaosContext = partial(
    faultline_chaos.ChaosContext, blast_radius="several", links={("ingestion-service", "storage-service"): "store-links"},
    parameters={"cpu.saturate": {"of": "host"}},
)

SOON = 25.0  # seconds in which the sandbox notices what it is asked about


def eventually(holds: Callable[[], bool], timeout: float = SOON) -> bool:
    """Whether something holds soon."""
    end = time.monotonic() + timeout
    while not holds():
        if time.monotonic() >= end:
            return False
        time.sleep(0.25)
    return True


def addresses(platform: faultline_chaos.Platform) -> dict[str, str]:
    """Where services answer, by their target."""
    out = {}
    for name, target in platform.targets.items():
        if url := (target.get("health") or {}).get("http"):
            out[name] = url.removesuffix("/health")
    return out


class StorageError(Exception):
    """A query that could not read the table."""


class SchemaValidationError(Exception):
    """A trade that fits no schema."""


@dataclass
class Response:
    status_code: int
    headers: Any
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


def call(url: str, body: object | None = None, timeout: float = 10) -> Response:
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return Response(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as e:
        return Response(e.code, e.headers, e.read().decode())


class Api:
    """The query API; also the query engine, and the circuit breaker inside."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Response:
        return call(self.url + path)

    def execute(self, sql: str) -> list[dict[str, Any]]:
        """Answers SELECT * FROM trades, soon as the service sees its table: what it holds in memory is no answer."""
        assert sql == "SELECT * FROM trades"
        last: list[Response] = []

        def failed() -> bool:
            last[:] = [self.get("/api/v1/trades")]
            return last[0].status_code != 200

        if eventually(failed):
            raise StorageError(last[0].text)
        return last[0].json()["data"]

    def stored(self, symbol: str, limit: int = 1000) -> list[dict[str, Any]]:
        return self.get(f"/api/v1/trades?symbol={urllib.parse.quote(symbol)}&limit={limit}").json()["data"]

    def breaker_open(self) -> bool:
        return metric(self.url, "query_breaker_open") == 1

    def is_open(self) -> bool:
        return eventually(self.breaker_open)

    def is_closed(self) -> bool:
        return eventually(lambda: not self.breaker_open())


def metric(url: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", call(url + "/metrics").text, re.M)
    assert found, f"{url}/metrics has no {name}"
    return float(found.group(1))


@dataclass
class Trade:
    """A trade as a client sends it."""

    fields: dict[str, Any]
    acknowledged: bool = False
    id: str = field(default_factory=lambda: f"PY-{uuid.uuid4()}")


def trades(count: int, **fields: Any) -> list[Trade]:
    """Trades of a symbol that nobody else trades, and which so has a price band of its own."""
    symbol = "PY" + uuid.uuid4().hex[:8].upper()
    return [Trade({"symbol": symbol, "price": f"{10 + i % 10 / 100:.2f}", "quantity": str(i % 7 + 1), **fields}) for i in range(count)]


def create_trade_with_old_schema() -> Trade:
    return trades(1)[0]


def create_trade_with_new_field() -> Trade:
    return trades(1, settlement_date="2026-11-27")[0]


def create_incompatible_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Its first field has another type. The name in doc keeps it apart from the one of another run."""
    first, *others = schema["fields"]
    return {**schema, "doc": uuid.uuid4().hex, "fields": [{**first, "type": "boolean"}, *others]}


def create_compatible_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """It has a new field with a default."""
    return {**schema, "doc": uuid.uuid4().hex, "fields": [*schema["fields"], {"name": "settlement_date", "type": ["null", "string"], "default": None}]}


kafka_producer_config: dict[str, str] = {}


def wait_for_condition(condition: Callable[[], bool], timeout: float) -> None:
    assert eventually(condition, timeout), f"it did not hold within {timeout} s"


class Ingestion:
    """The ingestion service, as a producer and as what is monitored."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def load_shedding_active(self) -> bool:
        return metric(self.url, "ingest_load_shedding_active") == 1

    def send(self, topic: str, trade: Trade) -> Trade:
        assert topic == "trades"
        answer = call(self.url + "/v1/trades", {"trade_id": trade.id, **trade.fields}, timeout=15)
        trade.acknowledged = answer.status_code == 200 and answer.json()["acknowledged"]
        if answer.status_code == 422:
            raise SchemaValidationError(answer.json()["message"])
        return trade


@dataclass
class Registry:
    """A subject of the schema registry."""

    url: str
    subject: str

    def get_latest_schema(self, name: str) -> dict[str, Any]:
        return json.loads(call(f"{self.url}/subjects/{self.subject}/versions/latest").json()["schema"])


class Storage:
    """The storage of the table. Its snapshot is what Faultline keeps of the objects before it damages them."""

    def __init__(self, target: str, api: Api) -> None:
        self.target, self._api = target, api
        self._faults: list[faultline_chaos.Fault] = []

    def broken(self, fault: faultline_chaos.Fault) -> None:
        self._faults.append(fault)

    def create_snapshot(self) -> int:
        return len(self._faults)

    def restore_snapshot(self, state: int) -> None:
        for fault in reversed(self._faults[state:]):
            fault.rollback()
        eventually(lambda: self._api.get("/api/v1/trades").status_code == 200)


class DeadLetters:
    """The dead letters of the trades that came after it was made."""

    def __init__(self, brokers: str, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": brokers, "group.id": str(uuid.uuid4()), "enable.auto.commit": False})
        self._partitions = [TopicPartition(topic, p) for p in self._consumer.list_topics(topic, timeout=10).topics[topic].partitions]
        self._next = self._ends()
        self._consumer.assign([TopicPartition(topic, p, at) for p, at in self._next.items()])

    def _ends(self) -> dict[int, int]:
        return {p.partition: self._consumer.get_watermark_offsets(p, timeout=10)[1] for p in self._partitions}

    def messages(self) -> list[bytes]:
        """Those that are there now: while a fault makes more and more of them there is no last one to wait for."""
        ends, out = self._ends(), []
        while any(self._next[p] < end for p, end in ends.items()):
            m = self._consumer.poll(10)
            assert m is not None, f"the dead letters up to {ends} cannot be read, only those before {self._next}"
            if m.error() is None:
                self._next[m.partition()] = m.offset() + 1
                out.append(m.value())
        return out

    def close(self) -> None:
        self._consumer.close()
