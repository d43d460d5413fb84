import time

import pytest
from sandbox import ChaosContext


@pytest.mark.chaos
def test_data_corruption_in_pipeline(kafka_producer, generate_test_trades, query_stored_trades, validate_trade_integrity, get_dead_letter_queue_messages):
    """Test system behavior when data gets corrupted in pipeline."""

    hypothesis = {
        "failure_type": "data_corruption",
        "pipeline_stage": "kafka_to_iceberg",
        "expected_behavior": "corrupted_data_rejected",
        "recovery_time": "< 60s"
    }

    with ChaosContext() as chaos:
        # Enable data corruption injection
        chaos.enable_data_corruption(
            pipeline="kafka_to_iceberg",
            corruption_rate=0.1,  # 10% corruption rate
            corruption_type="price_value_swap"
        )

        # Send test data
        test_trades = generate_test_trades(count=100)
        for trade in test_trades:
            kafka_producer.send("trades", trade)

        # Wait for processing
        time.sleep(30)

        # Verify corrupted data rejected
        stored_trades = query_stored_trades()
        corruption_detected = any(
            not validate_trade_integrity(trade)
            for trade in stored_trades
        )
        assert not corruption_detected, "Corrupted data should be rejected"

        # Check dead letter queue
        dlq_trades = get_dead_letter_queue_messages()
        assert len(dlq_trades) > 0, "Corrupted trades should go to DLQ"

        # Disable corruption
        chaos.disable_data_corruption("kafka_to_iceberg")

        # Verify normal operation resumes
        clean_trades = generate_test_trades(count=50)
        for trade in clean_trades:
            kafka_producer.send("trades", trade)

        time.sleep(15)
        new_stored_trades = query_stored_trades(limit=50)
        assert len(new_stored_trades) == 50
