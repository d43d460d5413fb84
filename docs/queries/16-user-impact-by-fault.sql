-- What did clients notice of each kind of fault, at worst?
-- Nothing measured is null, never zero.
WITH broken AS (
  SELECT DISTINCT f.experiment, f.kind FROM chaos.faults f WHERE f.phase = 'present'
)
SELECT b.kind,
       count(*) AS experiments,
       min(v.min_availability) AS availability,
       max(v.max_error_rate) AS error_rate,
       max(v.max_response_time) AS response_time,
       max(v.max_data_age_seconds) AS data_age_seconds,
       max(v.max_ingestion_gap_seconds) AS ingestion_gap_seconds
FROM broken b
JOIN chaos.verdicts v ON v.experiment = b.experiment
GROUP BY b.kind
ORDER BY b.kind
