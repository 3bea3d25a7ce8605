-- name: missed_last_week
-- question: Why were last week's meetings not recorded?
-- about: The latest complete week (Monday to Sunday, UTC) with a missed meeting, by reason. `week` is its Monday.
-- parameter: limit integer = 20; largest number of rows
SELECT week, category, reason, remedy, count(*) AS meetings
FROM missed_meetings
WHERE week = (SELECT max(week) FROM missed_meetings WHERE week_end < CURRENT_DATE)
GROUP BY week, category, reason, remedy
ORDER BY meetings DESC, category, reason
LIMIT :limit;
