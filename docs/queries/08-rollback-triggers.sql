-- How often did each rollback trigger fire, and how soon?
-- unknown fired because nothing could be measured for longer than the rule's grace. Seconds are from the first fault seen.
WITH fired AS (
  SELECT e.experiment,
         get_json_object(e.payload, '$.rule') AS rule_name,
         get_json_object(e.payload, '$.answer') AS answer,
         e.at
  FROM chaos.events e
  WHERE e.type = 'io.faultline.rollback.triggered.v1'
)
SELECT f.rule_name,
       count(*) AS fired,
       count(*) FILTER (WHERE f.answer = 'holds') AS was_true,
       count(*) FILTER (WHERE f.answer = 'unknown') AS was_unknown,
       min((unix_micros(f.at) - unix_micros(v.injected_at)) / 1000000) AS soonest_seconds
FROM fired f
LEFT JOIN chaos.verdicts v ON v.experiment = f.experiment
GROUP BY f.rule_name
ORDER BY fired DESC, rule_name
