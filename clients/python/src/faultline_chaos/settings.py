"""Where the pipeline is: as the command line finds it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

import yaml

from .errors import NotRunning


@dataclass(frozen=True)
class Settings:
    """How to reach a pipeline. client is added to the settings of each Kafka client, such as those of TLS and SASL."""

    brokers: tuple[str, ...]
    platform: Path
    prefix: str = "chaos"
    client: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        """The brokers as Kafka clients take them."""
        return ",".join(self.brokers)

    @classmethod
    def find(cls, home: str | os.PathLike[str] | None = None, config: str | os.PathLike[str] | None = None) -> Settings:
        """Reads faultline.yaml, then the environment (FAULTLINE_HOME, FAULTLINE_KAFKA_BROKERS, FAULTLINE_KAFKA_PREFIX,
        FAULTLINE_PLATFORM) on top of it, then what the pipeline that runs on the state folder says of itself."""
        env = os.environ
        said = _yaml(Path(config or "faultline.yaml"), needed=config is not None)
        folder = Path(home or env.get("FAULTLINE_HOME") or said.get("home") or ".faultline").absolute()
        kafka = said.get("kafka") or {}
        brokers = _split(env.get("FAULTLINE_KAFKA_BROKERS")) or tuple(kafka.get("brokers") or ())
        if not brokers:
            brokers = tuple(_yaml(folder / "up.yaml").get("brokers") or ())
        if not brokers:
            raise NotRunning(f"looking in {folder}: no pipeline runs here; start one with faultline up, or name its Kafka in $FAULTLINE_KAFKA_BROKERS")
        platform = Path(env.get("FAULTLINE_PLATFORM") or said.get("platform") or folder / "sandbox" / "platform.yaml")
        return cls(brokers, platform, env.get("FAULTLINE_KAFKA_PREFIX") or kafka.get("prefix") or "chaos")


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _yaml(file: Path, needed: bool = False) -> dict[str, Any]:
    try:
        return yaml.safe_load(file.read_text()) or {}
    except FileNotFoundError:
        if needed:
            raise
        return {}
