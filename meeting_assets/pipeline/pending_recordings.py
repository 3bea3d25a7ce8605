"""Finds recordings with artifacts to fetch: compares objects that the API lists, of any day, with the ledger.

The lists by day do not show objects that were created long after their day, and a sensor cannot list every day.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.batches import batched
from meeting_assets.core.instants import now
from meeting_assets.pipeline.listing_pass import (
    QUERY_SIZE,
    Arrivals,
    ListingPass,
    read_for,
    read_pass,
    recording_days,
)
from meeting_assets.pipeline.record import observations, observed_artifact
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import Access
from meeting_assets.recall.objects import DELETED, FINISHED
from meeting_assets.store import ledger
from meeting_assets.store.ledger import RECORDINGS, LedgerRows
from meeting_assets.store.ledger_states import LedgerRow, Observation, is_fetchable, reconcile
from meeting_assets.store.observation import database_now


class PendingRecording(NamedTuple):
    """A recording with artifacts that can be fetched now."""

    day: date
    recording_id: str
    changed_at: datetime | None = None
    """When the change was noticed, by our clock; None if a run has recorded it.

    A run that started earlier may have missed the change. Never an instant of the API: its clocks differ from ours."""
    is_one_shot: bool = False
    """True for one-shot triggers such as webhooks: a run that started before the event does not cover it."""


def list_arrivals(
    storage: Storage, access: Access, listing: ListingPass, *, budget_s: float
) -> tuple[list[PendingRecording], ListingPass | None]:
    """Recordings with artifacts to fetch now, as far as the lists could be read in time, and the rest of the pass.

    Raises:
        Refused, Transient: see `core.errors`; nothing can be concluded from the lists then.
    """
    noticed_at = now()
    arrivals = asyncio.run(read_pass(storage, access, listing, budget_s=budget_s))
    with storage.database.reading() as connection:
        at = database_now(connection)
        pending = [
            PendingRecording(day, recording_id, None if _is_recorded(before, after) else noticed_at)
            for day, recording_id, before, after in _compared(connection, arrivals)
            if day >= storage.oldest_day
            and (any(is_fetchable(row, at) for row in after) or _is_over(arrivals, recording_id, before))
        ]
    return pending, arrivals.rest


def late_arrivals(
    storage: Storage, access: Access, days: Collection[date], *, since: datetime
) -> dict[date, list[str]]:
    """Recordings of some days with artifacts that differ from the ledger, by day.

    Asks the artifact lists for objects created since an instant: the first one that no list by day covers.

    Raises:
        Refused, Transient: see `core.errors`.
    """
    with storage.database.reading() as connection:
        exists = and_(RECORDINGS.c.day.in_(days), RECORDINGS.c.status != DELETED)
        recording_ids = connection.scalars(select(RECORDINGS.c.recording_id).where(exists)).all()
    if not recording_ids:
        return {}
    arrivals = asyncio.run(read_for(storage, access, since, sorted(recording_ids)))
    late: dict[date, list[str]] = defaultdict(list)
    with storage.database.reading() as connection:
        for day, recording_id, before, after in _compared(connection, arrivals):
            if day in days and not _is_recorded(before, after):
                late[day].append(recording_id)
    return {day: sorted(late[day]) for day in sorted(late)}


def _compared(
    connection: Connection, arrivals: Arrivals
) -> Iterator[tuple[date, str, list[LedgerRow], list[LedgerRow]]]:
    """Per recording its day, id, and ledger rows before and after applying the listed objects, in one order."""
    for listed in batched(sorted(arrivals.discovery.found), QUERY_SIZE):
        known = ledger.read_rows(connection, listed)
        for recording_id in listed:
            found = arrivals.discovery.found[recording_id]
            yield found.day, recording_id, *_before_and_after(known, observations(found, arrivals.discovery.unclear))
    for elsewhere in batched(sorted(arrivals.elsewhere), QUERY_SIZE):
        known = ledger.read_rows(connection, elsewhere)
        for recording_id, day in recording_days(connection, elsewhere).items():
            yield day, recording_id, *_before_and_after(known, _partial_observations(recording_id, arrivals))


def _before_and_after(known: LedgerRows, new: Iterable[Observation]) -> tuple[list[LedgerRow], list[LedgerRow]]:
    before: list[LedgerRow] = []
    after: list[LedgerRow] = []
    for each in new:
        rows = known[each.recording_id, each.kind]
        changed = reconcile(rows, each)
        before += [rows[artifact_id] for artifact_id in sorted(rows)]
        after += [changed[artifact_id] for artifact_id in sorted(changed)]
    return before, after


def _partial_observations(recording_id: str, arrivals: Arrivals) -> Iterator[Observation]:
    """Observations of the listed media objects of an unlisted recording; others may exist."""
    began_at = arrivals.discovery.clock.started_at
    for artifact in ARTIFACTS.values():
        media = [each for name, each in arrivals.elsewhere[recording_id] if name == artifact.collection]
        if artifacts := tuple(observed_artifact(artifact, each, began_at) for each in media):
            yield Observation(
                recording_id, artifact.kind, artifacts, is_finished=False, allows_multiple=artifact.allows_multiple
            )


def _is_recorded(before: Sequence[LedgerRow], after: Sequence[LedgerRow]) -> bool:
    """True if the ledger already agrees with the listed objects, apart from the observation time."""
    return [row.without_observation_time for row in before] == [row.without_observation_time for row in after]


def _is_over(arrivals: Arrivals, recording_id: str, before: list[LedgerRow]) -> bool:
    """True if an unknown recording has ended and none of its media objects is still processing."""
    found = arrivals.discovery.found.get(recording_id)
    if found is None or before or found.recording.status.code not in FINISHED:
        return False
    return all(media.status.code != "processing" for of_kind in found.media.values() for media in of_kind.values())
