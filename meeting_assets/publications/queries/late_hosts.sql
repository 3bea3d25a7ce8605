-- name: late_hosts
-- question: Whose meetings start late?
-- about: By host: the mean time to the first speech, and the number of people who join more than a minute late.
--   Lateness counts from the scheduled start, or from the first join if the scheduled start is unknown. People
--   who are present when the recording starts are not late.
-- parameter: meetings integer = 2; least number of meetings of a host
-- parameter: limit integer = 20; largest number of rows
SELECT min(host.name) AS host, count(*) AS meetings, round(avg(m.first_speech_s)) AS first_speech_s,
       sum(m.late_joiners) AS late_joiners, max(m.late_joiners) AS most_in_one_meeting
FROM meeting_metrics AS m
JOIN participants AS host ON host.recording_id = m.recording_id AND host.is_host
WHERE m.late_joiners IS NOT NULL
GROUP BY coalesce(host.person_key, host.name)
HAVING count(*) >= :meetings
ORDER BY late_joiners DESC, first_speech_s DESC
LIMIT :limit;
