-- Where does the time of an experiment go?
-- Seconds in each phase, over all experiments; a phase that is not left yet is not counted.
WITH spans AS (
  SELECT x.experiment,
         x.phase,
         x.at AS since,
         lead(x.at) OVER (PARTITION BY x.experiment ORDER BY x.version, x.index) AS until
  FROM chaos.experiments x
)
SELECT s.phase,
       count(*) AS times,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY (unix_micros(s.until) - unix_micros(s.since)) / 1000000) AS p50,
       max((unix_micros(s.until) - unix_micros(s.since)) / 1000000) AS longest
FROM spans s
WHERE s.until IS NOT NULL
GROUP BY s.phase
ORDER BY s.phase
