import pytest
from sandbox import ChaosContext, StorageError


@pytest.mark.chaos
def test_iceberg_storage_corruption(minio_backend, query_engine, api_client):
    """Test system behavior when Iceberg storage becomes corrupted."""

    hypothesis = {
        "failure_type": "storage_corruption",
        "component": "iceberg_catalog",
        "expected_behavior": "query_fails_gracefully",
        "recovery_time": "< 300s"
    }

    with ChaosContext() as chaos:
        # Backup current state
        backup_state = minio_backend.create_snapshot()

        try:
            # Corrupt Iceberg metadata
            chaos.corrupt_iceberg_metadata(minio_backend)

            # Verify query failure handling
            with pytest.raises(StorageError) as exc_info:
                query_engine.execute("SELECT * FROM trades")

            assert "corruption" in str(exc_info.value).lower()

            # Verify API behavior
            response = api_client.get("/api/v1/trades")
            assert response.status_code == 503
            assert "storage_unavailable" in response.json()["error"]

        finally:
            # Restore clean state
            minio_backend.restore_snapshot(backup_state)

            # Verify recovery
            response = api_client.get("/api/v1/trades")
            assert response.status_code == 200
