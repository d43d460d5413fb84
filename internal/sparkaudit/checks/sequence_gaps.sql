-- The numbers of each exchange follow one another: as many different ones as lie between the lowest and the highest.
WITH numbers AS (
  SELECT DISTINCT a.exchange, a.sequence_number AS number FROM audited a WHERE a.sequence_number IS NOT NULL
), ordered AS (
  SELECT n.exchange, n.number, lag(n.number) OVER (PARTITION BY n.exchange ORDER BY n.number) AS previous FROM numbers n
), counted AS (
  SELECT o.exchange,
         max(o.number) - min(o.number) + 1 AS expected,
         count(*) AS actual,
         count(*) FILTER (WHERE o.number > o.previous + 1) AS gaps,
         min(CASE WHEN o.number > o.previous + 1 THEN o.previous END) AS first_before,
         min(CASE WHEN o.number > o.previous + 1 THEN o.number END) AS first_after
  FROM ordered o
  GROUP BY o.exchange
)
SELECT c.exchange AS subject,
       w.window_from,
       w.window_to,
       CAST(c.expected AS STRING) AS expected,
       CAST(c.actual AS STRING) AS actual,
       CASE WHEN c.gaps = 0 THEN 'holds' ELSE 'violated' END AS answer,
       CASE WHEN c.gaps > 0 THEN concat(CAST(c.gaps AS STRING), ' gaps, the first between ',
                                        CAST(c.first_before AS STRING), ' and ', CAST(c.first_after AS STRING)) END AS evidence
FROM counted c
CROSS JOIN audit_window w
ORDER BY c.exchange
