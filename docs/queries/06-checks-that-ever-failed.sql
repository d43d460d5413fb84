-- Which integrity checks ever failed, or could not be answered, and when last?
SELECT c.check AS name,
       count(*) AS runs,
       count(*) FILTER (WHERE c.verdict = 'violated') AS violated,
       count(*) FILTER (WHERE c.verdict = 'unknown') AS unknown,
       max(CASE WHEN c.verdict <> 'holds' THEN c.at END) AS last_time
FROM chaos.integrity_checks c
GROUP BY c.check
HAVING count(*) FILTER (WHERE c.verdict <> 'holds') > 0
ORDER BY violated DESC, name
