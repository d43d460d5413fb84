-- What an older snapshot held of the window is there still, unchanged: no file was lost, nothing rolled back or rewritten.
WITH was AS (
  SELECT b.record_key, count(*) AS copies, sum(b.price) AS price, sum(b.quantity) AS quantity, min(b.recorded_at) AS recorded_at
  FROM audited_before b
  GROUP BY b.record_key
), now AS (
  SELECT a.record_key, count(*) AS copies, sum(a.price) AS price, sum(a.quantity) AS quantity, min(a.recorded_at) AS recorded_at
  FROM audited a
  GROUP BY a.record_key
), compared AS (
  SELECT w.record_key,
         n.record_key IS NULL AS gone,
         n.record_key IS NOT NULL AND (n.copies < w.copies OR n.recorded_at IS DISTINCT FROM w.recorded_at
           OR n.copies = w.copies AND (n.price IS DISTINCT FROM w.price OR n.quantity IS DISTINCT FROM w.quantity)) AS changed
  FROM was w
  LEFT JOIN now n ON n.record_key = w.record_key
), counted AS (
  SELECT count(*) AS expected,
         count(*) FILTER (WHERE NOT c.gone AND NOT c.changed) AS actual,
         count(*) FILTER (WHERE c.gone) AS gone,
         count(*) FILTER (WHERE c.changed) AS changed,
         min(CASE WHEN c.gone OR c.changed THEN c.record_key END) AS first_key
  FROM compared c
)
SELECT c.expected, c.actual, c.gone, c.changed, c.first_key
FROM counted c
