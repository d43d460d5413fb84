"""The methodology's RecoveryVerifier."""

from __future__ import annotations

import time

from .context import ChaosContext
from .monitor import SteadyStateMonitor


class RecoveryVerifier:
    """Verifies that a system is as it was. monitor must have a baseline. data_consistency is what the books of the
    context's experiments say; without books there is nothing to say and it holds."""

    def __init__(self, monitor: SteadyStateMonitor, timeout: float = 300, context: ChaosContext | None = None) -> None:
        self.monitor, self.timeout, self.context = monitor, timeout, context

    def verify_recovery(self) -> dict[str, bool]:
        """Each criterion and whether it holds; waits for all of them up to timeout seconds."""
        end = time.monotonic() + self.timeout
        while True:
            results = {
                "services_healthy": self._services_healthy(), "data_consistency": self._books_balance(),
                "performance_within_10_percent": self.monitor.verify_steady_state(0.1), "no_error_spikes": self._no_errors(),
            }
            if all(results.values()) or time.monotonic() >= end:
                return results
            time.sleep(1)  # a tick brings new readings

    def _services_healthy(self) -> bool:
        now = self.monitor.current()
        return all(now.get(f"healthy.{s}") == 1 for s in self.monitor.platform.services)

    def _no_errors(self) -> bool:
        now = self.monitor.current().get("error_rate")
        return now is not None and now <= self.monitor.baseline_metrics.get("error_rate", 0) + 0.01

    def _books_balance(self) -> bool:
        closed = [f.books for f in (self.context.experiments if self.context else ()) if f.books]
        return all(b["balanced"] and not b["lost_acked"] and not b["stored_twice"] for b in closed)
