-- name: chat_messages
-- question: Who wrote what in the chat?
-- parameter: title text = ''; part of the title of the meetings; empty for all
-- parameter: limit integer = 20; largest number of rows
SELECT day, title, at, sender, recipient, text
FROM chat
WHERE lower(coalesce(title, '')) LIKE '%' || lower(:title) || '%'
ORDER BY day DESC, recording_id, event_index
LIMIT :limit;
