-- Which faults did not get in place, or did not go away, and what is to be done by hand?
-- undone says whether it is gone by now.
SELECT f.at,
       f.experiment,
       f.step,
       f.kind,
       f.target,
       f.phase,
       f.why,
       f.manual,
       EXISTS (SELECT 1 FROM chaos.faults g
               WHERE g.experiment = f.experiment AND g.step = f.step AND g.phase = 'gone') AS undone
FROM chaos.faults f
WHERE f.phase IN ('failed', 'stuck')
ORDER BY f.at, f.experiment, f.step
