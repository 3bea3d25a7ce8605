-- name: talk_time
-- question: Who talked how much?
-- about: Participants of the latest meetings, by talk time.
-- parameter: title text = ''; part of the title of the meetings; empty for all
-- parameter: limit integer = 20; largest number of rows
SELECT r.day, r.title, p.name, round(p.talk_time_s) AS talk_s,
       round(100 * p.talk_share) AS share_percent, round(p.words_per_minute) AS words_per_minute
FROM participant_metrics AS p
JOIN recordings AS r USING (recording_id)
WHERE p.talk_time_s > 0 AND lower(coalesce(r.title, '')) LIKE '%' || lower(:title) || '%'
ORDER BY r.created_at DESC, p.talk_time_s DESC
LIMIT :limit;
