-- Why were records refused, and how many of them are still open?
-- The first of a letter's parts counts. A closing without counts is of a daemon that died before it could close the books.
SELECT d.error_class,
       count(*) AS dead_letters,
       count(*) FILTER (WHERE NOT d.resolved) AS open,
       count(DISTINCT d.experiment) AS experiments,
       min(d.original_offset) AS first_offset,
       max(d.original_offset) AS last_offset
FROM chaos.dlq_audit d
WHERE d.part = 1
  AND d.closing IN (SELECT l.closing FROM chaos.record_ledger l WHERE l.records IS NOT NULL)
GROUP BY d.error_class
ORDER BY dead_letters DESC, error_class
