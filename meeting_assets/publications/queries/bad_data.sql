-- name: bad_data
-- question: Which meetings have bad data?
-- parameter: limit integer = 20; largest number of rows
SELECT r.day, r.recording_id, q.missing_kinds, q.quarantined_artifacts, q.open_intervals, q.untimed_words,
       round(100 * q.timeline_word_coverage) AS speech_with_words_percent,
       round(100 * q.speech_event_agreement) AS events_agree_percent,
       round(q.unattributed_speech_s) AS unattributed_s, q.clock_skew_s
FROM data_quality AS q
JOIN recordings AS r USING (recording_id)
WHERE q.missing_artifacts > 0 OR q.quarantined_artifacts > 0 OR q.open_intervals > 0 OR q.untimed_words > 0
   OR q.timeline_word_coverage < 0.7 OR q.speech_event_agreement < 0.9
   OR q.unattributed_speech_s > 10 OR abs(q.clock_skew_s) > 1
ORDER BY q.quarantined_artifacts DESC, q.missing_artifacts DESC, r.day DESC
LIMIT :limit;
