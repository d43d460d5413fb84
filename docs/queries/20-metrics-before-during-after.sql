-- How did each metric look before, during and after the fault?
-- Means of the readings; a stage without one is null.
WITH staged AS (
  SELECT r.experiment, r.metric, r.value,
         CASE WHEN r.at < v.injected_at THEN 'before'
              WHEN r.at < v.rolled_back_at THEN 'during'
              ELSE 'after' END AS stage
  FROM chaos.readings r
  JOIN chaos.verdicts v ON v.experiment = r.experiment
  WHERE r.metric IS NOT NULL AND v.injected_at IS NOT NULL AND v.rolled_back_at IS NOT NULL
)
SELECT s.experiment,
       s.metric,
       avg(CASE WHEN s.stage = 'before' THEN s.value END) AS mean_before,
       avg(CASE WHEN s.stage = 'during' THEN s.value END) AS mean_during,
       avg(CASE WHEN s.stage = 'after' THEN s.value END) AS mean_after,
       count(*) AS readings
FROM staged s
GROUP BY s.experiment, s.metric
ORDER BY s.experiment, s.metric
