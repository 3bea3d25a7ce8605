-- name: monologues
-- question: Which meetings were monologues?
-- about: Meetings of several people in which one person has more than a given share of the talk.
-- parameter: share number = 0.5; share of the talk, from 0 to 1, that a monologue exceeds
-- parameter: people integer = 3; least number of people in the meeting
-- parameter: limit integer = 20; largest number of rows
SELECT r.day, r.title, p.name, round(100 * p.talk_share) AS share_percent,
       round(m.longest_monologue_s) AS longest_monologue_s, m.silent_participants
FROM meeting_metrics AS m
JOIN participant_metrics AS p USING (recording_id)
JOIN recordings AS r USING (recording_id)
WHERE m.person_count >= :people AND p.talk_share > :share
ORDER BY p.talk_share DESC
LIMIT :limit;
