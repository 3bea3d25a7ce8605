-- name: takeovers
-- question: When did one person take over?
-- about: Windows of two and a half minutes in which one person has more than a given share of the talk.
-- parameter: share number = 0.6; share of the talk, from 0 to 1, that one person exceeds
-- parameter: limit integer = 20; largest number of rows
SELECT r.day, r.title, w.start_s, w.end_s, p.name, round(100 * w.top_share) AS share_percent
FROM balance_windows AS w
JOIN recordings AS r USING (recording_id)
JOIN participant_metrics AS p ON p.recording_id = w.recording_id AND p.participant_key = w.top_key
WHERE w.top_share > :share AND w.talk_s > 60
ORDER BY r.created_at DESC, w.window_index
LIMIT :limit;
