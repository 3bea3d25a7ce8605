"""The speakers of one recording: their keys in the parsed tables, and the participants that they resolve to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, Text, cast, select, union

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances
from meeting_assets.core.errors import UsageError
from meeting_assets.core.ids import SHORTEST_PREFIX, canonical_uuid, uuid_prefix
from meeting_assets.core.speaker_keys import LABEL_PREFIX, UNKNOWN
from meeting_assets.metrics.speakers import Speaker, Speakers
from meeting_assets.pipeline.derive import is_outdated
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import tombstones
from meeting_assets.store.corrections import StoredCorrection, corrections_of
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

EVENTS, TIMELINE = table_of(ParticipantEvents).c, table_of(SpeakerTimeline).c
TRANSCRIPTS, UTTERANCES = table_of(Transcripts).c, table_of(TranscriptUtterances).c
SPEAKERS, LISTED = table_of(Speakers).c, table_of(Participants).c


class Occurring(NamedTuple):
    """The keys that occur in a recording's sources: events, speaker timeline, and primary transcript."""

    speakers: frozenset[str]
    participants: frozenset[str]
    """The listed participants, and the speakers with a participant's id."""


@dataclass(frozen=True, slots=True)
class SpeakersOfRecording:
    """The speakers of a recording, and the corrections in force."""

    recording_id: str
    day: date
    resolved: Sequence[Speaker]
    corrections: Sequence[StoredCorrection]
    occurring: Occurring
    participants: Mapping[str, str | None]
    """The participants that speakers can be assigned to, with their names in the participants artifact."""
    is_outdated: bool
    """True if the resolution does not reflect the present artifacts, settings and corrections."""


def speakers_of(storage: Storage, recording_id: str) -> SpeakersOfRecording:
    """The speakers of a stored recording."""
    with storage.database.reading() as connection:
        day = connection.scalars(select(RECORDINGS.c.day).where(RECORDINGS.c.recording_id == recording_id)).one()
        resolved = resolved_speakers(connection, recording_id)
        in_force = [*corrections_of(connection, recording_id).values()]
        occurring = occurring_keys(connection, recording_id)
        names = select(LISTED.participant_key, LISTED.name).where(LISTED.recording_id == recording_id)
        listed: dict[str, str | None] = dict(connection.execute(names).all())
    participants = {key: listed.get(key) for key in sorted(occurring.participants)}
    outdated = is_outdated(storage, recording_id)
    return SpeakersOfRecording(recording_id, day, resolved, in_force, occurring, participants, outdated)


def resolved_speakers(connection: Connection, recording_id: str) -> list[Speaker]:
    """The rows of `speakers` of one recording, by source and speaker key."""
    columns = [SPEAKERS[name] for name in Speaker._fields]
    rows = connection.execute(select(*columns).where(SPEAKERS.recording_id == recording_id))
    return sorted((Speaker(*row) for row in rows), key=lambda each: (each.source, each.speaker_key))


def occurring_keys(connection: Connection, recording_id: str) -> Occurring:
    """The speaker keys and participant keys in the sources of one recording."""
    found = connection.scalars(
        union(
            *(select(c.participant_key).where(c.recording_id == recording_id) for c in (EVENTS, TIMELINE)),
            select(UTTERANCES.participant_key)
            .join(table_of(Transcripts), TRANSCRIPTS.transcript_id == UTTERANCES.transcript_id)
            .where(*(c.recording_id == recording_id for c in (UTTERANCES, TRANSCRIPTS)), TRANSCRIPTS.is_primary),
        )
    )
    speakers = frozenset(found)
    listed = connection.scalars(select(LISTED.participant_key).where(LISTED.recording_id == recording_id))
    participants = {*listed, *(key for key in speakers if not key.startswith(LABEL_PREFIX))} - {UNKNOWN}
    return Occurring(speakers | participants, frozenset(participants))


def find_recording(connection: Connection, given: str) -> str:
    """The id of a stored recording, given as its id in any notation or as the beginning of its id.

    Raises:
        UsageError: no stored recording has that id, or several do; or the recording was purged.
    """
    prefix = uuid_prefix(given)
    if prefix is None:
        try:
            recording_id = canonical_uuid(given)
        except UsageError:
            raise UsageError(
                f"The argument is not a recording id. Give a UUID, or at least its first {SHORTEST_PREFIX} characters."
            ) from None
        if (purged_at := tombstones.purged_at(connection, recording_id)) is not None:
            raise UsageError(f"Recording {recording_id} was purged on {purged_at.date()}.")
        condition = RECORDINGS.c.recording_id == recording_id
        missing = f"Recording {recording_id} is not stored. Run `meeting-assets sync --recording {recording_id}`."
    else:
        condition = cast(RECORDINGS.c.recording_id, Text).startswith(prefix)
        missing = f"No stored recording has an id that begins with {prefix}. Check the id."
    found = connection.scalars(select(RECORDINGS.c.recording_id).where(condition).limit(2)).all()
    if not found:
        raise UsageError(missing)
    if len(found) > 1:
        raise UsageError(f"Several recordings have ids that begin with {prefix}. Give more characters of the id.")
    return str(found[0])
