-- name: spoken_text
-- question: Where was something said?
-- about: The view `utterances` has primary transcripts only, because other transcripts repeat their text.
-- parameter: text text = 'numbers'; words to find, in any case
-- parameter: limit integer = 20; largest number of rows
SELECT day, title, speaker, started_at, text
FROM utterances
WHERE lower(text) LIKE '%' || lower(:text) || '%'
ORDER BY day DESC, recording_id, utterance_index
LIMIT :limit;
