import pytest
from sandbox import ChaosContext


@pytest.mark.chaos
def test_kafka_broker_failure(kafka_cluster, sample_market_data, measure_steady_state, measure_system_health, wait_for_recovery):
    """Test system behavior when Kafka broker fails."""

    # Define steady state
    steady_state_metrics = measure_steady_state()

    # Hypothesis: System will maintain data ingestion with minimal data loss
    hypothesis = {
        "failure_type": "kafka_broker_stop",
        "expected_impact": "temporary_ingestion_pause",
        "recovery_time": "< 60s",
        "data_loss_tolerance": "< 1%"
    }

    with ChaosContext() as chaos:
        # Measure baseline
        baseline = measure_system_health()

        # Inject failure
        chaos.stop_kafka_broker(kafka_cluster)

        # Verify degradation behavior
        degraded_metrics = measure_system_health()
        assert degraded_metrics.ingestion_rate < baseline.ingestion_rate * 0.5

        # Verify recovery
        chaos.start_kafka_broker(kafka_cluster)

        recovery_time = wait_for_recovery(baseline)
        assert recovery_time < 60, f"Recovery too slow: {recovery_time}s"
