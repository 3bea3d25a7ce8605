-- name: personal_trends
-- question: How does a person's share change?
-- parameter: name text = ''; part of the name of the person; empty for all
-- parameter: limit integer = 20; largest number of rows
SELECT people.name, t.week, t.meeting_count, round(t.talk_time_s / 60) AS talk_minutes,
       round(100 * t.talk_share_mean) AS share_percent, 100 * t.talk_share_change AS change_in_points
FROM person_trends AS t
JOIN people USING (person_key)
WHERE lower(coalesce(people.name, '')) LIKE '%' || lower(:name) || '%'
ORDER BY people.meeting_count DESC, people.person_key, t.week
LIMIT :limit;
