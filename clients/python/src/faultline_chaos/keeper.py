"""What goes on in the background of a context: its word that it is still there, and ends that are due."""

from __future__ import annotations

import logging
import threading
import time

from .errors import ChaosError
from .fault import Fault

logger = logging.getLogger(__name__)


class Keeper:
    """Says of each fault that its publisher is still there, several times in a lease, until close."""

    def __init__(self, lease: float) -> None:
        self._every = max(lease / 6, 0.5)
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._due: dict[str, tuple[float, Fault]] = {}
        self._changed = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="faultline-keeper", daemon=True)
        self._thread.start()

    def add(self, fault: Fault) -> None:
        """Keeps a fault from now on, until its experiment is over."""
        with self._lock:
            self._faults.append(fault)

    def drop(self, fault: Fault) -> None:
        """Lets a fault go: its lease lapses, unless it ends before."""
        with self._lock:
            self._faults = [f for f in self._faults if f is not fault]

    def end_after(self, fault: Fault, seconds: float) -> None:
        """Ends a fault so many seconds after it was seen in place."""
        with self._lock:
            self._due[fault.id] = ((fault.injected_at or time.monotonic()) + seconds, fault)
        self._changed.set()

    def close(self) -> None:
        """Says nothing more."""
        self._closed = True
        self._changed.set()
        self._thread.join()

    def _run(self) -> None:
        spoke = time.monotonic()
        while not self._closed:
            self._changed.wait(max(self._next(spoke) - time.monotonic(), 0))
            self._changed.clear()
            if self._closed:
                return
            self._end_due()
            if time.monotonic() - spoke >= self._every:
                spoke = time.monotonic()
                self._speak()

    def _next(self, spoke: float) -> float:
        with self._lock:
            return min([spoke + self._every, *(at for at, _ in self._due.values())])

    def _end_due(self) -> None:
        with self._lock:
            due = [f for at, f in self._due.values() if at <= time.monotonic()]
            for f in due:
                del self._due[f.id]
        for f in due:
            try:
                f.end()
            except ChaosError as e:
                logger.error("ending %s: %s; it is tried again when the context is left", f, e)
                f.asked_to_end = False

    def _speak(self) -> None:
        with self._lock:
            self._faults = [f for f in self._faults if not f.over]
            faults = list(self._faults)
        for f in faults:
            try:
                f.keep()
            except ChaosError as e:
                logger.warning("keeping %s: %s", f, e)
