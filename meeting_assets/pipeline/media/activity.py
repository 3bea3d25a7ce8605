"""Voice activity of stored separate audio: analyses new and changed files, and replaces the rows of their parts.

Needs the stored files alone, not the API: a rebuild of the database analyses them again. A file that cannot be read has
a row with the reason and no intervals; it is analysed again when its bytes change.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from hashlib import sha256
from time import monotonic

from sqlalchemy import Connection, select

from meeting_assets.core.errors import MeetingAssetsError, UnreadableMediaError, bug_message
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.metrics.audio_activity import ACTIVITY_VERSION, FRAME_US, activity_intervals
from meeting_assets.metrics.timeline.intervals import Interval, length_us, to_microseconds, to_seconds
from meeting_assets.pipeline.media.stored import FILES, StoredFile, open_media, stored_files
from meeting_assets.pipeline.media.voice_detection import speech_flags
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import audio_activity, ledger
from meeting_assets.store.audio_activity import ANALYSES, Analysis
from meeting_assets.store.connections import retry_on_conflict

NO_START = "the manifest does not state where the part begins"
NOT_STORED = "the raw store does not have the file"

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ActivityReport:
    """Counts of parts of separate audio, and seconds of audio."""

    analysed: int = 0
    unreadable: int = 0
    unchanged: int = 0
    removed: int = 0
    """Parts whose file is not stored any more."""
    analysed_s: float = 0.0
    activity_s: float = 0.0
    faults: list[str] = field(default_factory=list)
    detection_s: float = 0.0
    """Duration of the work."""
    recording_ids: set[str] = field(default_factory=set)
    """Recordings with other rows than before."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The result of one file."""

    intervals: list[Interval]
    analysed_us: int | None = None
    error: str | None = None


def analyse_days(storage: Storage, days: Collection[date]) -> ActivityReport:
    """Updates the voice activity of the recordings of some days.

    Raises:
        StoreError: the database or the raw store does not answer.
        SettingsError: the extra `media` is not installed.
    """
    started_s, report = monotonic(), ActivityReport()
    outdated, report.unchanged = _outdated(storage, days)
    for file in outdated:
        try:
            _analyse(storage, file, report)
        except MeetingAssetsError:
            raise
        except Exception as error:  # noqa: BLE001 - our bug; the others go on and the step fails at its end
            report.faults.append(f"audio {file.part_id} of {file.recording_id}: {bug_message(error)}")
            logger.error("audio %s of %s: %s", file.part_id, file.recording_id, bug_message(error))
    _remove_surplus(storage, days, report)
    report.detection_s = round(monotonic() - started_s, 3)
    return report


def days_to_analyse(storage: Storage) -> list[date]:
    """Days with stored separate audio that is not analysed."""
    found, _ = _outdated(storage, None)
    ids = {each.recording_id for each in found}
    return sorted({*storage.database.read(partial(ledger.recording_days, recording_ids=ids)).values()})


def inputs_hash(file: StoredFile) -> str:
    """The hash over everything that the rows of a part depend on."""
    inputs = (ACTIVITY_VERSION, file.sha256, file.start_s, file.participant_key, file.participant_id)
    return sha256(repr(inputs).encode()).hexdigest()


def _outdated(storage: Storage, days: Collection[date] | None) -> tuple[list[StoredFile], int]:
    """Stored files that are not analysed, and the number of the others."""
    is_separate = FILES.media_kind == MediaKind.AUDIO_SEPARATE.value
    condition = is_separate if days is None else is_separate & FILES.day.in_(days)
    with storage.database.reading() as connection:
        files = stored_files(connection, condition)
        query = select(ANALYSES.c.recording_id, ANALYSES.c.part_id, ANALYSES.c.inputs_hash)
        analysed = {(row[0], row[1]): row[2] for row in connection.execute(query)} if files else {}
    outdated = [each for each in files if analysed.get((each.recording_id, each.part_id)) != inputs_hash(each)]
    return outdated, len(files) - len(outdated)


def _analyse(storage: Storage, file: StoredFile, report: ActivityReport) -> None:
    found = _found(storage, file)
    if not _write(storage, file, found):
        return  # deleted meanwhile
    report.recording_ids.add(file.recording_id)
    if found.error is not None:
        report.unreadable += 1
        logger.warning("audio %s of %s: %s", file.part_id, file.recording_id, found.error)
        return
    report.analysed += 1
    report.analysed_s = round(report.analysed_s + to_seconds(found.analysed_us or 0), 3)
    report.activity_s = round(report.activity_s + to_seconds(length_us(found.intervals)), 3)


def _found(storage: Storage, file: StoredFile) -> _Found:
    """The intervals of a file, or why there are none."""
    if file.start_s is None:
        return _Found([], error=NO_START)
    source = open_media(storage.raw, file.key)
    if source is None:
        # `_write` tells a purged file from a lost one. A lost one is noted, or it would be looked for in every run.
        return _Found([], error=NOT_STORED)
    with source:
        try:
            flags = speech_flags(source)
        except UnreadableMediaError as error:
            return _Found([], error=str(error))
    return _Found(activity_intervals(flags, to_microseconds(file.start_s)), FRAME_US * len(flags))


@retry_on_conflict
def _write(storage: Storage, file: StoredFile, found: _Found) -> bool:
    """Replaces the rows of a part unless its file was replaced or purged meanwhile; returns whether it did."""
    is_file = (FILES.recording_id == file.recording_id) & (FILES.part_id == file.part_id)
    with storage.database.writing() as connection:
        # The lock makes a purge, and other runs that analyse the same part, wait.
        if not ledger.lock_recordings(connection, [file.recording_id]):
            return False
        if stored_files(connection, is_file & (FILES.media_kind == file.media_kind.value)) != [file]:
            return False
        analysis = Analysis(
            file.recording_id,
            file.part_id,
            file.participant_key,
            inputs_hash(file),
            None if found.analysed_us is None else to_seconds(found.analysed_us),
            None if found.analysed_us is None else to_seconds(length_us(found.intervals)),
            found.error,
        )
        intervals_s = [(to_seconds(start), to_seconds(end)) for start, end in found.intervals]
        audio_activity.replace_part(connection, analysis, file.participant_id, intervals_s)
    return True


def _remove_surplus(storage: Storage, days: Collection[date], report: ActivityReport) -> None:
    """Removes the rows of parts whose file is not stored any more."""
    with storage.database.reading() as connection:
        surplus = [*_surplus(connection, days)]
    for recording_id, part_id in surplus:
        if _forget(storage, recording_id, part_id):
            report.removed += 1
            report.recording_ids.add(recording_id)


def _surplus(connection: Connection, days: Collection[date]) -> Iterator[tuple[str, str]]:
    ids = select(ledger.RECORDINGS.c.recording_id).where(ledger.RECORDINGS.c.day.in_(days))
    query = select(ANALYSES.c.recording_id, ANALYSES.c.part_id).where(ANALYSES.c.recording_id.in_(ids))
    analysed = [(row[0], row[1]) for row in connection.execute(query)]
    stored = {(each.recording_id, each.part_id) for each in stored_files(connection, FILES.day.in_(days))}
    yield from (each for each in analysed if each not in stored)


@retry_on_conflict
def _forget(storage: Storage, recording_id: str, part_id: str) -> bool:
    with storage.database.writing() as connection:
        ledger.lock_recordings(connection, [recording_id])
        return audio_activity.forget_part(connection, recording_id, part_id)
