-- Which trades were written while the fault was there, and which after it?
-- Time travel: the views are the trade table at the three snapshots that chaos.verdicts names of one experiment.
-- What is in trades_during and not yet in trades_before was written between the opening of the books and the fault's end.
WITH written AS (
  SELECT 'until the end of the fault' AS stage, d.exchange, d.symbol, d.trade_id, d.ingestion_timestamp
  FROM trades_during d
  WHERE NOT EXISTS (SELECT 1 FROM trades_before b WHERE b.trade_id = d.trade_id)
  UNION ALL
  SELECT 'until the books were closed', a.exchange, a.symbol, a.trade_id, a.ingestion_timestamp
  FROM trades_after a
  WHERE NOT EXISTS (SELECT 1 FROM trades_during d WHERE d.trade_id = a.trade_id)
)
SELECT w.stage,
       w.exchange,
       w.symbol,
       count(*) AS rows_written,
       count(DISTINCT w.trade_id) AS trades,
       min(w.ingestion_timestamp) AS first,
       max(w.ingestion_timestamp) AS last
FROM written w
GROUP BY w.stage, w.exchange, w.symbol
ORDER BY w.stage DESC, w.exchange, w.symbol
