"""The pipeline's log: commands out, batches and ticks in."""

from __future__ import annotations

import datetime
import getpass
import logging
import socket
import threading
import time
import uuid
from typing import Any, Callable, Mapping, TypeVar

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from . import wire
from .errors import NotRunning
from .settings import Settings

logger = logging.getLogger(__name__)
T = TypeVar("T")

REACH = 15.0  # seconds in which Kafka answers, or is taken as away


class Log:
    """A connection to the log. It keeps what comes after it was opened, of experiments that begin after that."""

    def __init__(self, settings: Settings) -> None:
        self._topics = {name: f"{settings.prefix}.{name}" for name in ("commands", "events", "readings")}
        common = {"bootstrap.servers": settings.bootstrap, "log_level": 2, **settings.client}
        self._producer = Producer({**common, "enable.idempotence": True, "partitioner": "murmur2_random", "linger.ms": 0})
        self._consumer = Consumer({**common, "group.id": f"faultline-chaos-{uuid.uuid4()}", "enable.auto.commit": False, "auto.offset.reset": "earliest"})
        self._changed = threading.Condition(threading.RLock())
        self._history = wire.History()
        self._watchers: dict[str, Callable[[wire.Tick], None]] = {}
        self._broken: str | None = None
        self._stop = threading.Event()
        try:
            self._consumer.assign(self._ends(settings))
        except BaseException:
            self._consumer.close()
            raise
        self._reader = threading.Thread(target=self._read, name="faultline-log", daemon=True)
        self._reader.start()

    def _ends(self, settings: Settings) -> list[TopicPartition]:
        """Where the log ends now. What is published afterwards is seen."""
        out = []
        try:
            for name in ("events", "readings"):
                topic = self._consumer.list_topics(self._topics[name], timeout=REACH).topics[self._topics[name]]
                if topic.error is not None:
                    raise KafkaException(topic.error)
                for p in topic.partitions:
                    _, end = self._consumer.get_watermark_offsets(TopicPartition(topic.topic, p), timeout=REACH)
                    out.append(TopicPartition(topic.topic, p, end))
        except KafkaException as e:
            raise NotRunning(f"reading the log from {settings.bootstrap}: {e.args[0]}; does the pipeline (faultline up) run there, with the prefix {settings.prefix}?") from e
        return out

    def send(self, kind: str, experiment: str, data: Mapping[str, Any], wait: float = REACH) -> str:
        """Publishes a command and returns its id once Kafka has it."""
        r = wire.command(kind, experiment, data, id=str(uuid.uuid4()), by=whoami(), at=datetime.datetime.now(datetime.timezone.utc))
        answer: list[Any] = []
        self._producer.produce(self._topics["commands"], key=r.key, value=r.value, headers=dict(r.headers), on_delivery=lambda error, _: answer.append(error))
        end = time.monotonic() + wait
        while not answer and time.monotonic() < end:
            self._producer.poll(0.05)
        if not answer or answer[0] is not None:
            raise NotRunning(f"publishing {kind} of {experiment}: {answer[0] if answer else f'Kafka did not answer within {wait:g} s'}; does the pipeline run?")
        return r.headers["ce_id"]

    def events(self, experiment: str) -> list[wire.Event]:
        """What happened in an experiment so far."""
        with self._changed:
            return self._history.events(experiment)

    def watch(self, experiment: str, each: Callable[[wire.Tick], None] | None) -> None:
        """Calls each for every tick of an experiment from now on; None ends that. each must not block."""
        with self._changed:
            if each is None:
                self._watchers.pop(experiment, None)
            else:
                self._watchers[experiment] = each

    def wait(self, find: Callable[[], T | None], timeout: float) -> T | None:
        """Waits until find has something, and looks again whenever anything came. None after timeout seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                if self._broken:
                    raise NotRunning(self._broken)
                found = find()
                left = end - time.monotonic()
                if found is not None or left <= 0:
                    return found
                self._changed.wait(min(left, 1.0))

    def close(self) -> None:
        """Ends reading. What was published stays published."""
        self._stop.set()
        self._reader.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._stop.is_set():
            try:
                message = self._consumer.poll(0.2)
            except KafkaException as e:
                logger.warning("reading the log: %s", e)
                continue
            if message is None:
                continue
            error = message.error()
            if error is not None:
                if error.fatal():
                    with self._changed:
                        self._broken = f"reading the log: {error}"
                        self._changed.notify_all()
                    return
                logger.debug("reading the log: %s", error)  # the client tries again by itself
                continue
            self._take(message)

    def _take(self, message: Message) -> None:
        record = wire.Record((message.key() or b"").decode("utf-8", "replace"), wire.headers_of(message.headers()), message.value() or b"")
        try:
            batch, tick = wire.batch(record), wire.tick(record)
        except wire.Malformed as e:
            logger.warning("%s; it is passed over", e)
            return
        with self._changed:
            if batch is not None:
                self._history.add(batch)
            elif tick is not None and (each := self._watchers.get(tick.experiment)):
                each(tick)
            self._changed.notify_all()


def whoami() -> str:
    """Who asks, as events name it: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
