"""The book of receipts, its protocol, and what a producer's callback makes of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from faultline_chaos import receipts
from faultline_chaos.receipts import ReceiptBook


class Message:
    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 4711


class FakeProducer:
    """A producer that answers when it is told to, or refuses."""

    def __init__(self, refuses: BaseException | None = None) -> None:
        self.refuses, self.callbacks = refuses, []

    def produce(self, topic: str, **arguments: Any) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.callbacks.append(arguments["on_delivery"])


def counts(book: ReceiptBook) -> dict[str, int]:
    return {name: n for name, n in book.position().items() if n}


def test_a_callback_settles_its_receipt(tmp_path: Path) -> None:
    seen = []
    with ReceiptBook(tmp_path / "receipts.jsonl") as book:
        producer = FakeProducer()
        for trade in ("A", "B", "C"):
            book.send(producer, "trades", value=b"x", on_delivery=lambda error, _: seen.append(error), trade_id=trade)
        producer.callbacks[0](None, Message())
        producer.callbacks[1]("the broker went away", None)
        assert counts(book) == {"taken": 3, "acked": 1, "unknown": 1, "pending": 1}
        assert seen == [None, "the broker went away"]
        assert [(r.state, r.partition, r.offset) for r in book.between(1, 3)] == [("acked", 3, 4711), ("unknown", -1, -1), ("pending", -1, -1)]
        with pytest.raises(ValueError, match="settle each one once"):
            producer.callbacks[0](None, Message())


@pytest.mark.parametrize(("error", "state"), [(BufferError("full"), "dropped"), (TypeError("no bytes"), "failed")])
def test_what_was_never_sent_is_no_loss(tmp_path: Path, error: BaseException, state: str) -> None:
    with ReceiptBook(tmp_path / "receipts.jsonl") as book:
        with pytest.raises(type(error)):
            book.send(FakeProducer(error), "trades", value=b"x", trade_id="A")
        assert counts(book) == {"taken": 1, state: 1}


def test_receipts_go_on_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    book = ReceiptBook(path)
    first, _, _ = (book.take(trade_id=str(n)) for n in range(3))
    book.settle(first, "acked", 0, 9)
    book.close()
    with path.open("a") as torn:
        torn.write('{"seq":3,"tra')
    for _ in range(2):  # recovering twice must not count twice
        with ReceiptBook(path) as book:
            assert counts(book) == {"taken": 3, "acked": 1, "unknown": 2}
            assert book.between(1, 9)[0].offset == 9
    with ReceiptBook(path) as book:
        assert book.take(trade_id="3").seq == 4


def test_old_receipts_come_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "WINDOW", 4)
    with ReceiptBook(tmp_path / "receipts.jsonl") as book:
        for n in range(10):
            book.settle(book.take(trade_id=str(n)), "acked", 0, n)
        assert len(book._recent) == 4
        assert [r.offset for r in book.between(3, 8)] == [2, 3, 4, 5, 6, 7]


def test_the_book_is_served(tmp_path: Path) -> None:
    with ReceiptBook(tmp_path / "receipts.jsonl") as book:
        for n in range(2):
            book.settle(book.take(trade_id=f"T{n}", price="36.66700000"), "acked", 3, n)
        server = book.serve()
        try:
            base = f"http://127.0.0.1:{server.server_address[1]}"

            def get(path: str) -> str:
                with urllib.request.urlopen(base + path, timeout=5) as answer:
                    return answer.read().decode()

            assert json.loads(get("/position")) == {"taken": 2, "acked": 2, "dropped": 0, "failed": 0, "shed": 0, "pending": 0, "unknown": 0}
            assert [json.loads(line) for line in get("/receipts?from=2").splitlines()] == [
                {"seq": 2, "state": "acked", "partition": 3, "offset": 1, "trade_id": "T1", "price": "36.66700000"}
            ]
            assert len(get("/receipts?from=1&to=1").splitlines()) == 1
            for wrong in ("/receipts?from=0", "/receipts?to=x", "/other"):
                with pytest.raises(urllib.error.HTTPError):
                    get(wrong)
        finally:
            server.shutdown()
            server.server_close()
