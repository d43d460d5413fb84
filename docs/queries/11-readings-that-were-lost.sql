-- Which readings never reached the log, and why?
-- Faultline says itself where its stream of readings has a gap; what needed them is unknown, never zero.
SELECT r.experiment,
       r.gap_from,
       r.gap_to,
       (unix_micros(r.gap_to) - unix_micros(r.gap_from)) / 1000000 AS seconds,
       r.gap_why AS why
FROM chaos.readings r
WHERE r.gap_from IS NOT NULL
ORDER BY r.gap_from, r.experiment
