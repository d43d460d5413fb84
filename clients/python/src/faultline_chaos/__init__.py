"""Chaos experiments of Faultline, from where tests live.

>>> with ChaosContext() as chaos:
...     chaos.stop_kafka_broker("kafka")
...     # look at the system
"""

from .context import ChaosContext
from .errors import ChaosError, ChaosExperimentError, Denied, InjectionFailed, NoAnswer, NotRunning, Refused, Stuck
from .fault import Fault
from .monitor import SteadyStateMonitor, SystemHealth
from .platform import Platform
from .receipts import Receipt, ReceiptBook
from .recovery import RecoveryVerifier
from .settings import Settings

__all__ = [
    "ChaosContext", "ChaosError", "ChaosExperimentError", "Denied", "Fault", "InjectionFailed", "NoAnswer", "NotRunning",
    "Platform", "Receipt", "ReceiptBook", "RecoveryVerifier", "Refused", "Settings", "SteadyStateMonitor", "Stuck", "SystemHealth",
]
