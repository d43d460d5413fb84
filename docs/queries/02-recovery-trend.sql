-- Does the system come back faster than it did the last time?
-- Seconds from rollback to the steady state, run by run of the same experiment, and the change to the run before.
SELECT v.title,
       v.at,
       v.verdict,
       v.recovery_from_rollback_seconds AS seconds,
       round(v.recovery_from_rollback_seconds
             - lag(v.recovery_from_rollback_seconds) OVER (PARTITION BY v.title ORDER BY v.at), 3) AS change
FROM chaos.verdicts v
WHERE v.recovery_from_rollback_seconds IS NOT NULL
ORDER BY v.title, v.at
