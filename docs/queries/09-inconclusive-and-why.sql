-- Which experiments showed nothing, and why?
-- checks_unknown are the integrity checks that had no answer.
SELECT v.at,
       v.experiment,
       v.title,
       coalesce(v.cause, 'no fault was rolled back') AS ended_by,
       replace(v.reasons, chr(10), '; ') AS reasons,
       count(c.check) AS checks_unknown
FROM chaos.verdicts v
LEFT JOIN chaos.integrity_checks c ON c.experiment = v.experiment AND c.verdict = 'unknown'
WHERE v.verdict = 'inconclusive' AND v.exit_code <> 2
GROUP BY v.at, v.experiment, v.title, v.cause, v.reasons
ORDER BY v.at, v.experiment
