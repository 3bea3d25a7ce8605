-- name: customer_meetings
-- question: Which meetings belong to a customer's record?
-- about: The metadata that you gave a bot or a recording links meetings to your own records. A key that both the
--   recording and its bot have counts once.
-- parameter: key text = 'crm_deal_id'; key of the metadata
-- parameter: value text = ''; one record only; empty for all
-- parameter: limit integer = 20; largest number of rows
SELECT DISTINCT k.value, m.day, m.title, m.started_at, round(m.duration_minutes) AS minutes, m.participant_names
FROM meeting_keys AS k
JOIN meetings AS m USING (recording_id)
WHERE k.key = :key AND (k.value = :value OR :value = '')
ORDER BY k.value, m.day DESC, m.started_at DESC
LIMIT :limit;
