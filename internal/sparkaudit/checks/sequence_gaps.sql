-- The numbers of each sequence follow one another, none twice. One row, or one for each of the first ten that are wrong.
WITH numbers AS (
  SELECT a.sequence_of, a.sequence_number AS number, count(*) AS copies
  FROM audited a
  WHERE a.sequence_number IS NOT NULL
  GROUP BY a.sequence_of, a.sequence_number
), ordered AS (
  SELECT n.sequence_of, n.number, lag(n.number) OVER (PARTITION BY n.sequence_of ORDER BY n.number) AS previous FROM numbers n
), wrong AS (
  SELECT o.sequence_of, o.previous + 1 AS first_missing, o.number - 1 AS last_missing, CAST(NULL AS BIGINT) AS repeats
  FROM ordered o
  WHERE o.number > o.previous + 1
  UNION ALL
  SELECT n.sequence_of, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(sum(n.copies - 1) AS BIGINT)
  FROM numbers n
  GROUP BY n.sequence_of
  HAVING sum(n.copies - 1) > 0
), counted AS (
  SELECT count(DISTINCT n.sequence_of) AS sequences FROM numbers n
), many AS (
  SELECT count(*) AS amount FROM wrong w
), examples AS (
  SELECT w.sequence_of, w.first_missing, w.last_missing, w.repeats
  FROM wrong w
  ORDER BY w.sequence_of, w.first_missing NULLS LAST
  LIMIT 10
)
SELECT c.sequences, m.amount, e.sequence_of, e.first_missing, e.last_missing, e.repeats
FROM counted c
CROSS JOIN many m
LEFT JOIN examples e ON 1 = 1
