-- How long was each metric silent at most?
-- The longest time between two readings, of an experiment in which there were any.
WITH pairs AS (
  SELECT r.experiment,
         r.metric,
         r.at AS until,
         lag(r.at) OVER (PARTITION BY r.experiment, r.metric ORDER BY r.at, r.seq) AS since
  FROM chaos.readings r
  WHERE r.metric IS NOT NULL
), ranked AS (
  SELECT p.experiment,
         p.metric,
         p.since,
         (unix_micros(p.until) - unix_micros(p.since)) / 1000000 AS seconds,
         row_number() OVER (PARTITION BY p.experiment, p.metric
                            ORDER BY unix_micros(p.until) - unix_micros(p.since) DESC, p.since) AS place
  FROM pairs p
  WHERE p.since IS NOT NULL
)
SELECT k.experiment, k.metric, k.since, k.seconds
FROM ranked k
WHERE k.place = 1
ORDER BY k.seconds DESC, k.experiment, k.metric
