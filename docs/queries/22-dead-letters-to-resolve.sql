-- Which dead letters wait for somebody, and where are the records that they are of?
SELECT d.experiment, d.error_class, d.original_topic, d.original_partition,
       count(*) AS dead_letters,
       min(d.original_offset) AS first_offset,
       max(d.original_offset) AS last_offset
FROM chaos.dlq_audit d
WHERE NOT d.resolved AND d.part = 1
  AND d.closing IN (SELECT l.closing FROM chaos.record_ledger l WHERE l.records IS NOT NULL)
GROUP BY d.experiment, d.error_class, d.original_topic, d.original_partition
ORDER BY dead_letters DESC, experiment, error_class, original_topic, original_partition
