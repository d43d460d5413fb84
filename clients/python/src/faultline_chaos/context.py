"""The methodology's ChaosContext: faults for the time of a with block."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any, Mapping, Sequence

from . import document, registry
from .errors import ChaosError, ChaosExperimentError, Refused
from .fault import Fault
from .keeper import Keeper
from .log import Log
from .platform import Platform
from .settings import Settings

logger = logging.getLogger(__name__)

WARM_UP = 45.0  # seconds for policy, first readings and injection, beside the baseline
GONE = 90.0  # seconds in which an agent undoes what it can undo


class ChaosContext:
    """Faults for the time of a with block. Each is an experiment of Faultline under its ledger, leases and policy.

    Leaving the block rolls back last in, first out, waits until each fault is seen gone, and verifies recovery: services
    healthy, steady state again, books balanced where they are named. ChaosExperimentError where not. An exception in the
    block rolls back, too, and is the one that is seen. If the process dies, Faultline undoes its faults after lease seconds.

    blast_radius   isolated: each fault breaks one target; several leaves the numbers to the policy
    timeout        seconds after which a fault is undone, whoever is alive, and for which recovery is waited for
    settings       where the pipeline is; default Settings.find()
    lease          seconds after which a silent test process has its faults undone; 5 at least
    baseline, every  seconds of the baseline of each experiment, and between two readings
    tolerance      share by which ingestion may stay below its baseline and count as recovered
    steady_state   rules (CEL, as text or {name, rule}) in the place of those made from the platform
    rollback_when  rules that end a fault early, in the place of the methodology's three; [] for none
    healthy        services that must be healthy for recovery; default all of the platform
    books          name of the platform's books whose records are counted, with tolerates as documents have it
    names, links   what is meant by a service's name, and by a pair of them: a target of the platform
    parameters     of kinds of faults, which hold unless a method is given others, such as {"cpu.saturate": {"of": "host"}}
    """

    def __init__(
        self, blast_radius: str = "isolated", timeout: float = 300, *, settings: Settings | None = None, platform: Platform | None = None,
        lease: float = 30, baseline: float = 2, every: float = 0.5, tolerance: float = 0.10, steady_state: Sequence[Any] | None = None,
        rollback_when: Sequence[Any] | None = None, healthy: Sequence[str] | None = None, books: str | None = None,
        tolerates: Mapping[str, Any] | None = None, names: Mapping[str, str] | None = None, links: Mapping[tuple[str, str], str] | None = None,
        parameters: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.blast_radius, self.timeout = blast_radius, timeout
        self.settings = settings or Settings.find()
        self.platform = platform or Platform.load(self.settings.platform, names, links)
        self.lease, self.baseline, self.every, self.tolerance = lease, baseline, every, tolerance
        self.steady_state = list(steady_state) if steady_state is not None else document.steady_state(self.platform, tolerance)
        self.rollback_when = list(rollback_when) if rollback_when is not None else document.triggers(self.platform)
        self.healthy = list(healthy) if healthy is not None else sorted(self.platform.services)
        self.books, self.tolerates = books, tolerates
        self.parameters = parameters or {}
        self.experiments: list[Fault] = []
        self._log: Log | None = None
        self._keeper: Keeper | None = None

    def __enter__(self) -> ChaosContext:
        logger.info("starting with blast radius %s", self.blast_radius)
        self._log = Log(self.settings)
        self._keeper = Keeper(self.lease)
        return self

    def __exit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        try:
            problems = self._roll_back() + self._recovery_problems()
        finally:
            self._close()
        if not problems:
            logger.info("all faults are gone and the system has recovered")
            return
        text = "; ".join(problems)
        if exc is None:
            raise ChaosExperimentError(text)
        logger.error("leaving after %r: %s", exc, text)
        if hasattr(exc, "add_note"):
            exc.add_note(f"chaos: {text}")

    def _close(self) -> None:
        if self._keeper:
            self._keeper.close()
        if self._log:
            self._log.close()
        self._keeper = self._log = None

    def is_active(self) -> bool:
        """Whether a fault may be in place."""
        return any(f.live for f in self.experiments)

    def inject(
        self, kind: str, target: object, with_: Mapping[str, str] | None = None, *, duration: float | None = None,
        rollback_when: Sequence[Any] | None = None, maintains: Sequence[Any] = (),
    ) -> Fault:
        """Injects a fault of any kind (faultline faults) and returns once it was seen on its target. With duration it is
        ended so many seconds later, by this process. Refused, Denied, InjectionFailed or NoAnswer where it is not there."""
        if self._log is None or self._keeper is None:
            raise ChaosError("injecting a fault: the context is not entered; write with ChaosContext() as chaos:")
        name = self.platform.target(target)
        # While another fault is in place the system need not be in its steady state: the first one's recovery covers both.
        steady = [document.anything(self.platform)] if self.is_active() else self.steady_state
        title = f"{kind} of {name} from a test"
        doc = document.build(
            self.platform, title=title, kind=kind, target=name, with_={**self.parameters.get(kind, {}), **(with_ or {})}, steady=steady,
            healthy=() if self.is_active() else self.healthy, rollback_when=self.rollback_when if rollback_when is None else rollback_when,
            blast_radius=self.blast_radius, life=self.timeout, lease=self.lease, recovers_within=self.timeout, baseline=self.baseline,
            every=self.every, tolerance=self.tolerance, books=self.books, tolerates=self.tolerates, maintains=maintains,
        )
        fault = Fault(self._log, document.new_id(title), doc)
        self.experiments.append(fault)
        fault.schedule()
        self._keeper.add(fault)
        try:
            fault.wait_injected(self.baseline + WARM_UP)
        except BaseException:
            self._withdraw(fault)
            raise
        if duration is not None:
            self._keeper.end_after(fault, duration)
        return fault

    def _withdraw(self, fault: Fault) -> None:
        """Ends an experiment whose fault was not seen: it may be on its way."""
        if self._keeper:
            self._keeper.drop(fault)
        try:
            fault.abort("its fault was not seen in place")
        except ChaosError as e:
            logger.error("withdrawing %s: %s; it ends by its lease", fault, e)

    # The methodology's methods.

    def stop_kafka_broker(self, kafka_cluster: object = "kafka") -> Fault:
        """Asks the broker's process to end, and keeps it away."""
        return self.inject("process.stop", kafka_cluster)

    def start_kafka_broker(self, kafka_cluster: object = "kafka") -> None:
        """Starts the broker again that stop_kafka_broker stopped, and waits until it answers."""
        self._end("process.stop", self.platform.target(kafka_cluster))

    def create_network_partition(self, source: str, target: str, duration: float | None = None) -> list[Fault]:
        """Cuts the link or network between two services, or each of a group of them; heals it after duration seconds."""
        return [self.inject("network.partition", way, duration=duration) for way in self.platform.members(self.platform.between(source, target))]

    def corrupt_iceberg_metadata(self, table: object | None = None, **with_: str) -> Fault:
        """Damages the table's newest metadata. with_ as storage.corrupt has it: what, how. An object with a method
        broken(fault) is told of the fault, so that it can put the table back by fault.rollback()."""
        name = table if hasattr(table, "target") or isinstance(table, str) else self.platform.only("table")
        fault = self.inject("storage.corrupt", name, with_ or {"what": "metadata", "how": "truncate"}, rollback_when=self._slow())
        if hasattr(table, "broken"):
            table.broken(fault)
        return fault

    def consume_memory(self, service: str, target_percentage: float = 90) -> Fault:
        """Fills the memory of a service's control group to a percentage of its limit."""
        return self.inject("memory.fill", service, {"to": f"{target_percentage:g}%"})

    def release_memory(self, service: str) -> None:
        """Gives back what consume_memory took."""
        self._end("memory.fill", self.platform.target(service))

    def saturate_cpu(self, service: str, duration: float | None = None) -> Fault:
        """Keeps a service's processors busy, for duration seconds."""
        return self.inject("cpu.saturate", service, duration=duration, rollback_when=self._slow())

    def deploy_schema(self, schema: object, name: str = "", subject: object | None = None) -> Fault:
        """Registers a version: one that the compatibility level allows as it is, any other by lowering the level for it. A
        version that this context deployed before is taken back first: of each subject one is in place. name is for the log."""
        target = self.platform.target(subject) if subject is not None else self.platform.only("registry")
        for kind in ("schema.deploy", "schema.incompatible"):
            self._end(kind, target, missing_ok=True)
        text = registry.text(schema)
        fits = registry.fits(self.platform.targets[target]["registry"], text)
        logger.info("deploying schema %s, which is %scompatible", name, "" if fits else "not ")
        return self.inject("schema.deploy" if fits else "schema.incompatible", target, {"schema": text})

    def enable_data_corruption(self, pipeline: str, corruption_rate: float = 0.1, corruption_type: str = "price_value_swap") -> Fault:
        """Changes a share of the records that pass a pipeline's Kafka proxy: kafka_to_… when they are fetched, any other when they are produced."""
        with_ = {
            "type": corruption_type, "rate": f"{corruption_rate * 100:g}%", "topic": self._topic(),
            "direction": "fetch" if pipeline.startswith("kafka_to_") else "produce", **self.parameters.get(pipeline, {}),
        }
        return self.inject("kafka.corrupt", self._proxy(pipeline), with_)

    def disable_data_corruption(self, pipeline: str) -> None:
        """Ends what enable_data_corruption began."""
        self._end("kafka.corrupt", self._proxy(pipeline))

    def emergency_rollback(self) -> None:
        """Ends every fault of the context at once. It waits for nothing; leaving the context does."""
        for f in reversed(self.experiments):
            f.abort("emergency rollback of the test")

    # Leaving.

    def _slow(self) -> list[Mapping[str, str]]:
        return [document.SLOW] if "response_time" in self.platform.metrics else []

    def _proxy(self, pipeline: str) -> str:
        return self.platform.target(self.platform.names[pipeline]) if pipeline in self.platform.names else self.platform.only("kafka_proxy")

    def _topic(self) -> str:
        topics = {b["topic"] for b in self.platform.books.values()}
        if len(topics) != 1:
            raise Refused(f"finding the topic of the pipeline: the platform's books name {', '.join(sorted(topics)) or 'none'}; use inject with a topic")
        return str(topics.pop())

    def _end(self, kind: str, target: str, missing_ok: bool = False) -> None:
        found = [f for f in reversed(self.experiments) if f.kind == kind and f.target == target and f.injected_at is not None]
        if not found and not missing_ok:
            raise Refused(f"ending {kind} of {target}: this context did not inject it")
        for f in found:
            f.rollback(GONE)

    def _roll_back(self) -> list[str]:
        """Last in, first out; one that cannot be undone does not keep the others in place."""
        problems = []
        for f in reversed(self.experiments):
            try:
                f.rollback(GONE)
            except ChaosError as e:
                problems.append(str(e))
        return problems

    def _recovery_problems(self) -> list[str]:
        """What is not as it was before. Nothing where no fault was seen."""
        problems = []
        for f in reversed(self.experiments):
            if f.injected_at is None:
                continue
            if why := f.gone_early:
                problems.append(f"{f!r} ended early: {why}")
            try:
                problems += self._not_recovered(f)
            except ChaosError as e:
                problems.append(str(e))
        return problems

    def _not_recovered(self, f: Fault) -> list[str]:
        if f.gone_early.startswith(("abort", "halt")):
            return []  # nothing is measured after an abort
        measured = f.wait_recovery(self.timeout + WARM_UP)
        if not measured.get("recovered"):
            return [f"the system failed to recover from {f!r}: {measured.get('why')}"]
        verdict = f.wait_verdict(self.timeout + WARM_UP)
        if verdict["verdict"] != "upheld" and not f.gone_early:
            return [f"{f!r} is {verdict['verdict']}: {'; '.join(verdict.get('reasons') or ())}"]
        return []

    def verify_system_recovery(self) -> bool:
        """Whether the system has recovered from what was rolled back so far; waits for it."""
        problems = self._recovery_problems()
        for p in problems:
            logger.error("%s", p)
        return not problems
