-- name: latest_meetings
-- question: What happened in the latest meetings?
-- parameter: limit integer = 20; largest number of rows
SELECT day, title, recording_id, host, round(duration_minutes) AS minutes, participant_names, top_speaker,
       round(100 * top_talk_share) AS top_share_percent, late_joiners, word_count
FROM meetings
ORDER BY day DESC, started_at DESC
LIMIT :limit;
