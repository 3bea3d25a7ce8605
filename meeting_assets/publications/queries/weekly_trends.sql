-- name: weekly_trends
-- question: What changes from week to week?
-- about: The latest weeks: the mean over meetings, the pooled value, and the change of the mean against the week
--   before.
-- parameter: limit integer = 20; largest number of rows
SELECT week, meeting_count, round(meeting_hours) AS hours,
       round(100 * overlap_ratio_mean) AS overlap_percent, round(100 * overlap_ratio_pooled) AS pooled_percent,
       100 * overlap_ratio_change AS change_in_points,
       round(interruptions_per_hour_mean) AS interruptions_per_hour, gini_talk_mean
FROM (SELECT * FROM meeting_trends ORDER BY week DESC LIMIT :limit) AS latest_weeks
ORDER BY week;
