"""Meetings with given texts, and searches in them."""

from __future__ import annotations

import json

from meeting_assets.publications.search.finding import SearchResult, search
from meeting_assets.publications.search.scope import SearchFilter
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.stored_texts import Said

EVERYTHING = SearchFilter()


def transcript(said: Said, *, start_s: float = 0.0, seconds_per_word: float = 1.0) -> bytes:
    """A payload in which each utterance follows the last one. Names that are equal are one participant."""
    ids = {name: number for number, name in enumerate(dict.fromkeys(name for name, _ in said), 100)}
    entries, at_s = [], start_s
    for name, text in said:
        words = []
        for word in text.split(" "):
            end_s = at_s + seconds_per_word
            words.append({"text": word, "start_timestamp": {"relative": at_s}, "end_timestamp": {"relative": end_s}})
            at_s = end_s
        entries.append({"participant": {"id": ids[name], "name": name, "is_host": False}, "words": words})
    return json.dumps(entries).encode()


def put_transcript(sandbox: Sandbox, recording: Recording, said: Said, *, seconds_per_word: float = 1.0) -> None:
    """Replaces the transcript of a recording at the API."""
    (artifact,) = recording.of("transcript")
    sandbox.set_payload(artifact.id, "transcript", transcript(said, seconds_per_word=seconds_per_word))


def found(text: str, restriction: SearchFilter = EVERYTHING, *, limit: int = 20) -> SearchResult:
    """The result of a search in the stored meetings."""
    with open_test_storage() as storage:
        return storage.database.read(lambda connection: search(connection, text, restriction, limit))


def snippets(text: str, restriction: SearchFilter = EVERYTHING) -> list[str]:
    """The snippets of the utterances that a search finds, in its order."""
    return [each.snippet.text for each in found(text, restriction).hits]
