-- name: interrupted_people
-- question: Who is always interrupted?
-- about: Interruptions per hour of own talk, because people who talk more can be interrupted more.
-- parameter: meetings integer = 3; least number of meetings of a person
-- parameter: limit integer = 20; largest number of rows
SELECT people.name, count(DISTINCT p.recording_id) AS meetings,
       round(sum(p.interruptions_received) / (sum(p.talk_time_s) / 3600)) AS received_per_hour_of_talk,
       round(sum(p.interruptions_made) / (sum(p.talk_time_s) / 3600)) AS made_per_hour_of_talk
FROM person_metrics AS p
JOIN person_keys ON person_keys.known_key = p.person_key
JOIN people ON people.person_key = person_keys.person_key
WHERE p.talk_time_s > 0
GROUP BY people.person_key, people.name
HAVING count(DISTINCT p.recording_id) >= :meetings
ORDER BY received_per_hour_of_talk DESC
LIMIT :limit;
