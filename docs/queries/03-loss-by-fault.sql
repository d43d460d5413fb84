-- Which faults cost data?
-- Books that do not balance are counted, and their numbers left out: they cannot be trusted.
WITH broken AS (
  SELECT DISTINCT f.experiment, f.kind FROM chaos.faults f WHERE f.phase = 'present'
)
SELECT b.kind,
       count(*) AS experiments,
       max(CASE WHEN v.books_balanced THEN v.loss_fraction END) AS worst_loss,
       sum(CASE WHEN v.books_balanced THEN v.lost_acked END) AS lost_acked,
       sum(CASE WHEN v.books_balanced THEN v.stored_twice END) AS stored_twice,
       count(*) FILTER (WHERE NOT v.books_balanced) AS not_balanced
FROM broken b
JOIN chaos.verdicts v ON v.experiment = b.experiment
GROUP BY b.kind
ORDER BY b.kind
