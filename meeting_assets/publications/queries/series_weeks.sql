-- name: series_weeks
-- question: How does a series develop?
-- about: Series are meetings that repeat. Their weeks have the same measures as `meeting_trends`. `cadence_days` is
--   NULL for series of fewer than three meetings. Different series may have the same title: `series_id` tells them apart.
-- parameter: title text = ''; part of the title of the series; empty for all
-- parameter: limit integer = 20; largest number of rows
SELECT s.title, s.series_id, s.meeting_count, s.cadence_days, s.regular_count, t.week, t.recording_count,
       round(60 * t.meeting_hours) AS minutes, round(100 * t.overlap_ratio_mean) AS overlap_percent,
       round(t.interruptions_per_hour_mean) AS interruptions_per_hour, t.gini_talk_mean, t.gini_talk_change
FROM recording_series AS s
JOIN series_trends AS t USING (series_id)
WHERE lower(coalesce(s.title, '')) LIKE '%' || lower(:title) || '%'
ORDER BY s.meeting_count DESC, s.series_id, t.week
LIMIT :limit;
