-- name: speaker_changes
-- question: Who answers whom?
-- parameter: limit integer = 20; largest number of rows
SELECT r.day, r.title, speaker.name AS speaker, next_speaker.name AS next_speaker, t.switch_count
FROM speaker_transitions AS t
JOIN recordings AS r USING (recording_id)
JOIN participant_metrics AS speaker
  ON speaker.recording_id = t.recording_id AND speaker.participant_key = t.from_key
JOIN participant_metrics AS next_speaker
  ON next_speaker.recording_id = t.recording_id AND next_speaker.participant_key = t.to_key
ORDER BY t.switch_count DESC
LIMIT :limit;
