"""Roll-up of series: `recording_series`, `series_members` and `series_trends`.

A series is outdated if `recording_series` has another hash than that of its inputs: the rows of its recordings, the
`inputs_hash` of their metrics, and every participant key whose person another meeting or an alias decides.

Computing these hashes takes 0.2 s for 6,000 meetings. `meta` has one hash of the inputs and results of all series.
While it matches, no series is outdated.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, select

from meeting_assets.artifacts.person_keys import name_keys
from meeting_assets.metrics.occurrences import SeriesRecording, meetings_of
from meeting_assets.metrics.series import (
    SERIES_MEETINGS,
    SERIES_TABLES,
    SeriesAttendee,
    member_columns,
    series_columns,
    series_trends,
)
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.trends import PersonKeys
from meeting_assets.pipeline.key_occurrences import keys_of_recording
from meeting_assets.pipeline.persons import Persons, known_persons
from meeting_assets.pipeline.rollup import ROLLUP_VERSION, RollupReport
from meeting_assets.pipeline.sql_functions import CodePoints
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import locks
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import meta_value, table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.locks import Lock
from meeting_assets.store.modification import MODIFIED_AT, kept_instant
from meeting_assets.store.observation import database_now

logger = logging.getLogger(__name__)

MEETINGS, MEMBERS, KEYS = table_of(MeetingMetrics), table_of(ParticipantMetrics), table_of(PersonKeys).c
TABLES = SERIES, SERIES_OF_MEMBERS, TRENDS = [table_of(model) for model in SERIES_TABLES]
SERIES_HASH = "series_made_from"
"""Name in `meta` of the hash of the inputs and results of all series."""
_SEPARATOR = "\x1f"


@retry_on_conflict
def roll_up_series(storage: Storage) -> RollupReport:
    """Updates all outdated series."""
    started = monotonic()
    report = RollupReport()
    with storage.database.reading() as connection:
        persons = known_persons(connection)
        # Read before the hashes: a commit in between makes the series seem outdated again.
        inputs = _inputs(connection, persons)
        present = _hashes(connection, persons)
        stored = _stored_hashes(connection)
    stale = _differing(present, stored)
    report.unchanged = len({*present, *stored}) - len(stale)
    for series_id in stale:
        with storage.database.writing() as connection:
            locks.take(connection, Lock.ROLLUP)
            # Read under the lock: a purge in between may have removed persons.
            _roll_up_one(connection, series_id, known_persons(connection), storage)
        report.changed += 1
    storage.database.set_meta(SERIES_HASH, _sha256([inputs, sorted(present.items())]))
    report.rollup_s = round(monotonic() - started, 3)
    logger.info("series: %d changed, %d unchanged", report.changed, report.unchanged)
    return report


def outdated_series(storage: Storage) -> list[str]:
    """The ids of series whose rows are missing or outdated."""
    with storage.database.reading() as connection:
        persons, stored = known_persons(connection), _stored_hashes(connection)
        # perf: this hash takes a quarter of the time of the hashes of all series, and is usually enough
        if meta_value(connection, SERIES_HASH) == _sha256([_inputs(connection, persons), sorted(stored.items())]):
            return []
        return _differing(_hashes(connection, persons), stored)


def forget(connection: Connection, recording_id: str) -> set[str]:
    """Deletes all rows of the recording's series, and of all series with a member from the recording.

    Members of other series may have a key or name from this recording alone. Returns the tables that had such rows.

    The caller's transaction has taken `Lock.ROLLUP` before any other lock. `rollup.forget` is called later, because it
    deletes the persons of the recording's keys.
    """
    own = connection.scalars(select(RECORDINGS.c.series_id).where(RECORDINGS.c.recording_id == recording_id))
    keys = keys_of_recording(connection, recording_id)
    keys |= {*connection.scalars(select(KEYS.person_key).where(KEYS.known_key.in_(keys)))}
    c = SERIES_OF_MEMBERS.c
    shared = connection.scalars(select(c.series_id).where(c.person_key.in_(keys)).distinct())
    deleted: set[str] = set()
    for series_id in sorted({each for each in (*own, *shared) if each is not None}):
        deleted |= _delete(connection, series_id)
    return deleted


def _delete(connection: Connection, series_id: str) -> set[str]:
    deletes = {table.name: table.delete().where(table.c.series_id == series_id) for table in TABLES}
    return {name for name, delete in deletes.items() if connection.execute(delete).rowcount}


def _stored_hashes(connection: Connection) -> dict[str, str]:
    return dict(connection.execute(select(SERIES.c.series_id, SERIES.c.inputs_hash)).all())


def _differing(present: Mapping[str, str], stored: Mapping[str, str]) -> list[str]:
    """The ids of outdated series."""
    return sorted(each for each in {*present, *stored} if present.get(each) != stored.get(each))


def _inputs(connection: Connection, persons: Persons) -> str:
    """The hash of all that `_hashes` depends on, from one text per recording.

    The text of equal values may differ between sessions, for example by their time zone. Then all series are compared.
    """
    c = RECORDINGS.c
    values = (*_of_recordings(), c.series_id, MEETINGS.c.inputs_hash)
    texts: list[ColumnElement[str]] = [func.coalesce(cast(each, Text), "", type_=Text()) for each in values]
    # SQLite has no function for this before version 3.44.
    text = reduce(lambda before, each: before.concat(_SEPARATOR).concat(each), texts)
    joined = select(text).join_from(MEETINGS, RECORDINGS, c.recording_id == MEETINGS.c.recording_id)
    rows = connection.scalars(_of_series(joined, None).order_by(c.recording_id))
    return _sha256([ROLLUP_VERSION, sorted(persons.by_key.items()), sorted(persons.key_of_name.items()), *rows])


def _hashes(connection: Connection, persons: Persons, series_id: str | None = None) -> dict[str, str]:
    """The hash of the inputs of each series, or of one, with enough meetings."""
    recordings: dict[str, list[SeriesRecording]] = defaultdict(list)
    inputs: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for found_id, recording, inputs_hash in _recordings(connection, series_id):
        recordings[found_id].append(recording)
        inputs[found_id].append((*recording, inputs_hash))
    renamed = _renamed(connection, persons, series_id)
    return {
        each: _sha256([ROLLUP_VERSION, sorted(inputs[each]), sorted(renamed.get(each, ()))])
        for each, of_series in recordings.items()
        if len(of_series) >= SERIES_MEETINGS and len(meetings_of(of_series)) >= SERIES_MEETINGS
    }


def _recordings(connection: Connection, series_id: str | None) -> Iterator[tuple[str, SeriesRecording, str]]:
    """Series, recording and hash of its metrics of all recordings of a series, or of all series."""
    joined = select(MEETINGS.c.inputs_hash, RECORDINGS.c.series_id, *_of_recordings()).join_from(
        MEETINGS, RECORDINGS, RECORDINGS.c.recording_id == MEETINGS.c.recording_id
    )
    query = _of_series(joined, series_id)
    for inputs_hash, found_id, *columns in connection.execute(query):
        yield found_id, SeriesRecording(*columns), inputs_hash


def _of_recordings() -> tuple[ColumnElement[Any], ...]:
    """The values of `SeriesRecording`."""
    c = RECORDINGS.c
    at = func.coalesce(c.started_at, c.created_at, type_=c.created_at.type)
    title = func.coalesce(c.display_title, c.title)
    times = (MEETINGS.c.duration_s, MEETINGS.c.first_speech_s)
    ids = (c.bot_id, c.calendar_event_id, c.meeting_uuid)
    return (c.recording_id, c.day, at, *times, *ids, c.scheduled_at, c.scheduled_end_at, title, c.platform)


def _renamed(connection: Connection, persons: Persons, series_id: str | None) -> Mapping[str, Collection[Any]]:
    """Keys of participants by series, with the person that another meeting or an alias determines."""
    renamed = {key: person for key, person in persons.by_key.items() if key != person}
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    if not renamed:
        return found
    members = (RECORDINGS.c.series_id, MEMBERS.c.person_key, MEMBERS.c.name)
    for found_id, key, name in connection.execute(_of_members(*members, series_id=series_id).distinct()):
        known_key = persons.key_of_name.get(name) if key is None else key
        if known_key in renamed:
            found[found_id].add((known_key, renamed[known_key]))
    return found


def _roll_up_one(connection: Connection, series_id: str, persons: Persons, storage: Storage) -> None:
    inputs_hash = _hashes(connection, persons, series_id).get(series_id)
    if inputs_hash is None:
        _delete(connection, series_id)
        return
    meetings = meetings_of(recording for _, recording, _ in _recordings(connection, series_id))
    attendees = _attendees(connection, persons, series_id)
    members = member_columns(meetings, attendees, late_grace_s=storage.parameters.late_grace_s)
    trends = series_trends(_metrics(connection, series_id))
    key: dict[str, Any] = {"series_id": series_id}
    row = {**key, "inputs_hash": inputs_hash, **series_columns(meetings, members.values()), MODIFIED_AT: None}
    row[MODIFIED_AT] = kept_instant(connection, SERIES, [row[column.name] for column in SERIES.columns])
    _delete(connection, series_id)
    connection.execute(SERIES.insert(), row | {MODIFIED_AT: row[MODIFIED_AT] or database_now(connection)})
    connection.execute(TRENDS.insert(), [{**key, "week": week, **each} for week, each in trends.items()])
    if members:
        rows_of_members = [{**key, "person_key": person, **each} for person, each in members.items()]
        connection.execute(SERIES_OF_MEMBERS.insert(), rows_of_members)


def _attendees(connection: Connection, persons: Persons, series_id: str) -> Iterator[SeriesAttendee]:
    """The participants of a series, without those that have neither a key nor a name."""
    c = MEMBERS.c
    times = (c.first_join_s, c.joined_late_s)
    query = _of_members(c.recording_id, c.person_key, c.name, *times, series_id=series_id)
    for recording_id, key, name, *columns in connection.execute(
        query.order_by(c.recording_id, CodePoints(c.participant_key))
    ):
        person = persons.of(key, name) or next(iter(name_keys(name)), None)
        if person is not None:
            yield SeriesAttendee(recording_id, person, name, *columns)


def _metrics(connection: Connection, series_id: str) -> list[Mapping[str, Any]]:
    query = select(MEETINGS, RECORDINGS.c.day).join(RECORDINGS, RECORDINGS.c.recording_id == MEETINGS.c.recording_id)
    ordered = _of_series(query, series_id).order_by(RECORDINGS.c.recording_id)
    return [dict(row) for row in connection.execute(ordered).mappings()]


def _of_members(*columns: Any, series_id: str | None) -> Select[Any]:
    joined = select(*columns).join_from(MEMBERS, RECORDINGS, RECORDINGS.c.recording_id == MEMBERS.c.recording_id)
    return _of_series(joined, series_id)


def _of_series(query: Select[Any], series_id: str | None) -> Select[Any]:
    column = RECORDINGS.c.series_id
    return query.where(column.is_not(None) if series_id is None else column == series_id)


def _sha256(document: object) -> str:
    return hashlib.sha256(json.dumps(document, separators=(",", ":"), default=str).encode()).hexdigest()
