"""The description of the system under test: which targets there are, and which of them a service's name means."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

import yaml

from .errors import Refused

_SUFFIXES = ("-service", "_service", "-cluster", "_cluster")
# What people call a thing, and what K2's description calls it.
_ALSO = {"storage": "store", "minio": "store", "api": "query", "broker": "kafka", "registry": "schema-registry"}


@dataclass(frozen=True)
class Platform:
    """A platform's description. names say what is meant by a service's name, before anything else is tried; links by a
    pair of them."""

    name: str
    environment: str
    targets: Mapping[str, Mapping[str, Any]]
    services: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    books: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kafka: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path, names: Mapping[str, str] | None = None, links: Mapping[tuple[str, str], str] | None = None) -> Platform:
        """Reads a description, such as sandbox/platform.yaml of a state folder."""
        try:
            said = yaml.safe_load(file.read_text())
        except FileNotFoundError:
            raise Refused(f"reading the platform's description: {file} is not there; start the sandbox, or name another in $FAULTLINE_PLATFORM") from None
        return cls(
            said["name"], said["environment"], said["targets"], said.get("services") or {}, said.get("metrics") or {},
            said.get("books") or {}, tuple(said.get("kafka") or ()), names or {}, links or {},
        )

    def target(self, service: object) -> str:
        """The target that a service's name means: of that name, or of it without -service. An object says its own name by
        its attribute target."""
        text = str(getattr(service, "target", service))
        text = self.names.get(text, text)
        plain = text
        for suffix in _SUFFIXES:
            plain = plain.removesuffix(suffix)
        for name in (text, plain, plain.replace("_", "-"), _ALSO.get(plain, "")):
            if name in self.targets:
                return name
        raise Refused(f"finding target {text}: the platform {self.name} has {', '.join(sorted(self.targets))}; say what is meant with names={{{text!r}: …}}")

    def between(self, source: str, target: str) -> str:
        """The target that is the way between two services: what links say, or a link or network from the one to the other, or back."""
        if (source, target) in self.links:
            return self.target(self.links[source, target])
        ends = {self._end(source), self._end(target)}
        for name, t in self.targets.items():
            for kind in ("link", "network"):
                way = t.get(kind) or {}
                if {way.get("from"), way.get("to")} == ends:
                    return name
        raise Refused(
            f"finding the way between {source} and {target}: the platform {self.name} has no link or network from one to the other; "
            f"say what is meant with links={{({source!r}, {target!r}): …}}"
        )

    def members(self, target: str) -> list[str]:
        """The targets of a group; of any other the target itself."""
        found = self.targets[target].get("members")
        return [m for name in found for m in self.members(name)] if found else [target]

    def _end(self, service: str) -> str:
        try:
            return self.target(service)
        except Refused:
            return service

    def only(self, kind: str) -> str:
        """The one target of a kind, such as table."""
        found = [name for name, t in self.targets.items() if kind in t]
        if len(found) != 1:
            raise Refused(f"finding the target of kind {kind}: the platform {self.name} has {', '.join(found) or 'none'}; name one")
        return found[0]
