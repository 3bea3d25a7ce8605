"""Fetching: one look at the API for some days, then concurrent downloads while the URLs are fresh.

What expires first is fetched first. A download that fails costs nobody else theirs: it is noted in the ledger and tried
again later.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from time import monotonic

from sqlalchemy import Connection

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.core.errors import (
    BytesMissing,
    Gone,
    MeetingAssetsError,
    Refused,
    StoreError,
    TooLarge,
    Transient,
    UrlExpired,
)
from meeting_assets.core.instants import utc
from meeting_assets.core.logs import log_context
from meeting_assets.core.urls import without_queries
from meeting_assets.pipeline.absence import deleted_media, look_at_lists_again
from meeting_assets.pipeline.deletion.artifacts import purge_deleted_artifacts
from meeting_assets.pipeline.deletion.recordings import purge, remove_if_purged
from meeting_assets.pipeline.deletion.tombstone_sync import finish_before_fetch
from meeting_assets.pipeline.discover import (
    Discovery,
    discover_days,
    discover_recordings,
    find_bots,
    retrieve_unfinished,
)
from meeting_assets.pipeline.record import keep_listings, record
from meeting_assets.pipeline.retrieval import Retrieval
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.objects import DELETED, Media, decode_object
from meeting_assets.store import absence, attempts, ledger, tombstones, worklist
from meeting_assets.store.attempts import Wanted
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.ledger import Key
from meeting_assets.store.observation import ObservationClock, note_recorded
from meeting_assets.store.raw import RawObject

logger = logging.getLogger(__name__)

CONCURRENT_DOWNLOADS = 16
RECORDED_AT_ONCE = 32
"""Attempts that are recorded in one transaction before they begin."""
MOST_PROBED = 5
UNCONFIRMED = (
    "recording %s is deleted at Recall.ai. It is purged when a fetch at least one hour later also finds it deleted."
)
NO_URL_YET = "the API says done but gives no download URL yet"


@dataclass(slots=True)
class FetchReport:
    """What a fetch did: per kind how many artifacts were new, changed, unchanged or failed."""

    recordings: int = 0
    unreadable: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in ARTIFACTS})
    faults: list[str] = field(default_factory=list)
    discover_s: float = 0.0
    fetch_s: float = 0.0


async def fetch_days(
    storage: Storage,
    access: Access,
    days: Collection[date],
    *,
    kinds: Collection[str] = tuple(ARTIFACTS),
    recording_ids: Sequence[str] = (),
    refetch: bool = False,
) -> FetchReport:
    """Brings home the raw bytes of some days: of all their recordings, or of those named.

    `refetch` downloads again what is home already.

    Raises:
        Refused: key or region is wrong.
        Transient: the API's lists could not be read; nothing is known to be missing because of that.
        SettingsError: every named recording is unknown or of another day; if only some are, the others are fetched
            and the report names those of another day as faults.
        StoreError: raw store or database cannot be written.
    """
    started = monotonic()
    report = FetchReport()
    finish_before_fetch(storage)
    days = _without_expired(storage, days)
    wanted = _without_purged(storage, recording_ids)
    if not days or (recording_ids and not wanted):
        return report
    async with RecallClient(access) as client:
        discovery = await _discovered(client, storage, days, wanted)
        record(storage, discovery, discovery.clock.wall_clock())
        if storage.purges_deleted:
            await _purge_deleted(client, storage, discovery, discovery.clock.wall_clock())
        report.recordings = len(discovery.found)
        report.unreadable = len(discovery.faults)
        report.faults += discovery.misplaced
        for sentence in discovery.set_aside:
            logger.warning("set aside: %s", sentence)
        for name, fault in discovery.faults.items():
            logger.warning("the API gives no usable %s: %s", name, fault)
        report.discover_s = round(monotonic() - started, 3)
        logger.info("%d recordings listed for %s", len(discovery.found), _spoken(days))
        named = bool(recording_ids)
        keys = _wanted(storage, discovery, kinds, refetch=refetch, named=named)
        await _Fetch(client, storage, discovery, report).run(keys)
        keep_listings(storage, discovery.found.values())
    report.fetch_s = round(monotonic() - started - report.discover_s, 3)
    return report


def _without_expired(storage: Storage, days: Collection[date]) -> list[date]:
    """The days that are kept. Older ones are skipped; the nightly retention removes what is stored of them."""
    oldest = storage.oldest_day
    kept = [day for day in days if day >= oldest]
    if len(kept) < len(days):
        expired = sorted(set(days) - set(kept))
        logger.warning("%s: older than MEETING_ASSETS_RETENTION_DAYS keeps, nothing is fetched", _spoken(expired))
    return kept


@retry_on_conflict
def _without_purged(storage: Storage, recording_ids: Sequence[str]) -> list[str]:
    with storage.database.reading() as connection:
        purged = tombstones.is_tombstoned(connection, recording_ids)
    for recording_id in sorted(purged):
        logger.warning("recording %s was purged and is not brought back", recording_id, extra=log_context(recording_id))
    return [each for each in recording_ids if each not in purged]


async def _discovered(
    client: RecallClient, storage: Storage, days: Collection[date], recording_ids: Sequence[str]
) -> Discovery:
    clock = ObservationClock.of(storage.database)
    here = storage.database.read(lambda connection: worklist.statuses(connection, days))
    if recording_ids:
        discovery = await discover_recordings(client, recording_ids, days, known=here, clock=clock)
    else:
        discovery = await discover_days(client, days, clock=clock)
    recordings, keys = storage.database.read(lambda connection: worklist.awaited_count(connection, days))
    # Stored artifacts that are no longer listed may have been deleted. To mark one, one look is enough.
    stored = storage.database.read(lambda connection: worklist.refetchable(connection, days))
    if not recording_ids and not storage.purges_deleted:
        stored -= storage.database.read(lambda connection: absence.marked(connection, days))
    keys |= stored
    if recording_ids:
        recordings &= set(recording_ids) - discovery.gone_recordings
        keys = {key for key in keys if key.recording_id in set(recording_ids)}
    elif _is_of_another_api(here, discovery):
        # One of them may really be deleted; a run that names it, or a look at a wider window, tells.
        recordings = set()
        logger.warning(
            "the API lists none of the %d recordings that are stored for %s, so nothing is concluded about them: check "
            "that RECALL_BASE_URL, RECALL_REGION and RECALL_API_KEY are those of the workspace they came from",
            len(here),
            _spoken(days),
        )
    else:
        # The lists leave out what was deleted.
        recordings |= {each for each, status in here.items() if status != DELETED or storage.purges_deleted}
    await retrieve_unfinished(
        client,
        discovery,
        recordings=recordings,
        media={(key.recording_id, ARTIFACTS[key.kind].collection, key.artifact_id) for key in keys},
        days=days,
    )
    await look_at_lists_again(client, storage, discovery)
    named = storage.database.read(lambda connection: worklist.named_bots(connection, days))
    await find_bots(client, discovery, named)
    return discovery


def _is_of_another_api(here: Mapping[str, str], discovery: Discovery) -> bool:
    """Whether the lists of some days show none of the recordings that are `here`, by status, and not deleted."""
    expected = {recording_id for recording_id, status in here.items() if status != DELETED}
    return bool(expected) and not expected & discovery.found.keys()


async def _purge_deleted(client: RecallClient, storage: Storage, discovery: Discovery, at: datetime) -> None:
    """Removes what this look and an earlier one have found deleted at the API."""
    deleted = {each.recording_id for each in discovery.found.values() if each.recording.status.code == DELETED}
    certain = await _certainly_gone(client, storage, discovery.gone_recordings)
    for recording_id in sorted(discovery.gone_recordings - certain):
        logger.warning(
            "recording %s is unknown to the API and so is all around it: it is kept, since to a key of another "
            "workspace everything seems deleted; `meeting-assets purge` removes it",
            recording_id,
            extra=log_context(recording_id),
        )
    confirmed = storage.database.read(
        lambda connection: absence.confirmed_recordings(connection, deleted | certain, at=at)
    )
    if confirmed:
        purge(storage, confirmed, tombstones.DELETED_AT_API)
    for recording_id in sorted((deleted | certain) - confirmed):
        logger.warning(UNCONFIRMED, recording_id, extra=log_context(recording_id))
    for recording_id in deleted & confirmed:
        del discovery.found[recording_id]
    purge_deleted_artifacts(storage, deleted_media(discovery), at=at)


async def _certainly_gone(client: RecallClient, storage: Storage, recording_ids: Collection[str]) -> set[str]:
    """Those of the recordings that the API does not know, though it knows their workspace.

    A bot outlives its recordings; where there was none, other recordings without one have to do.
    """
    bots, others = storage.database.read(
        lambda connection: (
            worklist.bots_of(connection, recording_ids),
            worklist.newest_without_bot(connection, recording_ids, MOST_PROBED),
        )
    )
    certain = set()
    retrieval = Retrieval(client)
    for recording_id, bot_id in sorted(bots.items()):
        witnesses = [("bot", bot_id)] if bot_id is not None else [("recording", other) for other in others]
        for collection, witness in witnesses:
            if (await retrieval.one(collection, witness)).document is not None:
                certain.add(recording_id)
                break
    return certain


@retry_on_conflict
def _wanted(
    storage: Storage, discovery: Discovery, kinds: Collection[str], *, refetch: bool, named: bool
) -> list[Wanted]:
    """The artifacts to download, earliest expiry first.

    Waiting ones are included only for named recordings or with `refetch`.
    """
    at = discovery.clock.wall_clock()
    with storage.database.reading() as connection:
        days = {found.day for found in discovery.found.values()}
        candidates = worklist.to_fetch(connection, days, refetch=refetch)
    never = datetime.max.replace(tzinfo=UTC)
    wanted = [
        each
        for each in candidates
        if each.key.kind in kinds
        and each.key.recording_id in discovery.found
        and (refetch or named or each.may_begin(at))
    ]
    expires_at = {recording_id: found.recording.expires_at or never for recording_id, found in discovery.found.items()}
    return sorted(wanted, key=lambda each: (expires_at[each.key.recording_id], each.key))


class _Fetch:
    """The downloads of one discovery.

    Its transactions block the event loop, so that a cancelled task leaves none half known. While the database does not
    answer, no download goes on; those that time out meanwhile are failed attempts and are repeated.
    """

    def __init__(self, client: RecallClient, storage: Storage, discovery: Discovery, report: FetchReport) -> None:
        self._client = client
        self._storage = storage
        self._discovery = discovery
        self._report = report
        self._places = asyncio.Semaphore(CONCURRENT_DOWNLOADS)
        self._done = 0
        self._begun: dict[Key, Wanted] = {}
        """Attempts that are recorded and have not ended."""

    async def run(self, wanted: Sequence[Wanted]) -> None:
        """Downloads everything; only a fault that stops all the others is raised.

        What ended the process before is downloaded last and alone.
        """
        total = len(wanted)
        usual = [each for each in wanted if not each.is_suspect]
        try:
            async with asyncio.TaskGroup() as tasks:
                for start in range(0, len(usual), RECORDED_AT_ONCE):
                    group = usual[start : start + RECORDED_AT_ONCE]
                    await self._places.acquire()
                    self._begin(group)
                    self._places.release()
                    for each in group:
                        await self._places.acquire()
                        tasks.create_task(self._one(each.key, total))
            for each in sorted((each for each in wanted if each.is_suspect), key=lambda each: each.attempts):
                self._begin([each])
                await self._places.acquire()
                await self._one(each.key, total)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            # If the database is down, the attempts stay counted.
            with suppress(StoreError):
                self._call_off()

    @retry_on_conflict
    def _begin(self, wanted: Sequence[Wanted]) -> None:
        """Records that these downloads begin, those that can be had."""
        offered = [each for each in wanted if self._is_offered(each.key)]
        if offered:
            with self._storage.database.writing() as connection:
                attempts.note_begun(connection, offered, at=self._discovery.clock.wall_clock())
            self._begun |= {each.key: each for each in offered}

    @retry_on_conflict
    def _call_off(self) -> None:
        """Takes back what was recorded of downloads that something else has stopped."""
        if self._begun:
            with self._storage.database.writing() as connection:
                attempts.note_called_off(connection, self._begun.values())

    def _media(self, key: Key) -> Media | None:
        return self._discovery.found[key.recording_id].media[ARTIFACTS[key.kind].collection].get(key.artifact_id)

    def _is_offered(self, key: Key) -> bool:
        """Whether it can be had now: it may still be made, or be deleted meanwhile."""
        media = self._media(key)
        return media is not None and media.status.code == "done"

    async def _one(self, key: Key, total: int) -> None:
        artifact = ARTIFACTS[key.kind]
        media = self._media(key)
        try:
            if media is not None and self._is_offered(key):
                await self._bring_home(key, artifact, media)
            self._begun.pop(key, None)
        except (StoreError, Refused):
            raise
        except MeetingAssetsError as error:
            self._set_aside(key, media, error)
        except Exception as error:  # noqa: BLE001 - our bug; the others go on and the step fails at its end
            self._report.faults.append(f"{key.kind} of {key.recording_id}: unexpected {type(error).__name__}")
            self._set_aside(key, media, MeetingAssetsError(f"unexpected {type(error).__name__}"))
        finally:
            self._places.release()
            self._done += 1
            if self._done % 50 == 0 or self._done == total:
                logger.info("%d of %d artifacts fetched", self._done, total)

    async def _bring_home(self, key: Key, artifact: Artifact, media: Media) -> None:
        observed_at = self._discovery.found[key.recording_id].media_observed_at(media)
        try:
            payload = await self._client.download(_url(artifact, media))
        except UrlExpired:
            observed_at = self._discovery.clock.now()
            note_recorded(self._storage.database, observed_at)
            try:
                document = await self._client.retrieve(artifact.collection, key.artifact_id)
            except Gone:
                self._note_gone(key, observed_at)
                self._report.counts[key.kind]["failed"] += 1
                return
            media = decode_object(document, Media, artifact.kind)
            payload = await self._client.download(_url(artifact, media))
        await self._keep(key, artifact, media, payload, observed_at)

    async def _keep(
        self, key: Key, artifact: Artifact, media: Media, payload: bytes, observed_at: datetime | None
    ) -> None:
        found = self._discovery.found[key.recording_id]
        if artifact.contains_signed_urls:
            payload = without_queries(payload)
        # Compression and the object store take their time; the ledger's transaction is short.
        kept = await asyncio.to_thread(
            self._storage.raw.write, found.day, key.recording_id, key.kind, key.artifact_id, payload
        )
        outcome = self._note_fetched(key, artifact, media, kept, observed_at)
        if outcome == "overtaken":
            remove_if_purged(self._storage, found.day, key)
        self._report.counts[key.kind][outcome] += 1

    @retry_on_conflict
    def _note_fetched(
        self, key: Key, artifact: Artifact, media: Media, kept: RawObject, observed_at: datetime | None
    ) -> str:
        with self._storage.database.writing() as connection:
            if self._is_purged(connection, key):
                return "overtaken"
            outcome = ledger.note_fetched(
                connection,
                key,
                raw_key=kept.key,
                sha256=kept.sha256,
                size_bytes=kept.size_bytes,
                updated_at=_updated_at(media),
                is_many=artifact.allows_multiple,
                at=self._discovery.clock.wall_clock(),
                observed_at=observed_at,
            )
            if outcome == "overtaken":
                self._call_off_one(connection, key)
            return outcome

    def _call_off_one(self, connection: Connection, key: Key) -> None:
        """Takes back the mark of an attempt whose outcome is not recorded: another run observed the object later."""
        if key in self._begun:
            ledger.locked(connection, key.kind, [key.recording_id])
            attempts.note_called_off(connection, [self._begun[key]])

    def _is_purged(self, connection: Connection, key: Key) -> bool:
        """True if another run has purged the artifact meanwhile; its ledger rows stay locked."""
        if not self._storage.purges_deleted:
            return False
        ledger.locked(connection, key.kind, [key.recording_id])
        return key in tombstones.purged_artifacts(connection, [key.recording_id])

    @retry_on_conflict
    def _note_gone(self, key: Key, observed_at: datetime) -> None:
        with self._storage.database.writing() as connection:
            ledger.note_gone(connection, key.recording_id, key.artifact_id, observed_at=observed_at)
            self._call_off_one(connection, key)

    def _set_aside(self, key: Key, media: Media | None, error: MeetingAssetsError) -> None:
        self._note_failed(key, media, error, self._discovery.clock.wall_clock())
        self._begun.pop(key, None)
        self._report.counts[key.kind]["failed"] += 1
        logger.warning("%s of %s could not be fetched: %s", key.kind, key.recording_id, error, extra=log_context(*key))

    @retry_on_conflict
    def _note_failed(self, key: Key, media: Media | None, error: MeetingAssetsError, at: datetime) -> None:
        found = self._discovery.found[key.recording_id]
        with self._storage.database.writing() as connection:
            ledger.note_failed_attempt(
                connection,
                key,
                str(error),
                updated_at=_updated_at(media) if media else None,
                at=at,
                expires_at=found.recording.expires_at,
                is_missing=isinstance(error, BytesMissing),
                is_refused=isinstance(error, UrlExpired),
                is_too_large=isinstance(error, TooLarge),
            )


def _url(artifact: Artifact, media: Media) -> str:
    if artifact.url_field not in media.data:
        raise Transient(NO_URL_YET)
    return str(media.data[artifact.url_field])


def _updated_at(media: Media) -> datetime | None:
    return utc(media.status.updated_at) if media.status.updated_at else None


def _spoken(days: Collection[date]) -> str:
    return str(min(days)) if len(days) == 1 else f"{min(days)} to {max(days)}"
