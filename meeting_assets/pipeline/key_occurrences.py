"""Keys of persons by recording: person keys, addresses beside them, and `name:` keys of participants without a key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, select

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.person_keys import NAME_PREFIX, name_keys, person_key
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import TranscriptUtterances
from meeting_assets.core.batches import batched
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

LISTED = table_of(Participants).c
MEASURED = table_of(ParticipantMetrics).c
BATCH = 500

_NAMES = (
    table_of(ParticipantEvents).c.participant_name,
    table_of(SpeakerTimeline).c.speaker_name,
    table_of(TranscriptUtterances).c.speaker_name,
)
_UNMEASURED = select(RECORDINGS.c.recording_id).where(
    ~exists().where(table_of(MeetingMetrics).c.recording_id == RECORDINGS.c.recording_id)
)


def keys_of_recording(connection: Connection, recording_id: str) -> set[str]:
    """All keys that identify participants of a recording in `people`, `person_keys` or `person_aliases`."""
    listed = select(LISTED.person_key, LISTED.email, LISTED.name).where(LISTED.recording_id == recording_id)
    measured = select(MEASURED.person_key, MEASURED.name).where(MEASURED.recording_id == recording_id)
    rows = [
        *connection.execute(listed).all(),
        *((key, None, name) for key, name in connection.execute(measured).all()),
    ]
    return {each for row in rows for each in _keys_of(*row)}


def names_in_artifacts(connection: Connection, condition: Callable[[Any], ColumnElement[bool]]) -> set[str]:
    """The `name:` keys of all speakers that artifacts of some recordings name, with or without a person key.

    `condition` selects recordings by the column `recording_id` of each table.
    """
    names = (select(name).where(condition(name.table.c.recording_id)).distinct() for name in _NAMES)
    return {key for query in names for each in connection.scalars(query) for key in name_keys(each)}


def occurring_person_keys(connection: Connection, wanted: Collection[str]) -> set[str]:
    """Those of some keys that identify a participant of any recording."""
    found: set[str] = set()
    for batch in batched(sorted(wanted), BATCH):
        found.update(connection.scalars(select(LISTED.person_key).where(LISTED.person_key.in_(batch)).distinct()))
    if any(key.startswith("email:") for key in wanted):
        addresses = connection.scalars(select(LISTED.email).where(LISTED.email.is_not(None)).distinct())
        found |= {key for each in addresses if (key := person_key(None, each)) is not None}
    if any(key.startswith(NAME_PREFIX) for key in wanted):
        for table in (LISTED, MEASURED):
            names = connection.scalars(select(table.name).where(table.person_key.is_(None)).distinct())
            found |= {key for each in names for key in name_keys(each)}
        # Recordings without metrics now may have metrics later, with the names of these artifacts.
        found |= names_in_artifacts(connection, lambda recording_id: recording_id.in_(_UNMEASURED))
    return found & {*wanted}


def _keys_of(key: str | None, email: str | None, name: str | None) -> Iterator[str]:
    """The keys of a participant."""
    if key is None:
        yield from name_keys(name)
        return
    yield key
    if (address_key := person_key(None, email)) is not None:
        yield address_key
