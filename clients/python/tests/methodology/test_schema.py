import pytest
from sandbox import ChaosContext, SchemaValidationError, create_compatible_schema, create_incompatible_schema, create_trade_with_new_field, create_trade_with_old_schema, kafka_producer_config


@pytest.mark.chaos
def test_schema_incompatibility(schema_registry, KafkaProducer):
    """Test system behavior when data schema becomes incompatible."""

    hypothesis = {
        "failure_type": "schema_incompatibility",
        "component": "kafka_schema_registry",
        "expected_behavior": "new_data_rejected",
        "recovery_time": "< 300s"
    }

    with ChaosContext() as chaos:
        # Get current schema
        current_schema = schema_registry.get_latest_schema("trades")

        # Deploy incompatible schema change
        incompatible_schema = create_incompatible_schema(current_schema)
        chaos.deploy_schema(incompatible_schema, "trades_v2_invalid")

        # Verify new data rejection
        producer = KafkaProducer(kafka_producer_config)

        with pytest.raises(SchemaValidationError) as exc_info:
            producer.send("trades", create_trade_with_new_field())

        # Verify old data still accepted
        old_trade = create_trade_with_old_schema()
        producer.send("trades", old_trade)  # Should succeed

        # Deploy compatible schema
        compatible_schema = create_compatible_schema(current_schema)
        chaos.deploy_schema(compatible_schema, "trades_v2_valid")

        # Verify new data accepted again
        new_trade = create_trade_with_new_field()
        producer.send("trades", new_trade)  # Should succeed
