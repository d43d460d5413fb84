-- Whose records could not be accounted for, and why not?
-- missing is what was taken and is in no place known; negative, where more was found than was taken.
WITH closed AS (
  SELECT e.experiment,
         e.at,
         CAST(get_json_object(e.payload, '$.taken') AS BIGINT) AS taken,
         CAST(get_json_object(e.payload, '$.stored') AS BIGINT)
           + CAST(get_json_object(e.payload, '$.dead_lettered') AS BIGINT)
           + CAST(get_json_object(e.payload, '$.dropped') AS BIGINT)
           + CAST(coalesce(get_json_object(e.payload, '$.shed'), '0') AS BIGINT) AS placed,
         get_json_object(e.payload, '$.balanced') AS balanced,
         get_json_object(e.payload, '$.why') AS why
  FROM chaos.events e
  WHERE e.type = 'io.faultline.books.closed.v1'
)
SELECT c.at, c.experiment, c.taken, c.taken - c.placed AS missing, c.balanced, c.why
FROM closed c
WHERE c.balanced = 'false' OR c.taken <> c.placed
ORDER BY c.at, c.experiment
