-- name: unrecorded_events
-- question: Which meetings in the calendar have no recording?
-- about: Needs `MEETING_ASSETS_CALENDAR=on`. Past events with a meeting link; copies in several calendars count once.
-- parameter: limit integer = 20; largest number of rows
SELECT e.start_at, min(e.title) AS title, min(e.organizer_email) AS organizer, max(e.invitee_count) AS invitees,
       coalesce(min(b.sub_code), min(b.status), 'no bot') AS reason
FROM calendar_events AS e
LEFT JOIN bots AS b ON b.bot_id = e.bot_id
WHERE NOT e.is_deleted AND e.meeting_platform IS NOT NULL AND e.start_at < CURRENT_TIMESTAMP
  AND NOT EXISTS (
    SELECT 1 FROM calendar_events AS copy JOIN recordings AS r ON r.bot_id = copy.bot_id
    WHERE copy.calendar_event_id = e.calendar_event_id OR (copy.ical_uid = e.ical_uid AND copy.start_at = e.start_at)
  )
GROUP BY e.start_at, coalesce(e.ical_uid, CAST(e.calendar_event_id AS TEXT))
ORDER BY e.start_at DESC, title
LIMIT :limit;
