-- No dead letter of the window waits for somebody. Of those in several parts the first counts, and none of books that nobody closed.
SELECT count(*) AS amount, count(DISTINCT d.error_class) AS classes, min(d.error_class) AS first_class
FROM chaos.dlq_audit d
CROSS JOIN audit_window w
WHERE NOT d.resolved AND d.part = 1 AND d.at >= w.window_from AND d.at < w.window_to
  AND d.closing IN (SELECT l.closing FROM chaos.record_ledger l WHERE l.records IS NOT NULL)
