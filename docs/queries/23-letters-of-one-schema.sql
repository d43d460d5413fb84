-- Do dead letters come from the writers of one schema?
SELECT d.schema_id, d.error_class, count(*) AS dead_letters
FROM chaos.dlq_audit d
WHERE d.part = 1
  AND d.closing IN (SELECT l.closing FROM chaos.record_ledger l WHERE l.records IS NOT NULL)
GROUP BY d.schema_id, d.error_class
ORDER BY dead_letters DESC, schema_id NULLS LAST, error_class
