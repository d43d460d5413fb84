-- Each natural key stands once: as many rows as keys. A row without a key has none of its own.
WITH doubled AS (
  SELECT a.record_key, count(*) AS stored FROM audited a GROUP BY a.record_key HAVING count(*) > 1
), many AS (
  SELECT count(*) AS amount, min(d.record_key) AS first_key, max(d.record_key) AS last_key FROM doubled d
), counted AS (
  SELECT count(DISTINCT a.record_key) AS expected, count(*) AS actual FROM audited a
)
SELECT 'all' AS subject,
       w.window_from,
       w.window_to,
       CAST(c.expected AS STRING) AS expected,
       CAST(c.actual AS STRING) AS actual,
       CASE WHEN c.expected = c.actual THEN 'holds' ELSE 'violated' END AS answer,
       CASE WHEN m.amount > 0 THEN concat(CAST(m.amount AS STRING), ' keys stand more than once, from ',
                                          coalesce(m.first_key, 'none'), ' to ', coalesce(m.last_key, 'none')) END AS evidence
FROM counted c
CROSS JOIN many m
CROSS JOIN audit_window w
