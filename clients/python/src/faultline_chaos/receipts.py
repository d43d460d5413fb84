"""Receipts of a producer: what became of each record that it was to send, so that the books can tell a record that was
lost from one that never left. The protocol, and the file, are those of the Go package clients/receipts.

>>> book = ReceiptBook("receipts.jsonl")
>>> server = book.serve("127.0.0.1", 9103)
>>> book.send(producer, "trades", key=b"BHP", value=body, trade_id="ASX-BHP-7", price="36.66700000")
"""

from __future__ import annotations

import dataclasses
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Iterator, Protocol
from urllib.parse import parse_qs, urlsplit

STATES = ("unknown", "pending", "acked", "dropped", "failed", "shed")
WINDOW = 100_000  # newest receipts that are served from memory
PAGE = 100_000  # receipts of one answer


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What became of one record. fields are its natural key and the columns that the books compare, as text, by their
    names in the table. partition and offset are -1 unless it is acked."""

    seq: int
    state: str
    fields: dict[str, str]
    partition: int = -1
    offset: int = -1

    def line(self) -> str:
        return json.dumps({"seq": self.seq, "state": self.state, "partition": self.partition, "offset": self.offset, **self.fields})

    @classmethod
    def read(cls, line: str | bytes) -> Receipt:
        own = json.loads(line)
        place = {name: own.pop(name) for name in ("seq", "state", "partition", "offset")}
        return cls(fields=own, **place)


class Producer(Protocol):
    """What is used of confluent_kafka.Producer."""

    def produce(self, topic: str, **arguments: Any) -> None: ...


class ReceiptBook:
    """The book of one producer, in a file: one line when a record is taken, one when its fate is known. What a process
    that died left pending is unknown when the book is opened again. It may be used from several threads, by one process
    at a time. Lines are written at once and not synced: the book outlives its process, and not the machine."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(STATES, 0)
        self._taken = 0
        self._pending: dict[int, Receipt] = {}
        self._recent: dict[int, Receipt] = {}
        self._file = open(self._path, "a+b", buffering=0)  # noqa: SIM115 - close ends it
        try:
            self._recover()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> ReceiptBook:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def take(self, **fields: str) -> Receipt:
        """Notes a record before it is sent. What has no receipt must not be sent."""
        with self._lock:
            receipt = Receipt(self._taken + 1, "pending", fields)
            self._write(receipt)
            return receipt

    def settle(self, receipt: Receipt, state: str, partition: int = -1, offset: int = -1) -> None:
        """Notes the fate of a record that was taken, once."""
        with self._lock:
            if receipt.seq not in self._pending or state == "pending" or state not in STATES:
                raise ValueError(f"settling receipt {receipt.seq} as {state!r}: it is not waiting for that; settle each one once, with a state other than pending")
            self._write(dataclasses.replace(receipt, state=state, partition=partition, offset=offset))

    def send(self, producer: Producer, topic: str, *, value: bytes, key: bytes | None = None, headers: Any = None, on_delivery: Callable[[Any, Any], None] | None = None, **fields: str) -> Receipt:
        """Takes a record and produces it; its callback settles the receipt: acked, or unknown after an error, since a
        record whose answer was lost may have been written. One for which the producer has no room is dropped, and
        BufferError is raised as produce does."""
        receipt = self.take(**fields)

        def delivered(error: Any, message: Any) -> None:
            if error is None:
                self.settle(receipt, "acked", message.partition(), message.offset())
            else:
                self.settle(receipt, "unknown")
            if on_delivery is not None:
                on_delivery(error, message)

        try:
            producer.produce(topic, key=key, value=value, headers=headers, on_delivery=delivered)
        except BufferError:
            self.settle(receipt, "dropped")
            raise
        except BaseException:
            self.settle(receipt, "failed")
            raise
        return receipt

    def position(self) -> dict[str, int]:
        with self._lock:
            return {"taken": self._taken, **self._counts}

    def between(self, first: int, last: int) -> list[Receipt]:
        """The receipts first…last, in order; those older than the newest 100,000 are read from the file."""
        with self._lock:
            oldest = self._taken - WINDOW + 1
            last = min(last, self._taken)
            found = {seq: self._recent[seq] for seq in range(max(first, oldest), last + 1) if seq in self._recent}
        if first < oldest:
            with open(self._path, "rb") as file:
                for _, receipt in _lines(file):
                    if first <= receipt.seq < oldest and receipt.seq <= last:
                        found[receipt.seq] = receipt
        return [found[seq] for seq in sorted(found)]

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
        """Answers /position and /receipts from a thread of its own until shutdown() and server_close(). Its
        server_address tells the port."""
        server = ThreadingHTTPServer((host, port), _handler(self))
        threading.Thread(target=server.serve_forever, name="receipts", daemon=True).start()
        return server

    def _recover(self) -> None:
        whole = 0
        self._file.seek(0)
        for end, receipt in _lines(self._file):
            whole = end
            self._note(receipt)
        self._file.truncate(whole)  # a torn last line
        for receipt in list(self._pending.values()):
            self._write(dataclasses.replace(receipt, state="unknown"))

    def _write(self, receipt: Receipt) -> None:
        line = receipt.line().encode() + b"\n"
        if self._file.write(line) != len(line):
            raise OSError(f"writing receipt {receipt.seq}: {self._path} took a part of the line only; is the disk full?")
        self._note(receipt)

    def _note(self, receipt: Receipt) -> None:
        if self._pending.pop(receipt.seq, None) is not None:
            self._counts["pending"] -= 1
        if receipt.state == "pending":
            self._pending[receipt.seq] = receipt
        self._counts[receipt.state] += 1
        self._taken = max(self._taken, receipt.seq)
        self._recent[receipt.seq] = receipt
        self._recent.pop(self._taken - WINDOW, None)


def _lines(file: Any) -> Iterator[tuple[int, Receipt]]:
    """Whole lines, each with the byte after it."""
    at = 0
    for line in iter(file.readline, b""):
        if not line.endswith(b"\n"):
            return
        at += len(line)
        yield at, Receipt.read(line)


def _handler(book: ReceiptBook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/position":
                self._answer(200, "application/json", json.dumps(book.position()))
            elif url.path == "/receipts":
                self._receipts(parse_qs(url.query))
            else:
                self._answer(404, "text/plain", "there are /position and /receipts")

        def _receipts(self, query: dict[str, list[str]]) -> None:
            try:
                first = int(query.get("from", ["1"])[0])
                last = int(query.get("to", [str(book.position()["taken"])])[0])
            except ValueError:
                first = last = 0
            if first < 1:
                self._answer(400, "text/plain", "from must be a whole number from 1, to a whole number")
                return
            found = book.between(first, min(last, first + PAGE - 1))
            self._answer(200, "application/x-ndjson", "".join(r.line() + "\n" for r in found))

        def _answer(self, status: int, kind: str, body: str) -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Says nothing: normal operation is silent."""

    return Handler
