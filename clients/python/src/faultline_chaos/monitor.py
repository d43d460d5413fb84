"""The methodology's SteadyStateMonitor. It measures nothing itself: a control experiment has Faultline read its metrics."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Any, Mapping, Sequence

from . import document, wire
from .errors import NoAnswer
from .fault import Fault
from .keeper import Keeper
from .log import Log
from .platform import Platform
from .settings import Settings

logger = logging.getLogger(__name__)

# The methodology's five.
METRICS = ("ingestion_rate", "query_latency_p95", "error_rate", "memory_usage", "cpu_usage")
OLD = 15.0  # seconds after which a reading says nothing of now
FIRST = 45.0  # seconds in which the first readings are there


class SystemHealth(dict):  # type: ignore[type-arg]
    """Readings by the metric's name, which is an attribute, too. What was not read is not there."""

    def __getattr__(self, name: str) -> float:
        try:
            return float(self[name])
        except KeyError:
            raise AttributeError(f"{name} was not read; there are {', '.join(sorted(self))}") from None


class SteadyStateMonitor:
    """Watches metrics of the platform and the health of its services, by a control experiment (kind none). Use it as a
    context, or call close. metrics default to the methodology's five, as far as the platform has them."""

    def __init__(
        self, metrics: Sequence[str] | None = None, *, settings: Settings | None = None, platform: Platform | None = None,
        lease: float = 30, life: float = 3600,
    ) -> None:
        settings = settings or Settings.find()
        self.platform = platform or Platform.load(settings.platform)
        self.metrics = [m for m in (metrics or METRICS) if metrics or m in self.platform.metrics]
        self.baseline_metrics: dict[str, float] = {}
        self._life, self._lease = life, lease
        self._lock = threading.Lock()
        self._latest: dict[str, tuple[float, float]] = {}  # value, and time.monotonic() of when it came
        self._control: Fault | None = None
        self._log = Log(settings)
        self._keeper = Keeper(lease)

    def __enter__(self) -> SteadyStateMonitor:
        return self

    def __exit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def monitoring_active(self) -> bool:
        """Whether readings come."""
        return self._control is not None and not self._control.over

    def establish_baseline(self, duration: float = 300, every: float = 10) -> Mapping[str, float]:
        """Watches for duration seconds and returns the mean of each metric. It goes on watching afterwards."""
        self._end()
        doc = document.build(
            self.platform, title="steady state", kind="none", target=sorted(self.platform.targets)[0], steady=[document.known(m) for m in self.metrics],
            healthy=self.platform.services, rollback_when=[], blast_radius="several", life=self._life, lease=self._lease, recovers_within=60,
            baseline=duration, every=min(every, duration), tolerance=0.1,
        )
        control = Fault(self._log, document.new_id("steady-state"), doc)
        self._log.watch(control.id, self._take)
        control.schedule()
        self._keeper.add(control)
        self._control = control
        control.wait_injected(duration + FIRST)
        established = control.events(wire.BASELINE_ESTABLISHED)[0].data["metrics"]
        self.baseline_metrics = {m: float(established[m]["mean"]) for m in self.metrics if established.get(m, {}).get("n")}
        logger.info("baseline: %s", self.baseline_metrics)
        return self.baseline_metrics

    def current(self) -> SystemHealth:
        """The newest reading of each metric, and healthy.<service> (1 or 0). What was not read for a while is not there."""
        if self._control is None:
            self.establish_baseline(2, 0.5)
        found = self._log.wait(lambda: self._readings() or None, FIRST)
        if found is None:
            raise NoAnswer(f"reading metrics: nothing came within {FIRST:g} s; does the pipeline still run?")
        return SystemHealth(found)

    def verify_steady_state(self, tolerance: float = 0.1) -> bool:
        """Whether each metric is within tolerance of its baseline. What was not read is not. A baseline of 0 is taken as
        1 for the share."""
        now = self.current()
        steady = True
        for metric, baseline in self.baseline_metrics.items():
            value = now.get(metric)
            if value is None:
                logger.warning("metric %s was not read", metric)
                steady = False
            elif (off := abs(value - baseline) / (abs(baseline) or 1)) > tolerance:
                logger.warning("metric %s deviates by %.2f %% from its baseline", metric, off * 100)
                steady = False
        return steady

    def close(self) -> None:
        """Ends the control experiment."""
        try:
            self._end()
        finally:
            self._keeper.close()
            self._log.close()

    def _end(self) -> None:
        if self._control is not None:
            self._control.end()
            self._log.watch(self._control.id, None)
            self._control = None

    def _readings(self) -> dict[str, float]:
        with self._lock:
            return {m: value for m, (value, came) in self._latest.items() if time.monotonic() - came < OLD}

    def _take(self, t: wire.Tick) -> None:
        with self._lock:
            self._latest.update({m: (value, time.monotonic()) for m, value in t.readings.items()})
