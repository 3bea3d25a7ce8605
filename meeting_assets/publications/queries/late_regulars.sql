-- name: late_regulars
-- question: Which regular participants are late?
-- about: A regular participant attends at least half of the meetings of a series, and at least two. Late means over a
--   minute after the scheduled start, or after the first arrival if the scheduled start is unknown. People who are
--   present when the recording starts are not late, even if the recording starts late.
-- parameter: title text = ''; part of the title of the series; empty for all
-- parameter: limit integer = 20; largest number of rows
SELECT s.title, m.name, m.meetings_attended, round(100 * m.attendance_share) AS attended_percent, m.late_count
FROM series_members AS m
JOIN recording_series AS s USING (series_id)
WHERE m.is_regular AND m.late_count > 0 AND lower(coalesce(s.title, '')) LIKE '%' || lower(:title) || '%'
ORDER BY m.late_count DESC, s.title, m.name
LIMIT :limit;
