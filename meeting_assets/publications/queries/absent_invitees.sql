-- name: absent_invitees
-- question: Which invitees never attend?
-- about: Needs `MEETING_ASSETS_CALENDAR=on`. Invitees attend a recorded meeting if its participants contain their
--   address or, without regard to case, their name.
-- parameter: limit integer = 20; largest number of rows
SELECT i.email, max(i.name) AS name, count(DISTINCT r.recording_id) AS meetings
FROM calendar_invitees AS i
JOIN calendar_events AS e USING (calendar_event_id)
JOIN recordings AS r ON r.bot_id = e.bot_id AND r.status = 'done'
LEFT JOIN participants AS p
  ON p.recording_id = r.recording_id AND (lower(p.email) = i.email OR lower(p.name) = lower(i.name))
WHERE NOT e.is_deleted
GROUP BY i.email
HAVING count(p.recording_id) = 0
ORDER BY meetings DESC, i.email
LIMIT :limit;
