-- How long until a target is back, by fault?
-- Seconds from injection to the steady state. never is how often it did not come back in time: no percentile knows of those.
WITH broken AS (
  SELECT DISTINCT f.experiment, f.kind, f.target FROM chaos.faults f WHERE f.phase = 'present'
)
SELECT b.kind,
       b.target,
       count(*) AS experiments,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY v.recovery_from_injection_seconds) AS p50,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY v.recovery_from_injection_seconds) AS p90,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY v.recovery_from_injection_seconds) AS p99,
       count(*) FILTER (WHERE NOT v.recovered) AS never
FROM broken b
JOIN chaos.verdicts v ON v.experiment = b.experiment
GROUP BY b.kind, b.target
ORDER BY b.kind, b.target
