-- Per exchange, symbol and window: as many records as were produced, and the same sums. The third sum sees what the others
-- are blind to: values that changed places. All windows are counted in one row; the first hundred that differ have their own.
-- A product of 18 and 19 digits is the widest that every engine keeps whole.
WITH stored AS (
  SELECT a.exchange, a.symbol, a.slot_from, a.slot_to,
         count(*) AS records,
         CAST(sum(a.price) AS DECIMAL(38, 8)) AS price,
         CAST(sum(a.quantity) AS DECIMAL(38, 8)) AS quantity,
         CAST(sum(CAST(a.price AS DECIMAL(18, 8)) * CAST(a.quantity AS DECIMAL(19, 8))) AS DECIMAL(38, 16)) AS turnover
  FROM audited a
  GROUP BY a.exchange, a.symbol, a.slot_from, a.slot_to
), compared AS (
  SELECT coalesce(s.exchange, p.exchange) AS exchange,
         coalesce(s.symbol, p.symbol) AS symbol,
         coalesce(s.slot_from, p.slot_from) AS slot_from,
         coalesce(s.slot_to, p.slot_to) AS slot_to,
         CASE WHEN p.records IS NULL THEN 'nothing' ELSE concat(
           CAST(p.records AS STRING), ' records, price ', CAST(p.price AS STRING), ', quantity ', CAST(p.quantity AS STRING),
           ', price * quantity ', CAST(p.turnover AS STRING)) END AS expected,
         CASE WHEN s.records IS NULL THEN 'nothing' ELSE concat(
           CAST(s.records AS STRING), ' records, price ', CAST(s.price AS STRING), ', quantity ', CAST(s.quantity AS STRING),
           ', price * quantity ', CAST(s.turnover AS STRING)) END AS actual
  FROM stored s
  FULL OUTER JOIN produced p ON p.exchange = s.exchange AND p.symbol = s.symbol AND p.slot_from = s.slot_from
), counted AS (
  SELECT count(*) AS expected, count(*) FILTER (WHERE c.expected = c.actual) AS actual FROM compared c
), differing AS (
  SELECT c.exchange, c.symbol, c.slot_from, c.slot_to, c.expected, c.actual
  FROM compared c
  WHERE c.expected <> c.actual
  ORDER BY c.slot_from, c.exchange, c.symbol
  LIMIT 100
)
SELECT 'all' AS subject,
       w.window_from,
       w.window_to,
       CAST(n.expected AS STRING) AS expected,
       CAST(n.actual AS STRING) AS actual,
       CASE WHEN n.expected = n.actual THEN 'holds' ELSE 'violated' END AS answer,
       CAST(NULL AS STRING) AS evidence
FROM counted n
CROSS JOIN audit_window w
UNION ALL
SELECT concat(d.exchange, ' ', d.symbol), d.slot_from, d.slot_to, d.expected, d.actual, 'violated', CAST(NULL AS STRING)
FROM differing d
