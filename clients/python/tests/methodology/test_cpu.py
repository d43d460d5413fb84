import time

import pytest
from sandbox import ChaosContext


@pytest.mark.chaos
def test_cpu_saturation(api_client):
    """Test system behavior under CPU saturation."""

    hypothesis = {
        "failure_type": "cpu_saturation",
        "target_component": "query_service",
        "expected_behavior": "query_degradation",
        "recovery_time": "< 120s"
    }

    with ChaosContext() as chaos:
        # Saturate CPU
        chaos.saturate_cpu("query-service", duration=30)

        time.sleep(10)  # the service notices by how late it runs

        # Verify query performance degradation
        start_time = time.time()
        response = api_client.get("/api/v1/trades?symbol=AAPL")
        query_time = time.time() - start_time

        assert query_time < 5.0, "Query should still complete within reasonable time"
        assert response.status_code == 503 or response.headers.get("X-Degraded") == "true"

        # Wait for CPU to recover
        time.sleep(40)

        # Verify performance recovery
        start_time = time.time()
        response = api_client.get("/api/v1/trades?symbol=AAPL")
        recovery_time = time.time() - start_time

        assert recovery_time < 1.0, "Performance should recover"
        assert response.status_code == 200
