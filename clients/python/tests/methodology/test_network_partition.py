import time

import pytest
from sandbox import ChaosContext


@pytest.mark.chaos
def test_network_partition_between_services(circuit_breaker, make_api_calls, system_health, STEADY_STATE):
    """Test system behavior during network partitions."""

    hypothesis = {
        "failure_type": "network_partition",
        "services_affected": ["ingestion", "storage"],
        "expected_behavior": "circuit_breaker_trips",
        "recovery_time": "< 120s"
    }

    with ChaosContext() as chaos:
        # Create partition between ingestion and storage
        chaos.create_network_partition(
            source="ingestion-service",
            target="storage-service",
            duration=30
        )

        # Verify circuit breaker behavior
        assert circuit_breaker.is_open()

        # Verify fallback behavior
        responses = make_api_calls()
        assert all(resp.status_code == 200 for resp in responses)  # Should use fallbacks

        # Wait for partition to heal
        time.sleep(35)

        # Verify recovery
        assert circuit_breaker.is_closed()
        assert system_health() == STEADY_STATE
