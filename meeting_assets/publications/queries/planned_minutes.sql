-- name: planned_minutes
-- question: Do meetings take as long as planned?
-- about: Planned minutes come from the calendar events of the bots.
-- parameter: limit integer = 20; largest number of rows
SELECT day, title, planned_minutes, round(duration_minutes) AS minutes,
       round(duration_minutes - planned_minutes) AS minutes_over
FROM meetings
WHERE planned_minutes > 0 AND duration_minutes IS NOT NULL
ORDER BY duration_minutes - planned_minutes DESC
LIMIT :limit;
