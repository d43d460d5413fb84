-- Which experiments are still running, or stuck, and since when?
WITH ranked AS (
  SELECT x.experiment, x.title, x.environment, x.phase, x.at, x.by AS requester,
         row_number() OVER (PARTITION BY x.experiment ORDER BY x.version DESC, x.index DESC) AS place
  FROM chaos.experiments x
)
SELECT k.experiment, k.title, k.environment, k.phase, k.at AS since, k.requester
FROM ranked k
WHERE k.place = 1 AND k.phase NOT IN ('concluded', 'denied', 'aborted')
ORDER BY k.at, k.experiment
