-- What ended experiments before their plan did, and how fast was the fault gone then?
-- Seconds from what ended it to the last fault seen gone.
SELECT v.cause,
       count(*) AS experiments,
       count(v.abort_latency_seconds) AS measured,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY v.abort_latency_seconds) AS p50,
       max(v.abort_latency_seconds) AS longest
FROM chaos.verdicts v
WHERE v.cause IS NOT NULL AND v.cause <> 'planned'
GROUP BY v.cause
ORDER BY experiments DESC, cause
