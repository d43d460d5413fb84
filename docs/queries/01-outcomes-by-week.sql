-- How did experiments end, week by week?
-- A denial is counted by itself: nothing was broken, so nothing was found out.
SELECT CAST(date_trunc('week', v.at) AS DATE) AS week,
       count(*) AS ended,
       count(*) FILTER (WHERE v.verdict = 'upheld') AS upheld,
       count(*) FILTER (WHERE v.verdict = 'refuted') AS refuted,
       count(*) FILTER (WHERE v.verdict = 'inconclusive' AND v.exit_code <> 2) AS inconclusive,
       count(*) FILTER (WHERE v.exit_code = 2) AS denied
FROM chaos.verdicts v
GROUP BY 1
ORDER BY 1
