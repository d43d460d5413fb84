-- The numbers of each sequence follow one another, none twice: but for what the log lacks, or has more than once. One row, or
-- one for each of the first ten that are wrong.
WITH numbers AS (
  SELECT a.sequence_of, CAST(a.sequence_number AS BIGINT) AS number, count(*) AS copies
  FROM audited a
  WHERE a.sequence_number IS NOT NULL
  GROUP BY a.sequence_of, CAST(a.sequence_number AS BIGINT)
), pieces AS (
  SELECT n.sequence_of, n.number AS first_number, n.number AS last_number FROM numbers n
  UNION ALL
  SELECT u.sequence_of, u.first_number, u.last_number FROM numbers_unsent u
), ordered AS (
  SELECT p.sequence_of, p.first_number AS number,
         max(p.last_number) OVER (PARTITION BY p.sequence_of ORDER BY p.first_number, p.last_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS previous
  FROM pieces p
), wrong AS (
  SELECT o.sequence_of, o.previous + 1 AS first_missing, o.number - 1 AS last_missing, CAST(NULL AS BIGINT) AS repeats
  FROM ordered o
  LEFT JOIN sequences_sent s ON s.sequence_of = o.sequence_of
  WHERE o.number > o.previous + 1 AND (s.sequence_of IS NULL OR o.previous + 1 >= s.first_number AND o.number - 1 <= s.last_number)
  UNION ALL
  SELECT n.sequence_of, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(sum(n.copies - 1) AS BIGINT)
  FROM numbers n
  LEFT JOIN sequences_sent s ON s.sequence_of = n.sequence_of
  GROUP BY n.sequence_of
  HAVING sum(n.copies - 1) > coalesce(max(s.repeats), 0)
), every_one AS (
  SELECT n.sequence_of FROM numbers n
  UNION
  SELECT s.sequence_of FROM sequences_sent s
), counted AS (
  SELECT count(*) AS sequences FROM every_one e
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
