-- How long does it take to inject each kind of fault, and to undo it?
-- From the request until the fault was seen on its target, and from the request to undo it until it was seen gone.
WITH steps AS (
  SELECT f.experiment,
         f.step,
         f.kind,
         min(CASE WHEN f.phase = 'requested' THEN f.at END) AS requested,
         min(CASE WHEN f.phase = 'present' THEN f.seen_at END) AS seen,
         min(CASE WHEN f.phase = 'undoing' THEN f.at END) AS undoing,
         max(CASE WHEN f.phase = 'gone' THEN f.seen_at END) AS gone
  FROM chaos.faults f
  GROUP BY f.experiment, f.step, f.kind
)
SELECT s.kind,
       count(s.seen) AS injected,
       max((unix_micros(s.seen) - unix_micros(s.requested)) / 1000000) AS slowest_injection,
       count(s.gone) AS undone,
       max((unix_micros(s.gone) - unix_micros(s.undoing)) / 1000000) AS slowest_rollback
FROM steps s
GROUP BY s.kind
ORDER BY s.kind
