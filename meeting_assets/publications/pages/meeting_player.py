"""The player of a meeting's page: stored audio and video, and the time of each word of the transcript.

The page refers to the files in the raw store by relative paths, where both stores are folders of one file system.
Nothing is copied: a purge of the raw store removes what the page plays, and the page opens from disk without a network.
In an object store, files need signed URLs, which are secrets and expire; such pages have no player.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote

from sqlalchemy import Connection, select

from meeting_assets.artifacts.transcript import TranscriptWords
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.pipeline.media.stored import FILES, StoredFile, stored_files
from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.meeting_text import TimedUnit, TimedWord, timed_words
from meeting_assets.publications.pages.meeting_data import MeetingData
from meeting_assets.publications.pages.meeting_transcript import Entry
from meeting_assets.store.database import table_of

WORDS = table_of(TranscriptWords).c

PLAYED = (MediaKind.VIDEO_MIXED, MediaKind.AUDIO_MIXED, MediaKind.AUDIO_SEPARATE)
"""The kinds that are played, the preferred one first. Separate video has no sound."""
_LABELS = {MediaKind.VIDEO_MIXED: "Video of the meeting", MediaKind.AUDIO_MIXED: "Audio of the meeting"}
# Words are located to a tenth of a second, which keeps the page small.
_TENTHS = 10


class MediaFolders(NamedTuple):
    """The folders of the raw store and of the publications store."""

    raw: Path
    publications: Path

    @classmethod
    def of(cls, storage: Storage) -> Self | None:
        """The folders; None if one of the stores is an object store."""
        raw, publications = storage.raw.folder, storage.publications.folder
        return None if raw is None or publications is None else cls(raw.absolute(), publications.absolute())


@dataclass(frozen=True, slots=True)
class PlayedFile:
    """A file that the page plays."""

    label: str
    """Plain text; it may contain a participant's name."""
    href: str
    """Relative to the page."""
    start_s: float
    """The start of the file in the recording."""
    is_video: bool


@dataclass(frozen=True, slots=True)
class Player:
    """The files that a page plays, the default one first."""

    files: Sequence[PlayedFile]
    word_times: str
    """JSON: for each entry of the transcript the starts of its words, in tenths of a second, each after the one before;
    an empty list where they are unknown."""


def player_of(
    stored: Iterable[StoredFile],
    names: Mapping[str, str],
    word_times: str,
    page_key: str,
    folders: MediaFolders,
) -> Player | None:
    """The player of a page; None if nothing that can be played is stored.

    Args:
        stored: the stored media files of the recording.
        names: display names by participant key.
        word_times: from `word_times_of`.
        page_key: of the page in the publications store.
        folders: of both stores, absolute.
    """
    placed = (each for each in stored if each.media_kind in PLAYED and each.start_s is not None)
    playable = sorted(placed, key=_order)
    files = [
        PlayedFile(
            _LABELS.get(each.media_kind) or f"Audio of {names.get(each.participant_key, each.participant_key)}",
            relative_href(folders, page_key, each.key),
            each.start_s or 0.0,
            each.media_kind is MediaKind.VIDEO_MIXED,
        )
        for each in playable
    ]
    return Player(files, word_times) if files else None


def read_player(
    connection: Connection, meeting: MeetingData, entries: Sequence[Entry], page_key: str, folders: MediaFolders | None
) -> Player | None:
    """Reads the player of a meeting's page; None if nothing that can be played is stored in a folder."""
    recording_id = meeting.recording.recording_id
    stored = stored_files(connection, FILES.recording_id == recording_id) if folders is not None else []
    if folders is None or not stored:
        return None
    words = words_by_utterance(connection, recording_id, meeting)
    return player_of(stored, meeting.names, word_times_of(entries, words), page_key, folders)


def words_by_utterance(connection: Connection, recording_id: str, meeting: MeetingData) -> dict[int, list[TimedWord]]:
    """The words of each utterance of the primary transcript with their times, by the index of the utterance."""
    if meeting.transcript is None:
        return {}
    columns = (WORDS.utterance_index, WORDS.text, WORDS.start_s, WORDS.end_s)
    is_own = (WORDS.recording_id == recording_id, WORDS.transcript_id == meeting.transcript.transcript_id)
    rows = connection.execute(select(*columns).where(*is_own).order_by(WORDS.word_index))
    units: dict[int, list[TimedUnit]] = defaultdict(list)
    for index, *unit in rows:
        units[index].append(TimedUnit(*unit))
    starts = {each.position: each.start_s or 0.0 for each in meeting.said}
    return {index: timed_words(own, starts.get(index, 0.0)) for index, own in units.items()}


def relative_href(folders: MediaFolders, page_key: str, media_key: str) -> str:
    """The link from a page to a file of the raw store.

    >>> relative_href(MediaFolders(Path("/d/raw"), Path("/d/publications")), "meetings/x/index.html", "media/a b.mp3")
    '../../../raw/media/a%20b.mp3'
    """
    path = os.path.relpath(folders.raw / media_key, (folders.publications / page_key).parent)
    return quote(Path(path).as_posix())


def _order(file: StoredFile) -> tuple[int, str, float]:
    return PLAYED.index(file.media_kind), file.participant_key, file.start_s or 0.0


def word_times_of(entries: Iterable[Entry], words: Mapping[int, Sequence[TimedWord]]) -> str:
    """The text of `Player.word_times`.

    Args:
        entries: of the transcript, in the order of the page.
        words: of each utterance, by its index in the payload.
    """
    return json.dumps([_steps(_starts(each, words)) for each in entries], separators=(",", ":"))


def _starts(entry: Entry, words: Mapping[int, Sequence[TimedWord]]) -> list[float]:
    """The start of each word of an entry; empty if its text has other words, as in scripts without blanks."""
    starts = [
        word.start_s
        for span in entry.spans
        for word in words.get(span.position, ())[span.first : span.first + span.word_count]
    ]
    return starts if len(starts) == len(entry.text.split()) else []


def _steps(starts_s: Sequence[float]) -> list[int]:
    """Starts in tenths of a second, each as the difference to the one before.

    >>> _steps([12.0, 12.34, 13.0])
    [120, 3, 7]
    """
    tenths = [round(_TENTHS * each) for each in starts_s]
    return [each - before for before, each in zip([0, *tenths], tenths, strict=False)]
