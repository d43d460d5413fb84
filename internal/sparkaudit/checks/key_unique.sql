-- Each row has a natural key, and no two the same. One row, or one for each of the first ten keys that stand more than once.
WITH doubled AS (
  SELECT a.record_key, count(*) AS copies FROM audited a WHERE a.record_key IS NOT NULL GROUP BY a.record_key HAVING count(*) > 1
), counted AS (
  SELECT count(*) AS records, count(*) FILTER (WHERE a.record_key IS NULL) AS keyless FROM audited a
), many AS (
  SELECT count(*) AS doubled FROM doubled d
), examples AS (
  SELECT d.record_key, d.copies FROM doubled d ORDER BY d.record_key LIMIT 10
)
SELECT c.records, c.keyless, m.doubled, e.record_key, e.copies
FROM counted c
CROSS JOIN many m
LEFT JOIN examples e ON 1 = 1
