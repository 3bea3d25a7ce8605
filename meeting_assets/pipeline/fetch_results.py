"""Results of fetching: counts for the report, and ledger rows of downloads that begin, succeed or fail."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.core.errors import BytesMissing, MeetingAssetsError, StoreError, TooLarge, UrlExpired, bug_message
from meeting_assets.core.logs import log_context
from meeting_assets.pipeline.deletion.recordings import remove_if_purged
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.objects import Media
from meeting_assets.store import attempts, ledger, ledger_api, ledger_raw, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.ledger import ArtifactKey
from meeting_assets.store.raw_layout import RawObject
from meeting_assets.store.tasks import FetchTask

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class FetchReport:
    """Counts of a fetch: recordings, and per kind how many artifacts were new, changed, unchanged or failed."""

    recordings: int = 0
    unreadable: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in ARTIFACTS})
    faults: list[str] = field(default_factory=list)
    discover_s: float = 0.0
    fetch_s: float = 0.0

    def add_discovery(self, discovery: Discovery) -> None:
        """Counts the recordings of a discovery, and logs objects that could not be used."""
        self.recordings = len(discovery.found)
        self.unreadable = len(discovery.faults)
        self.faults += discovery.misplaced
        for message in discovery.unknown:
            logger.warning("ignored: %s", message)
        for name, fault in discovery.faults.items():
            logger.warning("the API gives no usable %s: %s", name, fault)


class FetchResults:
    """Records the downloads of one discovery in ledger and report.

    Attempts are recorded before they begin, because a download that exhausts the memory leaves no chance to record it.
    """

    def __init__(self, storage: Storage, discovery: Discovery, report: FetchReport) -> None:
        self._storage = storage
        self._database = storage.database
        self._discovery = discovery
        self._report = report
        self._begun: dict[ArtifactKey, FetchTask] = {}
        """Attempts that are recorded and have not ended."""

    def note_begun(self, wanted: Sequence[FetchTask]) -> None:
        """Records that downloads begin."""
        if wanted:
            at = self._discovery.clock.wall_clock()
            self._database.write(lambda connection: attempts.begin_fetches(connection, wanted, at=at))
            self._begun |= {each.key: each for each in wanted}

    def note_ended(self, key: ArtifactKey) -> None:
        """Notes that an attempt has ended and its result is in the ledger."""
        self._begun.pop(key, None)

    def cancel_rest(self) -> None:
        """Removes the records of attempts that another failure has stopped."""
        if self._begun:
            with suppress(StoreError):  # if the database is down, these attempts then count as interrupted
                self._database.write(lambda connection: attempts.cancel_fetches(connection, self._begun.values()))

    def note_fetched(
        self, key: ArtifactKey, artifact: Artifact, media: Media, stored: RawObject, observed_at: datetime | None
    ) -> None:
        """Records stored bytes, or removes them if another run has purged the artifact or observed it later."""
        outcome = self._write_fetched(key, artifact, media, stored, observed_at)
        if outcome == "overtaken":
            remove_if_purged(self._storage, self._discovery.found[key.recording_id].day, key)
        self._report.counts[key.kind][outcome] += 1

    @retry_on_conflict
    def _write_fetched(
        self, key: ArtifactKey, artifact: Artifact, media: Media, stored: RawObject, observed_at: datetime | None
    ) -> str:
        with self._database.writing() as connection:
            if self._is_purged(connection, key):
                return "overtaken"
            outcome = ledger_raw.mark_fetched(
                connection,
                key,
                raw_key=stored.key,
                sha256=stored.sha256,
                size_bytes=stored.size_bytes,
                updated_at=media.status.updated_at,
                allows_multiple=artifact.allows_multiple,
                at=self._discovery.clock.wall_clock(),
                observed_at=observed_at,
            )
            if outcome == "overtaken":
                self._cancel(connection, key)
            return outcome

    def note_gone(self, key: ArtifactKey, observed_at: datetime) -> None:
        """Records that the media object no longer exists."""

        def write(connection: Connection) -> None:
            ledger_api.mark_object_deleted(connection, key.recording_id, key.artifact_id, observed_at=observed_at)
            self._cancel(connection, key)

        self._database.write(write)
        self._report.counts[key.kind]["failed"] += 1

    def note_failed(self, key: ArtifactKey, media: Media | None, error: MeetingAssetsError) -> None:
        """Records a failed attempt, which is repeated later."""
        at = self._discovery.clock.wall_clock()
        self._database.write(
            lambda connection: ledger_raw.mark_attempt_failed(
                connection,
                key,
                str(error),
                updated_at=media.status.updated_at if media else None,
                at=at,
                expires_at=self._discovery.found[key.recording_id].recording.expires_at,
                is_missing=isinstance(error, BytesMissing),
                is_refused=isinstance(error, UrlExpired),
                is_too_large=isinstance(error, TooLarge),
            )
        )
        self.note_ended(key)
        self._report.counts[key.kind]["failed"] += 1
        logger.warning("%s of %s could not be fetched: %s", key.kind, key.recording_id, error, extra=log_context(*key))

    def note_bug(self, key: ArtifactKey, media: Media | None, error: Exception) -> None:
        """Records an unexpected exception as our bug: the other artifacts are fetched, the step fails at its end."""
        text = bug_message(error)
        self._report.faults.append(f"{key.kind} of {key.recording_id}: {text}")
        self.note_failed(key, media, MeetingAssetsError(text))

    def _cancel(self, connection: Connection, key: ArtifactKey) -> None:
        """Removes the record of an attempt whose result is not recorded."""
        if key in self._begun:
            ledger.lock_rows(connection, key.kind, [key.recording_id])
            attempts.cancel_fetches(connection, [self._begun[key]])

    def _is_purged(self, connection: Connection, key: ArtifactKey) -> bool:
        """True if another run has purged the artifact meanwhile; its ledger rows stay locked."""
        if not self._storage.purges_deleted:
            return False
        ledger.lock_rows(connection, key.kind, [key.recording_id])
        return key in tombstones.purged_artifacts(connection, [key.recording_id])
