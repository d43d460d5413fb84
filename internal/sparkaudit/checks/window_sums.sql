-- Per exchange, symbol and slot: as many records as were produced, the same sums, the same first and last time. The sum of
-- products sees what the others are blind to: values that changed places. Of each measure one row where all slots agree, else
-- one for each of the first ten that differ. A product of 18 and 19 digits is the widest that every engine keeps whole.
WITH stored AS (
  SELECT a.exchange, a.symbol, a.slot_from, a.slot_to,
         count(*) AS records,
         CAST(sum(a.price) AS DECIMAL(38, 8)) AS price,
         CAST(sum(a.quantity) AS DECIMAL(38, 8)) AS quantity,
         CAST(sum(CAST(a.price AS DECIMAL(18, 8)) * CAST(a.quantity AS DECIMAL(19, 8))) AS DECIMAL(38, 16)) AS turnover,
         unix_micros(min(a.recorded_at)) AS first_at,
         unix_micros(max(a.recorded_at)) AS last_at
  FROM audited a
  GROUP BY a.exchange, a.symbol, a.slot_from, a.slot_to
), compared AS (
  SELECT coalesce(s.exchange, p.exchange) AS exchange,
         coalesce(s.symbol, p.symbol) AS symbol,
         coalesce(s.slot_from, p.slot_from) AS slot_from,
         coalesce(s.slot_to, p.slot_to) AS slot_to,
         coalesce(p.records, 0) AS sent_records,
         coalesce(s.records, 0) AS stored_records,
         CAST(coalesce(p.price, 0) AS DECIMAL(38, 8)) AS sent_price,
         CAST(coalesce(s.price, 0) AS DECIMAL(38, 8)) AS stored_price,
         CAST(coalesce(p.quantity, 0) AS DECIMAL(38, 8)) AS sent_quantity,
         CAST(coalesce(s.quantity, 0) AS DECIMAL(38, 8)) AS stored_quantity,
         CAST(coalesce(p.turnover, 0) AS DECIMAL(38, 16)) AS sent_turnover,
         CAST(coalesce(s.turnover, 0) AS DECIMAL(38, 16)) AS stored_turnover,
         unix_micros(p.first_at) AS sent_first,
         unix_micros(p.last_at) AS sent_last,
         s.first_at AS stored_first,
         s.last_at AS stored_last
  FROM stored s
  FULL OUTER JOIN produced p ON p.exchange = s.exchange AND p.symbol = s.symbol AND p.slot_from = s.slot_from
), measured AS (
  SELECT 'count' AS measure, c.exchange, c.symbol, c.slot_from, c.slot_to,
         CAST(c.sent_records AS STRING) AS expected, CAST(c.stored_records AS STRING) AS actual
  FROM compared c
  UNION ALL
  SELECT 'price', c.exchange, c.symbol, c.slot_from, c.slot_to, CAST(c.sent_price AS STRING), CAST(c.stored_price AS STRING)
  FROM compared c
  UNION ALL
  SELECT 'quantity', c.exchange, c.symbol, c.slot_from, c.slot_to, CAST(c.sent_quantity AS STRING), CAST(c.stored_quantity AS STRING)
  FROM compared c
  UNION ALL
  SELECT 'turnover', c.exchange, c.symbol, c.slot_from, c.slot_to, CAST(c.sent_turnover AS STRING), CAST(c.stored_turnover AS STRING)
  FROM compared c
  UNION ALL
  SELECT 'times', c.exchange, c.symbol, c.slot_from, c.slot_to,
         coalesce(CAST(c.sent_first AS STRING) || ' ' || CAST(c.sent_last AS STRING), ''),
         coalesce(CAST(c.stored_first AS STRING) || ' ' || CAST(c.stored_last AS STRING), '')
  FROM compared c
), differing AS (
  SELECT m.measure, m.exchange, m.symbol, m.slot_from, m.slot_to, m.expected, m.actual,
         row_number() OVER (PARTITION BY m.measure ORDER BY m.slot_from, m.exchange, m.symbol) AS place,
         count(*) OVER (PARTITION BY m.measure) AS amount
  FROM measured m
  WHERE m.expected <> m.actual
), totals AS (
  SELECT count(*) AS slots,
         CAST(coalesce(sum(c.sent_records), 0) AS BIGINT) AS records,
         CAST(coalesce(sum(c.sent_price), 0) AS DECIMAL(38, 8)) AS price,
         CAST(coalesce(sum(c.sent_quantity), 0) AS DECIMAL(38, 8)) AS quantity,
         CAST(coalesce(sum(c.sent_turnover), 0) AS DECIMAL(38, 16)) AS turnover,
         min(c.sent_first) AS first_at,
         max(c.sent_last) AS last_at
  FROM compared c
), agreed AS (
  SELECT 'count' AS measure, t.slots, CAST(t.records AS STRING) AS total FROM totals t
  UNION ALL
  SELECT 'price', t.slots, CAST(t.price AS STRING) FROM totals t
  UNION ALL
  SELECT 'quantity', t.slots, CAST(t.quantity AS STRING) FROM totals t
  UNION ALL
  SELECT 'turnover', t.slots, CAST(t.turnover AS STRING) FROM totals t
  UNION ALL
  SELECT 'times', t.slots, coalesce(CAST(t.first_at AS STRING) || ' ' || CAST(t.last_at AS STRING), '') FROM totals t
)
SELECT a.measure,
       CAST(NULL AS STRING) AS exchange,
       CAST(NULL AS STRING) AS symbol,
       CAST(NULL AS TIMESTAMP) AS slot_from,
       CAST(NULL AS TIMESTAMP) AS slot_to,
       a.total AS expected,
       a.total AS actual,
       a.slots AS amount
FROM agreed a
WHERE NOT EXISTS (SELECT 1 FROM differing d WHERE d.measure = a.measure)
UNION ALL
SELECT d.measure, d.exchange, d.symbol, d.slot_from, d.slot_to, d.expected, d.actual, d.amount
FROM differing d
WHERE d.place <= 10
