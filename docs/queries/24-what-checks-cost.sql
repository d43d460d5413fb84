-- What do the integrity checks cost?
-- Seconds of the slowest run, and what it read in all.
SELECT c.check AS name,
       count(*) AS runs,
       max(c.cost_seconds) AS slowest_seconds,
       sum(c.cost_rows) AS rows_read,
       sum(c.cost_bytes) AS bytes_read
FROM chaos.integrity_checks c
GROUP BY c.check
ORDER BY name
