"""One fault of a context: an experiment, seen from its publisher."""

from __future__ import annotations

import logging
import time
from typing import Any, Mapping

from . import document, wire
from .errors import ChaosExperimentError, Denied, InjectionFailed, NoAnswer, Refused, Stuck
from .log import Log

logger = logging.getLogger(__name__)

ANSWER = 20.0  # seconds in which a running pipeline answers a command


class Fault:
    """A handle on a fault that was injected. rollback() ends it."""

    def __init__(self, log: Log, id: str, doc: Mapping[str, Any]) -> None:
        self.id = id
        self.document = doc
        self.injected_at: float | None = None  # time.monotonic() of when it was told of as seen
        self.asked_to_end = False
        self._log = log
        self._step = doc["steps"][0]
        self._command = ""

    def __repr__(self) -> str:
        return f"<{self.kind} of {self.target}, experiment {self.id}>"

    @property
    def kind(self) -> str:
        """Kind of fault, such as process.stop."""
        return str(self._step["fault"]["kind"])

    @property
    def target(self) -> str:
        """Target of the platform that it breaks."""
        return str(self._step["fault"]["target"])

    def events(self, *types: str) -> list[wire.Event]:
        """What happened so far; with types only events of these."""
        return [e for e in self._log.events(self.id) if not types or e.type in types]

    def _first(self, *types: str) -> wire.Event | None:
        found = self.events(*types)
        return found[0] if found else None

    @property
    def live(self) -> bool:
        """Whether the fault may still be in place."""
        return self._first(wire.INJECTED) is not None and self._first(wire.ROLLED_BACK) is None

    @property
    def _ended(self) -> wire.Event | None:
        return self._first(wire.CONCLUDED, wire.DENIED, wire.INJECTION_FAILED)

    @property
    def over(self) -> bool:
        """Whether the experiment has its end."""
        return self._ended is not None

    def schedule(self) -> None:
        """Asks for the experiment. It returns once Kafka has the command."""
        self._command = self._log.send(wire.SCHEDULE, self.id, {"document": self.document})

    def wait_injected(self, within: float) -> None:
        """Waits until the fault was seen on its target. Whatever comes in the place of that is an error that says why."""
        if self._log.wait(lambda: self.events() or None, ANSWER) is None:
            raise NoAnswer(
                f"scheduling {self!r}: nobody took the command within {ANSWER:g} s; does the pipeline run? "
                "A document that cannot be read goes to the dead letters: look there"
            )
        self._log.wait(lambda: self._first(wire.INJECTED) or self._hindrance(), within)
        if self._first(wire.INJECTED) is not None:
            self.injected_at = time.monotonic()
            logger.info("%s is in place", self)
            return
        raise self._hindrance() or NoAnswer(
            f"injecting {self!r}: it was not seen on its target within {within:g} s; "
            f"does an agent run that serves {self.target} (faultline agent)? The experiment is aborted"
        )

    def _hindrance(self) -> Exception | None:
        what = f"injecting {self!r}"
        for e in self.events():
            d = e.data
            if e.type == wire.DENIED:
                return Denied(f"{what}: denied: {'; '.join(d.get('reasons') or ())}")
            if e.type == wire.COMMAND_REFUSED and d.get("command") == self._command:
                return Refused(f"{what}: {d.get('why')}")
            if e.type == wire.APPROVAL_REQUESTED:
                return Denied(f"{what}: a second person must approve it: {'; '.join(d.get('reasons') or ())}; a test cannot wait for that: run it where none is needed")
            if e.type == wire.INJECTION_FAILED:
                return InjectionFailed(f"{what}: {d.get('why')}")
            if e.type == wire.REQUEST_REFUSED:
                return Refused(f"{what}: agent {d.get('agent')} refused {d.get('what')}: {d.get('why')}")
            if e.type == wire.STUCK:
                return self._stuck(e)
            if e.type == wire.CONCLUDED:
                return InjectionFailed(f"{what}: the experiment ended before: {'; '.join(d.get('reasons') or ())}")
        return None

    def _stuck(self, e: wire.Event) -> Stuck:
        return Stuck(f"rolling back {self!r}: {e.data.get('why')}; run by hand: {e.data.get('manual')}")

    def rollback(self, within: float = 90.0) -> None:
        """Ends the fault and waits until it is seen gone. It does nothing where it is gone already."""
        if self._first(wire.ROLLED_BACK) is not None:
            return
        self.end()
        self.wait_gone(within)

    def end(self) -> None:
        """Asks for the planned end, once; it does not wait."""
        if not self.asked_to_end and self.live:
            self.asked_to_end = True
            self._log.send(wire.END_STEP, self.id, {"step": document.STEP})

    def abort(self, reason: str) -> None:
        """Asks for an end of any kind; it does not wait."""
        if not self.over and self._command:
            self.asked_to_end = True
            self._log.send(wire.ABORT, self.id, {"reason": reason})

    def keep(self) -> None:
        """Says that its publisher is still there."""
        if not self.over:
            self._log.send(wire.KEEP, self.id, {}, wait=2.0)

    def wait_gone(self, within: float) -> None:
        """Waits until the fault is seen gone. Stuck where it cannot be undone."""
        if not self.events():
            return  # nobody has heard of it
        found = self._log.wait(lambda: self._first(wire.ROLLED_BACK, wire.STUCK) or (self._ended if not self.live else None), within)
        if found is None:
            raise ChaosExperimentError(
                f"rolling back {self!r}: it was not seen gone within {within:g} s; see faultline ledger list on the agent's machine, or end it with faultline halt {self.id}"
            )
        if found.type == wire.STUCK:
            raise self._stuck(found)
        logger.info("%s is gone", self)

    @property
    def gone_early(self) -> str:
        """Why the fault went before its planned end; empty where it did not."""
        e = self._first(wire.ROLLED_BACK)
        if e is None or e.data.get("cause") == "planned":
            return ""
        if trigger := self._first(wire.TRIGGERED):
            return f"rollback trigger {trigger.data.get('rule')} fired: {trigger.data.get('values')}"
        return f"{e.data.get('cause')}: {e.data.get('why') or 'the fault went before its planned end'}"

    def wait_recovery(self, within: float) -> dict[str, Any]:
        """What was measured of the way back, by Faultline; waits for it. ChaosExperimentError where nothing was."""
        found = self._log.wait(lambda: self._first(wire.RECOVERY_MEASURED) or self._first(wire.CONCLUDED), within)
        if found is None or found.type != wire.RECOVERY_MEASURED:
            why = "; ".join(found.data.get("reasons") or ()) if found else f"nothing within {within:g} s; does the pipeline still run?"
            raise ChaosExperimentError(f"waiting for recovery from {self!r}: {why}")
        return found.data

    def wait_verdict(self, within: float) -> dict[str, Any]:
        """Verdict and reasons of the experiment; waits for them."""
        found = self._log.wait(lambda: self._first(wire.CONCLUDED), within)
        if found is None:
            raise ChaosExperimentError(f"waiting for the verdict on {self!r}: none within {within:g} s; see faultline show {self.id}")
        return found.data

    @property
    def books(self) -> dict[str, Any] | None:
        """The account of the records, where the context names books and they are closed."""
        e = self._first(wire.BOOKS_CLOSED)
        return e.data if e else None
