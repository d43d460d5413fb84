-- Which faults send records to the dead letters, and were those the right ones?
-- touched is what faults changed on its way, detected those of them that were refused, wrongly what no fault had touched.
WITH closed AS (
  SELECT e.experiment,
         CAST(get_json_object(e.payload, '$.taken') AS BIGINT) AS taken,
         CAST(get_json_object(e.payload, '$.dead_lettered') AS BIGINT) AS dead_lettered,
         CAST(coalesce(get_json_object(e.payload, '$.changed'), '0') AS BIGINT) AS touched,
         CAST(coalesce(get_json_object(e.payload, '$.detected'), '0') AS BIGINT) AS detected,
         CAST(coalesce(get_json_object(e.payload, '$.false_rejects'), '0') AS BIGINT) AS wrongly
  FROM chaos.events e
  WHERE e.type = 'io.faultline.books.closed.v1' AND get_json_object(e.payload, '$.balanced') = 'true'
), broken AS (
  SELECT DISTINCT f.experiment, f.kind FROM chaos.faults f WHERE f.phase = 'present'
)
SELECT b.kind,
       sum(c.taken) AS taken,
       sum(c.dead_lettered) AS dead_lettered,
       sum(c.touched) AS touched,
       sum(c.detected) AS detected,
       sum(c.wrongly) AS wrongly
FROM closed c
JOIN broken b ON b.experiment = c.experiment
GROUP BY b.kind
ORDER BY dead_lettered DESC, kind
