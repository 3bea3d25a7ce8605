-- name: unrecorded_meetings
-- question: Which meetings were missed?
-- about: All meetings that no bot could record, newest first. `bot_metadata` links them to your own records.
-- parameter: limit integer = 20; largest number of rows
SELECT day, platform, bot_name, reason, remedy, bot_metadata, dashboard_url
FROM missed_meetings
ORDER BY missed_at DESC
LIMIT :limit;
