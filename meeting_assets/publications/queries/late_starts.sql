-- name: late_starts
-- question: Which meetings start late?
-- about: Minutes from the scheduled start to the start of the recording, which starts when the bot may record. It tells
--   nothing about when people joined: `late_hosts` counts them.
-- parameter: minutes number = 5; least minutes
-- parameter: limit integer = 20; largest number of rows
SELECT day, title, host, round(minutes_late) AS minutes_late
FROM meetings
WHERE minutes_late >= :minutes
ORDER BY minutes_late DESC, day, title
LIMIT :limit;
