"""Roll-ups: weekly trends of meetings and persons, and the table of all people.

A week is outdated if `meeting_trends` has another hash than that of its inputs. Inputs of a week: `inputs_hash` of its
meetings and of the week before, and every participant key whose person another week or an alias decides.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, false, func, null, or_, select, true
from sqlmodel import SQLModel

from meeting_assets.core.batches import batched
from meeting_assets.core.progress import Stage, report_progress
from meeting_assets.metrics.parameters import METRICS_VERSION
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.trends import (
    ROLLUPS,
    TRENDS_VERSION,
    MeetingTrends,
    People,
    PersonKeys,
    PersonTrends,
    person_trends,
)
from meeting_assets.metrics.weeks import WEEK, meeting_trend, monday
from meeting_assets.pipeline.key_occurrences import keys_of_recording
from meeting_assets.pipeline.people import people_rows
from meeting_assets.pipeline.persons import Persons, covered_talk_share, known_persons, person_meetings
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import locks
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, delete_meta, meta_value, put_meta, table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.locks import Lock
from meeting_assets.store.modification import MODIFIED_AT
from meeting_assets.store.observation import database_now

logger = logging.getLogger(__name__)

LAST_DAY = timedelta(days=6)
PEOPLE_HASH = "people_made_from"
"""Name in `meta` of the hash of the inputs of `people` and `person_keys`."""
ROLLUP_VERSION = f"{METRICS_VERSION}.{TRENDS_VERSION}"

MEETINGS = table_of(MeetingMetrics).c
MEMBERS = table_of(ParticipantMetrics).c
TRENDS, OF_PERSONS = table_of(MeetingTrends), table_of(PersonTrends)
PEOPLE, KEYS = table_of(People), table_of(PersonKeys)
TABLES = frozenset(table_of(model).name for model in ROLLUPS)


@dataclass(slots=True)
class RollupReport:
    """Counts of weeks whose trends were computed or were up to date."""

    changed: int = 0
    unchanged: int = 0
    rollup_s: float = 0.0


@retry_on_conflict
def roll_up(storage: Storage, weeks: Collection[date] | None = None) -> RollupReport:
    """Updates the trends of some weeks, given by their Mondays, or of all weeks."""
    started = monotonic()
    report = RollupReport()
    with storage.database.reading() as connection:
        stale, fresh = _stale_and_fresh(connection, known_persons(connection), weeks)
    report.unchanged = len(fresh)
    for number, week in enumerate(sorted(stale)):
        report_progress(Stage.ROLL_UP, number, len(stale))
        with storage.database.writing() as connection:
            locks.take(connection, Lock.ROLLUP)
            # Read under the lock: a purge in between may have removed persons.
            _roll_up_week(connection, week, known_persons(connection), storage)
        report.changed += 1
    report.rollup_s = round(monotonic() - started, 3)
    logger.info("trends: %d weeks changed, %d unchanged", report.changed, report.unchanged)
    return report


def row_counts(connection: Connection) -> dict[type[SQLModel], int]:
    """Row count of each table."""
    return {model: connection.scalar(select(func.count()).select_from(table_of(model))) or 0 for model in ROLLUPS}


def row_counts_by_week(connection: Connection, weeks: Collection[date]) -> dict[type[SQLModel], dict[date, int]]:
    """Row counts of the tables with weeks, by Monday; weeks without rows are missing."""
    counts: dict[type[SQLModel], dict[date, int]] = {}
    for model in (MeetingTrends, PersonTrends):
        week = table_of(model).c.week
        rows = connection.execute(select(week, func.count().label("row_count")).where(week.in_(weeks)).group_by(week))
        counts[model] = {row.week: row.row_count for row in rows}
    return counts


def outdated_weeks(storage: Storage, weeks: Collection[date] | None = None) -> list[date]:
    """Mondays of the weeks, among some or all, whose trends are missing or outdated."""
    with storage.database.reading() as connection:
        return sorted(_stale_and_fresh(connection, known_persons(connection), weeks)[0])


@retry_on_conflict
def roll_up_people(storage: Storage) -> int:
    """Updates `people` and `person_keys`; returns the number of changed rows."""
    with storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        persons = known_persons(connection)
        # Read before the metrics: a commit of another run in between makes the table outdated again.
        inputs_hash = _hash_of_people(connection, persons)
        changed = _replace(connection, People, people_rows(connection, persons, storage))
        changed += _replace(connection, PersonKeys, sorted(persons.by_key.items()))
        put_meta(connection, {PEOPLE_HASH: inputs_hash})
        return changed


def are_people_outdated(storage: Storage) -> bool:
    """True if `people` or `person_keys` do not reflect the present metrics of all meetings."""
    with storage.database.reading() as connection:
        stored_hash = meta_value(connection, PEOPLE_HASH) or _HASH_OF_NO_PEOPLE
        return stored_hash != _hash_of_people(connection, known_persons(connection))


def forget(connection: Connection, recording_id: str) -> set[str]:
    """Deletes the trends of the recording's weeks and the rows of its persons; returns the tables that had such rows.

    Other persons' rows stay; their `covered_talk_share` includes the recording until the next roll-up.

    The caller's transaction has taken `Lock.ROLLUP` before any other lock.
    """
    day = connection.scalar(select(RECORDINGS.c.day).where(RECORDINGS.c.recording_id == recording_id))
    keys = keys_of_recording(connection, recording_id)
    persons = {*connection.scalars(select(KEYS.c.person_key).where(KEYS.c.known_key.in_(keys)))}
    doomed: list[tuple[Table, ColumnElement[bool]]] = [
        (PEOPLE, PEOPLE.c.person_key.in_(keys | persons)),
        (KEYS, KEYS.c.person_key.in_(keys | persons)),
    ]
    if day is not None:
        weeks = [monday(day), monday(day) + WEEK]
        doomed += [(OF_PERSONS, OF_PERSONS.c.week.in_(weeks)), (TRENDS, TRENDS.c.week.in_(weeks))]
    delete_meta(connection, META.name == PEOPLE_HASH)
    return {table.name for table, condition in doomed if connection.execute(table.delete().where(condition)).rowcount}


def _stale_and_fresh(
    connection: Connection, persons: Persons, weeks: Collection[date] | None
) -> tuple[set[date], set[date]]:
    """Divides some weeks, or all, into outdated ones and others."""
    present = _hashes(connection, persons, weeks)
    stored = dict(connection.execute(select(TRENDS.c.week, TRENDS.c.inputs_hash)).all())
    requested = {*present, *stored} if weeks is None else {*weeks}
    stale = {week for week in requested if present.get(week) != stored.get(week)}
    return stale, requested - stale


def _hashes(connection: Connection, persons: Persons, weeks: Collection[date] | None) -> dict[date, str]:
    """The hash of the inputs of the trends, per week with meetings."""
    inputs: dict[date, list[tuple[str, str]]] = defaultdict(list)
    query = select(RECORDINGS.c.day, MEETINGS.recording_id, MEETINGS.inputs_hash).join_from(
        table_of(MeetingMetrics), RECORDINGS, RECORDINGS.c.recording_id == MEETINGS.recording_id
    )
    for day, recording_id, inputs_hash in connection.execute(query.where(_in(weeks))):
        inputs[monday(day)].append((recording_id, inputs_hash))
    for day, key, person in _renamed(connection, persons, weeks):
        inputs[monday(day)].append((key, person))
    own = {week: sorted(of_week) for week, of_week in inputs.items()}
    requested = own if weeks is None else own.keys() & {*weeks}
    return {week: _sha256([ROLLUP_VERSION, own[week], own.get(week - WEEK, [])]) for week in requested}


def _renamed(
    connection: Connection, persons: Persons, weeks: Collection[date] | None
) -> Iterator[tuple[date, str, str]]:
    """Day, key and person of participants whose person a meeting of another week or an alias determines."""
    renamed = {key: person for key, person in persons.by_key.items() if key != person}
    if not renamed:
        return
    # Names are read only if an alias gives one a person.
    name = MEMBERS.name if persons.key_of_name else null().label("name")
    is_named = MEMBERS.name.is_not(None) if persons.key_of_name else false()
    named = select(RECORDINGS.c.day, MEMBERS.person_key, name).join_from(
        table_of(ParticipantMetrics), RECORDINGS, RECORDINGS.c.recording_id == MEMBERS.recording_id
    )
    is_identified = or_(MEMBERS.person_key.is_not(None), is_named)
    found = {
        (day, persons.key_of_name.get(name) if key is None else key)
        for day, key, name in connection.execute(named.where(_in(weeks), is_identified).distinct())
    }
    yield from ((day, key, renamed[key]) for day, key in found if key is not None and key in renamed)


def _hash_of_people(connection: Connection, persons: Persons) -> str:
    """The hash of the inputs of `people` and `person_keys`."""
    weeks = sorted((week.isoformat(), each) for week, each in _hashes(connection, persons, None).items())
    return _hash_of(weeks, sorted(persons.by_key.items()))


def _hash_of(weeks: list[tuple[str, str]], persons: list[tuple[str, str]]) -> str:
    return _sha256([ROLLUP_VERSION, weeks, persons])


def _roll_up_week(connection: Connection, week: date, persons: Persons, storage: Storage) -> None:
    present = _hashes(connection, persons, [week])
    for table in (TRENDS, OF_PERSONS):
        connection.execute(table.delete().where(table.c.week == week))
    if week not in present:
        return
    trend = meeting_trend(_meetings(connection, week), _meetings(connection, week - WEEK))
    covered = {"covered_talk_share": covered_talk_share(connection, persons, _of(week))}
    members, before = (person_meetings(connection, storage, persons, _of(each)) for each in (week, week - WEEK))
    connection.execute(TRENDS.insert(), {"week": week, "inputs_hash": present[week], **covered, **trend})
    of_persons = [
        {"week": week, "person_key": key, **covered, **each} for key, each in person_trends(members, before).items()
    ]
    if of_persons:
        connection.execute(OF_PERSONS.insert(), of_persons)


def _meetings(connection: Connection, week: date) -> list[Mapping[str, Any]]:
    query = select(table_of(MeetingMetrics)).join(RECORDINGS, RECORDINGS.c.recording_id == MEETINGS.recording_id)
    return [dict(row) for row in connection.execute(query.where(_of(week))).mappings()]


def _replace(connection: Connection, model: type[SQLModel], rows: Iterable[tuple[Any, ...]]) -> int:
    """Makes a table contain exactly some rows; returns the number of deleted and inserted ones.

    The key is the first column. Rows lack `modified_at`: it is the last column, and set in new and changed rows.
    """
    table = table_of(model)
    content = [column for column in table.columns if column.name != MODIFIED_AT]
    present = {tuple(row) for row in connection.execute(select(*content))}
    wanted = {*rows}
    gone, new = present - wanted, sorted(wanted - present, key=lambda row: row[0])
    key = next(iter(table.primary_key))
    for keys in batched(sorted(row[0] for row in gone), 500):
        connection.execute(table.delete().where(key.in_(keys)))
    stamp = (database_now(connection),) if MODIFIED_AT in table.c else ()
    insert_rows(connection, model, [(*row, *stamp) for row in new])
    return len(gone) + len(new)


def _of(week: date) -> ColumnElement[bool]:
    return RECORDINGS.c.day.between(week, week + LAST_DAY)


def _in(weeks: Collection[date] | None) -> ColumnElement[bool]:
    """SQL condition for recordings of some weeks and of the week before the first."""
    if weeks is None:
        return true()
    if not weeks:
        return ~true()
    return RECORDINGS.c.day.between(min(weeks) - WEEK, max(weeks) + LAST_DAY)


def _sha256(document: object) -> str:
    return hashlib.sha256(json.dumps(document, separators=(",", ":")).encode()).hexdigest()


_HASH_OF_NO_PEOPLE = _hash_of([], [])
