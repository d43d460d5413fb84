-- No dead letter of the window waits for somebody.
WITH waiting AS (
  SELECT count(*) AS amount, count(DISTINCT d.error_class) AS classes, min(d.error_class) AS first_class
  FROM chaos.dlq_audit d
  CROSS JOIN audit_window w
  WHERE NOT d.resolved AND d.at >= w.window_from AND d.at < w.window_to
)
SELECT 'all' AS subject,
       w.window_from,
       w.window_to,
       '0' AS expected,
       CAST(l.amount AS STRING) AS actual,
       CASE WHEN l.amount = 0 THEN 'holds' ELSE 'violated' END AS answer,
       CASE WHEN l.amount > 0 THEN concat(CAST(l.classes AS STRING), ' classes of error, such as ', l.first_class) END AS evidence
FROM waiting l
CROSS JOIN audit_window w
