"""Reads all finished meetings, with their participants and customer keys, for the lists of the site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from meeting_assets.artifacts.person_keys import name_keys
from meeting_assets.metrics.attendance import person_late_s
from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.pipeline.everyday_views import EVERYDAY_VIEWS
from meeting_assets.pipeline.persons import Persons, known_persons
from meeting_assets.publications.data_faults import Fault, read_faults
from meeting_assets.publications.pages import links
from meeting_assets.store.database import table_of

VIEW, KEYS = (EVERYDAY_VIEWS[name].subquery(name) for name in ("meetings", "meeting_keys"))
MEMBERS = table_of(ParticipantMetrics).c


class Meeting(NamedTuple):
    """A finished meeting, as lists show it."""

    recording_id: str
    day: date
    title: str | None
    started_at: datetime | None
    duration_s: float | None
    platform: str | None
    series_id: str | None
    participant_count: int | None
    top_speaker: str | None
    top_talk_share: float | None
    late_joiners: int | None
    faults: tuple[Fault, ...]
    """The reasons for which its data are bad."""
    keys: tuple[str, ...] = ()
    """The customer's metadata, each as `key=value`."""

    @property
    def page(self) -> str:
        """The key of the meeting's page."""
        return links.meeting_key(self.day, self.recording_id)


class Attendee(NamedTuple):
    """A person in a meeting, on all devices; or a participant whose person is unknown."""

    person_key: str | None
    name: str | None
    late_s: float | None
    """Delay of the first device; 0 for a device that was present from the start. None for one that did not attend."""
    attended_s: float | None
    is_external: bool | None
    participant_key: str

    @property
    def member_key(self) -> str | None:
        """The person_key in `series_members`, which knows people without a key by their display names."""
        return self.person_key or next(iter(name_keys(self.name)), None)


@dataclass(frozen=True, slots=True)
class Meetings:
    """All finished meetings, newest first, and the attendees of each."""

    by_id: Mapping[str, Meeting]
    attendees: Mapping[str, Sequence[Attendee]]

    def of_person(self) -> Mapping[str, Sequence[str]]:
        """The ids of the meetings of each person, newest first."""
        found: dict[str, list[str]] = defaultdict(list)
        for recording_id in self.by_id:
            for each in self.attendees.get(recording_id, ()):
                if each.person_key is not None:
                    found[each.person_key].append(recording_id)
        return found

    def of_series(self) -> Mapping[str, Sequence[str]]:
        """The ids of the meetings of each series, newest first."""
        found: dict[str, list[str]] = defaultdict(list)
        for recording_id, meeting in self.by_id.items():
            if meeting.series_id is not None:
                found[meeting.series_id].append(recording_id)
        return found


def read_meetings(connection: Connection, *, attributed_share: float) -> Meetings:
    """Reads the meetings of the view `meetings`, with their faults (`data_faults`)."""
    keys: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(select(KEYS.c.recording_id, KEYS.c.key, KEYS.c.value)):
        keys[row.recording_id].add(f"{row.key}={row.value}")
    c = VIEW.c
    query = select(
        *(c.recording_id, c.day, c.title, c.started_at, (c.duration_minutes * 60).label("duration_s")),
        *(c.platform, c.series_id, c.participant_count, c.top_speaker, c.top_talk_share, c.late_joiners),
    )
    rows = sorted(
        connection.execute(query), key=lambda row: (row.started_at is not None, row.started_at, row.recording_id)
    )
    faults = read_faults(connection, [row.recording_id for row in rows], attributed_share=attributed_share)
    meetings = [
        Meeting._make((*row, faults[row.recording_id], tuple(sorted(keys[row.recording_id])))) for row in reversed(rows)
    ]
    attendees = dict(_attendees(connection, known_persons(connection)))
    return Meetings({each.recording_id: each for each in meetings}, attendees)


def _attendees(connection: Connection, persons: Persons) -> Iterator[tuple[str, Sequence[Attendee]]]:
    """The attendees of each meeting in alphabetical order."""
    names = ("recording_id", "participant_key", "person_key", "name", "joined_late_s", "first_join_s", "attended_s")
    columns = (*names, "is_external")
    devices: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for values in connection.execute(select(*(MEMBERS[name] for name in columns)).order_by(MEMBERS.recording_id)):
        row = dict(zip(columns, values, strict=True))
        row["person"] = person = persons.of(row["person_key"], row["name"])
        devices[row["recording_id"]][person or f"\0{row['participant_key']}"].append(row)
    for recording_id, of_person in devices.items():
        found = [_attendee(rows) for rows in of_person.values()]
        yield recording_id, sorted(found, key=lambda each: ((each.name or "").casefold(), each.participant_key))


def _attendee(devices: list[dict[str, Any]]) -> Attendee:
    devices = sorted(devices, key=lambda row: row["participant_key"])
    present = [row for row in devices if row["first_join_s"] is not None]
    attended = [row["attended_s"] for row in devices if row["attended_s"] is not None]
    return Attendee(
        person_key=devices[0]["person"],
        name=next((row["name"] for row in devices if row["name"]), None),
        late_s=person_late_s(present) if present else None,
        attended_s=max(attended, default=None),
        is_external=devices[0]["is_external"],
        participant_key=devices[0]["participant_key"],
    )
