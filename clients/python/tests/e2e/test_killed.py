"""A test process that is killed leaves no fault."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from faultline_chaos import Platform, Settings, wire
from faultline_chaos.log import Log

LEASE = 5
CHILD = """
import sys, time
from faultline_chaos import ChaosContext
with ChaosContext(lease=%d) as chaos:
    print(chaos.inject("process.pause", "sink").id, flush=True)
    time.sleep(300)
"""


def test_a_killed_test_leaves_no_fault(faultline_settings: Settings, faultline_platform: Platform) -> None:
    log = Log(faultline_settings)
    try:
        child = subprocess.Popen([sys.executable, "-c", CHILD % LEASE], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        experiment = child.stdout.readline().strip()
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL, "it ended before it was killed"
        killed = time.monotonic()

        def gone() -> wire.Event | None:
            return next((e for e in log.events(experiment) if e.type == wire.ROLLED_BACK), None)

        found = log.wait(gone, LEASE + 20)
        assert found is not None, f"the fault is there {time.monotonic() - killed:.0f} s after the test was killed"
        assert found.data["cause"] == "abort"
        print(f"gone {time.monotonic() - killed:.1f} s after the test was killed, with a lease of {LEASE} s")
    finally:
        log.close()
