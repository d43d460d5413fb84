"""The document of one imperative fault: one step that stays until it is ended."""

from __future__ import annotations

import re
import uuid
from typing import Any, Iterable, Mapping, Sequence

from .errors import Refused
from .platform import Platform

STEP = "fault"

# The methodology's rollback triggers, by the metric that they need.
TRIGGERS: Mapping[str, Mapping[str, str]] = {
    "error_rate": {"name": "error_rate_above_20_percent", "rule": "error_rate > 0.20"},
    "availability": {"name": "availability_below_95_percent", "rule": "availability < 0.95"},
    "response_time": {"name": "response_time_above_5_seconds", "rule": "response_time > 5.0"},
}
# What a fault whose expected answers are errors is still ended by.
SLOW: Mapping[str, str] = {"name": "response_time_above_10_seconds", "rule": "response_time > 10.0"}


def seconds(s: float) -> str:
    """A duration as documents write it."""
    return f"{round(s * 1000)}ms"


def steady_state(platform: Platform, tolerance: float) -> list[dict[str, str]]:
    """What is normal, as far as the platform has metrics that say so: what is ingested is within tolerance of what is
    offered, or else of the baseline, and clients are answered."""
    out = []
    if "ingestion_rate" in platform.metrics:
        # A short baseline may fall into a backlog that is worked off, and would then never be reached again.
        usual = "offered_rate" if "offered_rate" in platform.metrics else "baseline.ingestion_rate"
        out.append({"name": "ingestion keeps up", "rule": f"ingestion_rate >= {1 - tolerance:.4f} * {usual}"})
    if "error_rate" in platform.metrics:
        out.append({"name": "clients are answered", "rule": "error_rate <= 0.01"})
    return out or [anything(platform)]


def anything(platform: Platform) -> dict[str, str]:
    """A rule that holds as soon as anything is read: where nothing is asked of the system."""
    names = [m for m in TRIGGERS if m in platform.metrics] or sorted(platform.metrics)
    if not names:
        raise Refused(f"asking for a steady state: the platform {platform.name} has no metrics; describe one")
    return known(names[0])


def known(metric: str) -> dict[str, str]:
    """A rule that holds once a metric was read, whatever it is."""
    return {"name": f"{metric} is known", "rule": f"{metric} >= 0.0 || {metric} < 0.0"}


def triggers(platform: Platform) -> list[Mapping[str, str]]:
    """The methodology's rollback triggers that the platform has metrics for."""
    return [t for metric, t in TRIGGERS.items() if metric in platform.metrics]


def build(
    platform: Platform, *, title: str, kind: str, target: str, with_: Mapping[str, str] | None = None, steady: Sequence[Any], healthy: Iterable[str],
    rollback_when: Sequence[Any], blast_radius: str, life: float, lease: float, recovers_within: float, baseline: float, every: float,
    tolerance: float, books: str | None = None, tolerates: Mapping[str, Any] | None = None, maintains: Sequence[Any] = (),
) -> dict[str, Any]:
    """A document that holds one fault until it is ended, for at most life seconds."""
    fault: dict[str, Any] = {"kind": kind, "target": target}
    if with_:
        fault["with"] = dict(with_)
    hypothesis: dict[str, Any] = {
        "claim": f"the system comes back from {kind} of {target}", "steady_state": list(steady), "recovers_within": seconds(recovers_within),
        "healthy": sorted(healthy), "maintains": list(maintains),
    }
    out: dict[str, Any] = {
        "faultline": "v1", "title": title, "system": platform.name, "environment": platform.environment, "blast_radius": blast_radius,
        "hypothesis": hypothesis, "steps": [{"id": STEP, "fault": fault}], "rollback_when": list(rollback_when),
        "baseline": {"duration": seconds(baseline), "every": seconds(every), "tolerance": tolerance},
        "limits": {"max_fault_life": seconds(life), "recovery_timeout": seconds(recovers_within), "publisher_lease": seconds(lease)},
        "labels": {"client": "python"},
    }
    if books:
        out["books"] = books
        hypothesis["tolerates"] = dict(tolerates or {"loss_fraction": 0, "lost_acked": 0})
    return out


def new_id(title: str) -> str:
    """An id of an experiment that nobody has."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:80] + "-" + uuid.uuid4().hex[:12]
