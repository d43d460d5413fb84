-- What became of the records of each experiment?
-- Counts by class; what is not stored_once has a row of its own in the same table.
SELECT l.experiment, l.class, sum(l.records) AS records
FROM chaos.record_ledger l
WHERE l.records IS NOT NULL
GROUP BY l.experiment, l.class
ORDER BY l.experiment, l.class
