-- name: series_weeks
-- question: How does a series develop?
-- about: Series are meetings that repeat. Their weeks have the same measures as `meeting_trends`.
-- parameter: limit integer = 20; largest number of rows
SELECT s.title, s.meeting_count, s.cadence_days, s.regular_count, t.week, t.recording_count,
       round(60 * t.meeting_hours) AS minutes, round(100 * t.overlap_ratio_mean) AS overlap_percent,
       round(t.interruptions_per_hour_mean) AS interruptions_per_hour, t.gini_talk_mean, t.gini_talk_change
FROM recording_series AS s
JOIN series_trends AS t USING (series_id)
ORDER BY s.meeting_count DESC, s.series_id, t.week
LIMIT :limit;
