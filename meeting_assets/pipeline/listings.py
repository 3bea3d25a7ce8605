"""recording.json: the listing of a recording in the raw store, from which its rows are rebuilt without the API.

    recording         the recording object as listed, without URLs and secrets
    bot               columns about the bot
    kept              other columns that the recording object may not contain any more
    media             the artifacts' states at the API
    media_objects     rows of `media_objects`
    meeting_metadata  rows of `meeting_metadata`
    bot_object        the bot object as listed, without secrets, recordings and images; if `bots` had the bot before
                      the recording was found, only the fields that are stored there, in the form of the API

Files of earlier versions have only `recording`, `media`, and `bot` with fewer columns. These versions ignore the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.batches import batched
from meeting_assets.core.errors import PayloadError
from meeting_assets.pipeline.discovered import Found
from meeting_assets.pipeline.media_objects import media_by_recording, media_object_rows, meeting_metadata_rows
from meeting_assets.pipeline.recording_rows import KEPT_COLUMNS
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.objects import BOT_COLUMNS
from meeting_assets.schema.media_objects import MediaObjects, MeetingMetadata
from meeting_assets.store import ledger, ledger_api, tombstones, worklist
from meeting_assets.store.connections import retry_on_conflict

BATCH = 100


class ListedArtifact(msgspec.Struct, frozen=True):
    """The state of one artifact at the API, in recording.json."""

    kind: str
    artifact_id: str
    api_status: str | None = None
    sub_code: str | None = None
    api_updated_at: datetime | None = None
    api_created_at: datetime | None = None
    provider: str | None = None
    sha256: str | None = None
    """Of the stored bytes, if they belong to the latest observed state of the artifact."""


class BotFacts(msgspec.Struct, frozen=True):
    """Columns of `recordings` about the bot, in recording.json."""

    bot_id: str | None = None
    bot_name: str | None = None
    platform: str | None = None
    meeting_id: str | None = None
    bot_metadata: dict[str, Any] | None = None
    join_at: datetime | None = None
    scheduled_at: datetime | None = None
    scheduled_end_at: datetime | None = None
    calendar_event_id: str | None = None
    calendar_user_id: str | None = None


class KeptFacts(msgspec.Struct, frozen=True):
    """Other columns of `recordings`, in recording.json."""

    title: str | None = None
    meeting_uuid: str | None = None
    source: str | None = None
    recording_metadata: dict[str, Any] | None = None
    series_id: str | None = None
    display_title: str | None = None


class MediaFacts(msgspec.Struct, frozen=True):
    """A row of `media_objects`, in recording.json."""

    collection: str
    media_object_id: str
    status: str | None = None
    sub_code: str | None = None
    format: str | None = None
    size_bytes: int | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None


class MetadataFacts(msgspec.Struct, frozen=True):
    """A row of `meeting_metadata`, in recording.json."""

    media_object_id: str
    status: str | None = None
    created_at: datetime | None = None
    title: str | None = None
    meeting_uuid: str | None = None
    data: dict[str, Any] | None = None


class Listing(msgspec.Struct, frozen=True):
    """The content of recording.json."""

    recording: dict[str, Any]
    bot: BotFacts
    media: list[ListedArtifact]
    kept: KeptFacts = KeptFacts()
    media_objects: list[MediaFacts] | None = None
    """None in files of earlier versions."""
    meeting_metadata: list[MetadataFacts] | None = None
    """None in files of earlier versions."""
    bot_object: dict[str, Any] | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """Columns of `recordings` that the file contains beside the recording object."""
        return {**msgspec.structs.asdict(self.bot), **msgspec.structs.asdict(self.kept)}


def listing_of(content: bytes | None) -> Listing:
    """Decodes recording.json.

    Raises:
        PayloadError: the file is missing or malformed.
    """
    if content is None:
        raise PayloadError("recording.json is missing; sync that day to restore it")
    try:
        return msgspec.json.decode(content, type=Listing)
    except msgspec.DecodeError as error:
        raise PayloadError(f"recording.json: {error}") from None


def listed_media_rows(found: Found, listing: Listing) -> list[dict[str, Any]]:
    """Rows of `media_objects` from recording.json; from the recording and its artifacts in earlier versions' files."""
    if listing.media_objects is not None:
        return [{"recording_id": found.recording_id, **_row(each)} for each in listing.media_objects]
    rows = {(row["collection"], row["media_object_id"]): row for row in media_object_rows(found)}
    for each in listing.media:
        if each.kind in ARTIFACTS:
            key = ARTIFACTS[each.kind].collection, each.artifact_id
            facts = MediaFacts(*key, each.api_status, each.sub_code, created_at=each.api_created_at)
            rows.setdefault(key, {"recording_id": found.recording_id, **_row(facts)})
    return [*rows.values()]


def listed_metadata_rows(found: Found, listing: Listing) -> list[dict[str, Any]]:
    """Rows of `meeting_metadata` from recording.json; in files of earlier versions from the recording."""
    if listing.meeting_metadata is None:
        return meeting_metadata_rows(found)
    return [{"recording_id": found.recording_id, **_row(each)} for each in listing.meeting_metadata]


def keep_listings(storage: Storage, founds: Iterable[Found]) -> None:
    """Updates recording.json of these recordings from the database."""
    for batch in found_batches(founds):
        keep_batch(storage, batch)


def keep_batch(storage: Storage, batch: Sequence[Found]) -> None:
    """Writes recording.json of some recordings where its content has changed."""
    recordings, contents = _read_contents(storage, batch)
    written: list[dict[str, str | None]] = []
    for found in batch:
        if found.recording_id not in contents:
            continue  # purged by another run
        row, content = recordings[found.recording_id], contents[found.recording_id]
        sha256, former = hashlib.sha256(_encoded(content)).hexdigest(), row["listing_sha256"]
        bot_object = found.bot_object
        if sha256 == former and bot_object is None:
            continue
        if row["bot_id"] is not None and (sha256 == former or bot_object is None):
            kept = _stored_bot_object(storage, found)
            if sha256 == former and bot_object == kept:
                continue
            bot_object = bot_object or kept
        listing = _encoded({**content, "bot_object": bot_object} if bot_object else content)
        storage.raw.write_listing(found.day, found.recording_id, listing)
        written.append({"id": found.recording_id, "sha256": sha256, "former_sha256": former})
    _mark_written(storage, batch, written)


def found_batches(founds: Iterable[Found]) -> list[list[Found]]:
    """Batches of recordings in one order, so that two runs that write the same recordings cannot deadlock."""
    return [*batched(sorted(founds, key=lambda found: found.recording_id), BATCH)]


@retry_on_conflict
def _read_contents(
    storage: Storage, batch: Sequence[Found]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The rows of some recordings and the contents of recording.json, by recording.

    The contents are without bot objects: a discovery does not show a known bot again.
    """
    ids = [found.recording_id for found in batch]
    with storage.database.reading() as connection:
        recordings = ledger.lock_recordings(connection, ids)
        states = worklist.api_states_of(connection, ids)
        media = media_by_recording(connection, MediaObjects, ids)
        metadata = media_by_recording(connection, MeetingMetadata, ids)
    contents = {
        found.recording_id: {
            "recording": found.listed,
            "bot": {name: recordings[found.recording_id][name] for name in ("bot_id", *BOT_COLUMNS)},
            "kept": {name: recordings[found.recording_id][name] for name in KEPT_COLUMNS},
            "media": states.get(found.recording_id, []),
            "media_objects": media[found.recording_id],
            "meeting_metadata": metadata[found.recording_id],
        }
        for found in batch
        if found.recording_id in recordings
    }
    return recordings, contents


def _stored_bot_object(storage: Storage, found: Found) -> dict[str, Any] | None:
    """The bot object of the stored recording.json; None if there is none, or the file cannot be read."""
    content = storage.raw.read_listing(found.day, found.recording_id)
    try:
        return listing_of(content).bot_object
    except PayloadError:
        return None


@retry_on_conflict
def _mark_written(storage: Storage, batch: Sequence[Found], written: Sequence[Mapping[str, str | None]]) -> None:
    """Records the hashes of written files, and removes files of recordings that were purged meanwhile."""
    if not written:
        return
    with storage.database.writing() as connection:
        ledger_api.mark_listings_written(connection, written)
        purged = tombstones.tombstoned_recordings(connection, [str(each["id"]) for each in written])
    for found in batch:
        if found.recording_id in purged:
            storage.raw.purge(found.day, found.recording_id)


def _row(facts: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(facts)


def _encoded(content: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(content, order="deterministic")
