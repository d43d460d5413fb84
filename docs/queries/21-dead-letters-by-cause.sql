-- Why were records refused, and how many of them are still open?
SELECT d.error_class,
       count(*) AS dead_letters,
       count(*) FILTER (WHERE NOT d.resolved) AS open,
       count(DISTINCT d.experiment) AS experiments,
       min(d.original_offset) AS first_offset,
       max(d.original_offset) AS last_offset
FROM chaos.dlq_audit d
WHERE d.part = 1
GROUP BY d.error_class
ORDER BY dead_letters DESC, error_class
