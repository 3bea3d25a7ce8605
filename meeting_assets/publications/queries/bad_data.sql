-- name: bad_data
-- question: Which meetings have bad data?
-- about: Meetings with missing or unreadable data, or with doubtful numbers, those with the most reasons first. If
--   `attributed_share` is that of MEETING_ASSETS_METRICS, the index and the page of the data's health name the same
--   meetings with the same reasons.
-- parameter: attributed_share number = 0.9; least share of words with a participant, as in MEETING_ASSETS_METRICS
-- parameter: limit integer = 20; largest number of rows
WITH kinds AS (
  SELECT recording_id, kind,
         max(CASE status WHEN 'parsed' THEN 2 WHEN 'quarantined' THEN 1 ELSE 0 END) AS state
  FROM artifacts
  GROUP BY recording_id, kind
),
sources AS (
  SELECT m.day, m.title, m.recording_id,
         coalesce(max(CASE k.kind WHEN 'participants' THEN k.state END), 0) AS people,
         coalesce(max(CASE k.kind WHEN 'participant_events' THEN k.state END), 0) AS events,
         coalesce(max(CASE k.kind WHEN 'speaker_timeline' THEN k.state END), 0) AS timeline,
         coalesce(max(CASE k.kind WHEN 'transcript' THEN k.state END), 0) AS transcript
  FROM meetings AS m
  LEFT JOIN kinds AS k USING (recording_id)
  GROUP BY m.day, m.title, m.recording_id
),
judged AS (
  SELECT s.day, s.title, s.recording_id, q.timeline_word_coverage, q.speech_event_agreement,
         q.attributed_word_share, q.clock_skew_s, substr(
    CASE WHEN q.recording_id IS NULL THEN '; numbers not computed yet' ELSE '' END
    || CASE s.people WHEN 0 THEN '; participant list missing' WHEN 1 THEN '; participant list unreadable' ELSE '' END
    || CASE s.events WHEN 0 THEN '; participant events missing' WHEN 1 THEN '; participant events unreadable' ELSE '' END
    || CASE s.timeline WHEN 0 THEN '; speaker timeline missing' WHEN 1 THEN '; speaker timeline unreadable' ELSE '' END
    || CASE s.transcript WHEN 0 THEN '; transcript missing' WHEN 1 THEN '; transcript unreadable' ELSE '' END
    || CASE WHEN q.recording_id IS NOT NULL AND s.transcript = 2 AND n.transcript_id IS NULL
            THEN '; transcript without words' ELSE '' END
    || CASE WHEN q.recording_id IS NOT NULL AND n.timing_source IS NULL THEN '; no speech times' ELSE '' END
    || CASE WHEN q.is_single_stream THEN '; source cannot show overlap' ELSE '' END
    || CASE WHEN q.recording_id IS NOT NULL AND n.speech_s > 0 AND EXISTS (
              SELECT 1 FROM participant_metrics AS p WHERE p.recording_id = s.recording_id AND p.talk_time_s IS NULL)
            THEN '; too much speech has no participant' ELSE '' END
    || CASE WHEN q.attributed_word_share < :attributed_share THEN '; too many words have no participant' ELSE '' END
    || CASE WHEN q.timeline_word_coverage < 0.5 THEN '; transcript covers too little of the speech' ELSE '' END
    || CASE WHEN q.word_timeline_coverage < 0.5
            THEN '; speaker timeline covers too little of the transcript' ELSE '' END
    || CASE WHEN q.speech_event_agreement < 0.8 THEN '; sources of speech times disagree' ELSE '' END
    || CASE WHEN abs(q.clock_skew_s) > 5 THEN '; clocks differ' ELSE '' END
    || CASE WHEN q.implausible_duration_s IS NOT NULL THEN '; implausible duration' ELSE '' END, 3) AS reasons
  FROM sources AS s
  LEFT JOIN meeting_metrics AS n ON n.recording_id = s.recording_id
  LEFT JOIN data_quality AS q ON q.recording_id = n.recording_id
)
SELECT day, title, reasons, recording_id, round(100 * timeline_word_coverage) AS speech_with_words_percent,
       round(100 * speech_event_agreement) AS events_agree_percent,
       round(100 * attributed_word_share) AS attributed_words_percent, clock_skew_s
FROM judged
WHERE reasons <> ''
ORDER BY length(reasons) - length(replace(reasons, ';', '')) DESC, day DESC, recording_id
LIMIT :limit;
