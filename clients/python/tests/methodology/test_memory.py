import time

import pytest
from sandbox import ChaosContext, wait_for_condition


@pytest.mark.chaos
def test_memory_exhaustion(monitor_ingestion_service, send_trades):
    """Test system behavior under memory pressure."""

    hypothesis = {
        "failure_type": "memory_exhaustion",
        "target_component": "ingestion_service",
        "expected_behavior": "graceful_degradation",
        "recovery_time": "< 180s"
    }

    with ChaosContext() as chaos:
        # Consume memory to 90% of allocation
        chaos.consume_memory("ingestion-service", target_percentage=90)

        time.sleep(5)  # the service looks at its memory now and then

        # Verify load shedding behavior
        ingestion_metrics = monitor_ingestion_service()
        assert ingestion_metrics.load_shedding_active is True

        # Verify critical functionality remains
        critical_trades = send_trades(priority="high")
        assert all(trade.acknowledged for trade in critical_trades)

        # Release memory pressure
        chaos.release_memory("ingestion-service")

        # Verify full recovery
        wait_for_condition(
            lambda: monitor_ingestion_service().load_shedding_active is False,
            timeout=180
        )
