"""The ledger of media files during a run of downloads: attempts that begin, and files stored, failed or gone.

Attempts are recorded before they begin, because a file that exhausts the memory leaves no chance to record it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import partial

from meeting_assets.core.errors import MeetingAssetsError, StoreError, bug_message
from meeting_assets.core.instants import now
from meeting_assets.core.logs import log_context
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.pipeline.media.expected import days_with_new_files
from meeting_assets.pipeline.media.report import MediaReport, Outcome
from meeting_assets.pipeline.media.spool import stem_of
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import media_ledger, tombstones
from meeting_assets.store.database import Database
from meeting_assets.store.ledger_states import INTERRUPTED
from meeting_assets.store.media_ledger import MediaFile, MediaIdentity, StoredMedia
from meeting_assets.store.tasks import is_process_running

logger = logging.getLogger(__name__)


class MediaResults:
    """Records the downloads of one run in ledger and report."""

    def __init__(self, storage: Storage, report: MediaReport) -> None:
        self._storage = storage
        self._database = storage.database
        self._report = report
        self._begun: dict[MediaIdentity, MediaFile] = {}
        """Attempts that are recorded and have not ended."""

    def note_begun(self, file: MediaFile) -> bool:
        """Records that a download begins; False if another run has stored or removed the file."""
        if media_ledger.begin_attempt(self._database, file.identity, ProcessIdentity.current().name):
            self._begun[file.identity] = file
            return True
        self._report.count(file.media_kind, Outcome.OVERTAKEN)
        return False

    def note_stored(self, file: MediaFile, stored: StoredMedia) -> None:
        """Records a stored file, or deletes it again if the recording was purged while it was uploaded."""
        if not media_ledger.record_stored(self._database, file.identity, stored) or self.is_purged(file):
            self.note_overtaken(file)
            return
        self._begun.pop(file.identity, None)
        self._report.count(file.media_kind, Outcome.QUARANTINED if stored.error else Outcome.STORED)
        self._report.stored_bytes[file.media_kind] += stored.size_bytes
        if stored.error:
            self._warn("was stored, but cannot be read", file, stored.error)

    def note_overtaken(self, file: MediaFile) -> None:
        """Counts the file, and deletes its stored objects if the recording was purged."""
        self._begun.pop(file.identity, None)
        if self.is_purged(file):
            self._storage.raw.purge(file.day, file.recording_id)
        self._report.count(file.media_kind, Outcome.OVERTAKEN)

    def note_in_use(self, file: MediaFile) -> None:
        """Removes the mark of an attempt on a file that another process is downloading."""
        self._release(file)
        self._report.count(file.media_kind, Outcome.IN_USE)

    def note_gone(self, file: MediaFile, error: MeetingAssetsError) -> None:
        """Records that the API no longer has the file."""
        media_ledger.record_gone(self._database, file.identity, str(error))
        self._begun.pop(file.identity, None)
        self._report.count(file.media_kind, Outcome.GONE)
        self._warn("is lost", file, str(error))

    def note_failed(self, file: MediaFile, error: MeetingAssetsError) -> None:
        """Records a failed attempt, which is repeated later."""
        media_ledger.record_failed(self._database, file.identity, str(error), at=now())
        self._begun.pop(file.identity, None)
        self._report.count(file.media_kind, Outcome.FAILED)
        self._warn("could not be downloaded", file, str(error))

    def note_bug(self, file: MediaFile, error: Exception) -> None:
        """Records an unexpected exception as our bug: the other files are downloaded, the step fails at its end."""
        text = bug_message(error)
        self._report.faults.append(f"{file.media_kind} of {file.recording_id}: {text}")
        self.note_failed(file, MeetingAssetsError(text))

    def cancel_rest(self) -> None:
        """Removes the marks of attempts that another failure has stopped."""
        with suppress(StoreError):  # if the database is down, these attempts then count as interrupted
            for file in [*self._begun.values()]:
                self._release(file)

    def is_purged(self, file: MediaFile) -> bool:
        """True if the recording has been purged."""
        purged = self._database.read(partial(tombstones.tombstoned_recordings, recording_ids=[file.recording_id]))
        return bool(purged)

    def _release(self, file: MediaFile) -> None:
        media_ledger.release(self._database, file)
        self._begun.pop(file.identity, None)

    def _warn(self, what: str, file: MediaFile, error: str) -> None:
        context = log_context(file.recording_id, file.media_kind, file.part_id)
        logger.warning("%s of %s %s: %s", file.media_kind, file.recording_id, what, error, extra=context)


def is_suspect(file: MediaFile) -> bool:
    """True if the process ended during the last attempt."""
    return file.error == INTERRUPTED and file.attempts > 0


def wanted_files(
    database: Database, kinds: Collection[MediaKind], days: Collection[date] | None, *, at: datetime
) -> list[MediaFile]:
    """The files of some kinds and days whose download is due, the earliest expiry first.

    Interrupted downloads are due at once; those that another process is making now are left out.
    """
    found = database.read(partial(media_ledger.wanted, kinds=kinds, days=days, at=at))
    return [file for file in found if not (is_suspect(file) and is_process_running(file.worker))]


def waiting_days(database: Database, kinds: Collection[MediaKind], *, at: datetime) -> list[date]:
    """The days with files whose download is due, in the order of their first expiry; then those of new files."""
    due = [file.day for file in wanted_files(database, kinds, None, at=at)]
    return [*dict.fromkeys([*due, *database.read(partial(days_with_new_files, kinds=kinds))])]


def reopen_complete(database: Database, complete: Mapping[str, str]) -> None:
    """Lets files wait again whose only copies are complete downloads in the spool, given by their names there.

    `complete` contains the id of the media object of each. The API may have deleted a file after its download and
    before its upload.
    """
    if complete:
        ended = database.read(media_ledger.ended)
        kept = [file for file in ended if complete.get(stem_of(*file.identity)) == file.media_object_id]
        media_ledger.reopen(database, [file.identity for file in kept])


def pending_stems(database: Database) -> set[str]:
    """The names in the spool of all files that are not stored yet, due or not."""
    pending = database.read(media_ledger.pending_identities)
    return {stem_of(*identity) for identity in pending}
