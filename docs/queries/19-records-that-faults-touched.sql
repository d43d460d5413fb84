-- Which records did faults touch on purpose, where, and how?
-- removed are those that did not go on at all. A record whose offset nobody ever told counts as unplaced.
SELECT g.experiment,
       g.fault,
       g.what,
       g.record_topic,
       count(*) AS records,
       count(*) FILTER (WHERE g.after IS NULL) AS removed,
       count(*) FILTER (WHERE g.record_offset IS NULL) AS unplaced,
       min(g.record_offset) AS first_offset,
       max(g.record_offset) AS last_offset
FROM chaos.ground_truth g
GROUP BY g.experiment, g.fault, g.what, g.record_topic
ORDER BY g.experiment, g.fault, g.what, g.record_topic
