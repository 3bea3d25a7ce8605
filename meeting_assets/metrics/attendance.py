"""Who was there when, and how much they took part besides talking; from participant events.

    join            leave       join                    leave
      ┣━━━━━━━━━━━━━━┫            ┣━━━━━━━━━━━━━━━━━━━━━━━┫        two sessions
    ?━━━━━━━━━━━━━━━━━━━━━┫                                        a first leave without join: there from the start
                                       ┣━━━━━━━━━━━━━━━━━━━━━?     a join without leave: there to the end

A repeated join is the same session, a later leave without join says nothing. Cameras and shared screens are on from
`…_on` to `…_off`, or to the end of the session; a first off without on was on from the start of the session.

Concurrency and lateness are of persons: participants of one person (several devices, or a return under another id)
count once, present while any of them is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from sqlmodel import Field, SQLModel

from meeting_assets.core.instants import utc
from meeting_assets.core.words import word_count
from meeting_assets.metrics.arithmetic import ratio, seconds_or_none
from meeting_assets.metrics.lineage import LENGTH, PEOPLE, PERSONS, PRESENCE, SCHEDULE, SPEECH
from meeting_assets.metrics.meeting import Event, MeetingInput
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Columns, Row, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import (
    Interval,
    clipped,
    length_us,
    merged,
    microseconds,
    seconds,
    shared_us,
)
from meeting_assets.metrics.timeline.switches import OFF, ON, stretches, switched
from meeting_assets.schema.columns import KEYED, RecordingRow
from meeting_assets.schema.lineage import derived_from

CHAT = ("participant_events.participant_key", "participant_events.action", "participant_events.chat_text")
# Of somebody who was there all the time, events differ from the edges of the recording by less.
AT_THE_EDGE_US = 1_000_000
# A start in the calendar that is further from the recording is that of another meeting, or was never put right.
SCHEDULED_WITHIN_US = 6 * 3_600_000_000


class Session(NamedTuple):
    """A stay in the meeting."""

    join_us: int
    leave_us: int
    is_open_start: bool
    is_open_end: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """What events tell of each of the people; those of whom they tell nothing are missing."""

    sessions: Mapping[str, Sequence[Session]]
    inside: Mapping[str, Sequence[Interval]]
    """The sessions cut at the ends of the recording."""


class ParticipantAttendance(SQLModel):
    """Columns of `participant_metrics`. NULL where no join and no leave of the participant was seen."""

    attended_s: float | None = Field(
        description="s; length of the union of their sessions inside the recording",
        sa_column_kwargs=derived_from(*PRESENCE, *LENGTH),
    )
    attendance_ratio: float | None = Field(
        description="0-1; attended_s / duration_s", sa_column_kwargs=derived_from(*PRESENCE, *LENGTH)
    )
    presence_talk_ratio: float | None = Field(
        description="0-1; talk while attending / attended_s: fair to who came late",
        sa_column_kwargs=derived_from(*SPEECH, *PRESENCE, *LENGTH),
    )
    first_join_s: float | None = Field(
        description="s; from the start of the recording to the first join; 0 for who was there before, negative as "
        "the platform says",
        sa_column_kwargs=derived_from(*PRESENCE),
    )
    last_leave_s: float | None = Field(
        description="s; from the start of the recording to the last leave, or to its end",
        sa_column_kwargs=derived_from(*PRESENCE, *LENGTH),
    )
    join_count: int | None = Field(
        description="sessions: a rejoin under the same id makes another one", sa_column_kwargs=derived_from(*PRESENCE)
    )
    joined_late_s: float | None = Field(
        description="s; first join - scheduled start, 0 for who came before it; where no calendar tells that, first "
        "join - first join of anybody; NULL for who was there when the recording started, since it may have started "
        "late itself",
        sa_column_kwargs=derived_from(*PRESENCE, *SCHEDULE),
    )
    left_early_s: float | None = Field(
        description="s; end of the recording - last leave; 0 for who stayed",
        sa_column_kwargs=derived_from(*PRESENCE, *LENGTH),
    )
    webcam_on_s: float | None = Field(
        description="s; camera on while attending", sa_column_kwargs=derived_from(*PRESENCE, *LENGTH)
    )
    webcam_ratio: float | None = Field(
        description="0-1; webcam_on_s / attended_s", sa_column_kwargs=derived_from(*PRESENCE, *LENGTH)
    )
    screenshare_s: float | None = Field(
        description="s; screen shared while attending", sa_column_kwargs=derived_from(*PRESENCE, *LENGTH)
    )
    chat_messages: int | None = Field(
        description="chat messages, each once however often it was delivered, also those to the bot alone; NULL "
        "without participant events",
        sa_column_kwargs=derived_from(*CHAT, "participant_events.at_s"),
    )
    chat_words: int | None = Field(
        description="words in chat_messages", sa_column_kwargs=derived_from(*CHAT, "participant_events.at_s")
    )


class MeetingAttendance(SQLModel):
    """Columns of `meeting_metrics`."""

    person_count: int = Field(
        description="participants, those of one person counted once",
        sa_column_kwargs=derived_from(*PEOPLE, *PERSONS),
    )
    peak_concurrency: int | None = Field(
        description="persons there at once at most; NULL if no join or leave was seen",
        sa_column_kwargs=derived_from(*PRESENCE, *PERSONS, *LENGTH),
    )
    mean_concurrency: float | None = Field(
        description="persons; time attended by all persons / duration_s",
        sa_column_kwargs=derived_from(*PRESENCE, *PERSONS, *LENGTH),
    )
    attended_hours: float | None = Field(
        description="h; time attended by all persons / 3600",
        sa_column_kwargs=derived_from(*PRESENCE, *PERSONS, *LENGTH),
    )
    late_joiners: int | None = Field(
        description="persons whose first participant to join has a joined_late_s over late_grace_s",
        sa_column_kwargs=derived_from(*PRESENCE, *PERSONS, *SCHEDULE),
    )


class Attendance(RecordingRow, table=True):
    """When each participant was in the meeting.

    Grain: one row per (recording, participant, session).
    """

    __tablename__ = "attendance"
    __table_args__ = KEYED

    participant_key: str = Field(
        primary_key=True, description="who: a row of participant_metrics", sa_column_kwargs=derived_from(*PRESENCE)
    )
    session_index: int = Field(
        primary_key=True, description="0-based, in order of time", sa_column_kwargs=derived_from(*PRESENCE)
    )
    join_s: float = Field(
        description="s; from the start of the recording to the join; may be negative",
        sa_column_kwargs=derived_from(*PRESENCE),
    )
    leave_s: float = Field(
        description="s; from the start of the recording to the leave, or to its end",
        sa_column_kwargs=derived_from(*PRESENCE, *LENGTH),
    )
    is_open_start: bool = Field(
        description="whether no join was seen, so that they are taken to be there from the start",
        sa_column_kwargs=derived_from(*PRESENCE),
    )
    is_open_end: bool = Field(
        description="whether no leave was seen, so that they are taken to stay to the end",
        sa_column_kwargs=derived_from(*PRESENCE),
    )


def presence(meeting: SpokenMeeting) -> Presence:
    """When each of the people was there."""
    end_us = meeting.clean.duration_us
    edges = switched(meeting.given.events, {"join": ON, "leave": OFF})
    sessions: dict[str, list[Session]] = {}
    for key in meeting.people:
        found = [*_sessions(edges.get(key, ()), end_us)]
        if found:
            sessions[key] = found
    whole = 2**62 if end_us is None else end_us
    inside = {
        key: clipped(merged((each.join_us, each.leave_us) for each in of_key), start=0, end=whole)
        for key, of_key in sessions.items()
    }
    return Presence(sessions, inside)


def participant_attendance(meeting: SpokenMeeting, present: Presence) -> dict[str, Columns]:
    """The columns of `ParticipantAttendance` for each of the people."""
    duration_us = meeting.clean.duration_us
    events = meeting.given.events
    webcam, screen = (
        switched(events, {f"{device}_on": ON, f"{device}_off": OFF}) for device in ("webcam", "screenshare")
    )
    chats = _chats(events)
    due_us = _due_us(meeting.given, present)
    speech = meeting.clean.speech.by_name() if present.sessions else {}
    rows: dict[str, Columns] = {}
    for key in meeting.people:
        texts = chats.get(key, ())
        rows[key] = {
            **dict.fromkeys(ParticipantAttendance.model_fields),
            "chat_messages": len(texts) if events else None,
            "chat_words": sum(map(word_count, texts)) if events else None,
        }
        if key not in present.sessions:
            continue
        sessions, inside = present.sessions[key], present.inside[key]
        attended_us = length_us(inside)
        spoken = speech.get(key, ()) if meeting.timing_source else None
        webcam_us = shared_us(_switched_on(webcam.get(key, ()), sessions), inside)
        join_us, leave_us = sessions[0].join_us, max(each.leave_us for each in sessions)
        rows[key] |= {
            "attended_s": seconds(attended_us),
            "attendance_ratio": ratio(attended_us, duration_us),
            "presence_talk_ratio": None if spoken is None else ratio(shared_us(spoken, inside), attended_us),
            "first_join_s": seconds(join_us),
            "last_leave_s": seconds(leave_us),
            "join_count": len(sessions),
            "joined_late_s": seconds(max(0, join_us - due_us)) if join_us > AT_THE_EDGE_US else None,
            "left_early_s": seconds_or_none(None if duration_us is None else max(0, duration_us - leave_us)),
            "webcam_on_s": seconds(webcam_us),
            "webcam_ratio": ratio(webcam_us, attended_us),
            "screenshare_s": seconds(shared_us(_switched_on(screen.get(key, ()), sessions), inside)),
        }
    return rows


def meeting_attendance(
    meeting: SpokenMeeting, present: Presence, participants: Mapping[str, Columns], parameters: Parameters
) -> Columns:
    """The columns of `MeetingAttendance`."""
    persons: dict[str, list[str]] = defaultdict(list)
    for key in meeting.people:
        # A key of a participant is no key of a person, which has a colon and what it is an id of before it.
        persons[meeting.persons.get(key, f"participant:{key}")].append(key)
    counts: Columns = {"person_count": len(persons)}
    if not present.sessions:
        return dict.fromkeys(MeetingAttendance.model_fields) | counts
    stays = [merged(chain.from_iterable(present.inside.get(key, ()) for key in keys)) for keys in persons.values()]
    attended_us = sum(map(length_us, stays))
    late_s = [_late_s(participants[key] for key in keys if key in present.sessions) for keys in persons.values()]
    return counts | {
        "peak_concurrency": _peak(chain.from_iterable(stays)),
        "mean_concurrency": ratio(attended_us, meeting.clean.duration_us),
        "attended_hours": seconds(attended_us) / 3600,
        "late_joiners": sum(each > parameters.late_grace_s for each in late_s),
    }


def attendance_rows(recording_id: str, present: Presence) -> list[Row]:
    """Rows of `Attendance`, in column order."""
    return [
        (recording_id, key, index, seconds(join_us), seconds(leave_us), is_open_start, is_open_end)
        for key, sessions in present.sessions.items()
        for index, (join_us, leave_us, is_open_start, is_open_end) in enumerate(sessions)
    ]


def _late_s(devices: Iterable[Columns]) -> float:
    """How late the first of a person's participants joined; 0 if one of them was there from the start."""
    late_s = [row["joined_late_s"] for row in devices]
    return min([each for each in late_s if isinstance(each, float)], default=0.0) if None not in late_s else 0.0


def _due_us(meeting: MeetingInput, present: Presence) -> int:
    """When people should have been there: at the start in the calendar, or else when the first of them was."""
    if meeting.scheduled_at is not None and meeting.started_at is not None:
        due_us = microseconds((utc(meeting.scheduled_at) - utc(meeting.started_at)).total_seconds())
        if abs(due_us) <= SCHEDULED_WITHIN_US:
            return due_us
    return min((of_key[0].join_us for of_key in present.sessions.values()), default=0)


def _sessions(edges: Sequence[tuple[float, set[str]]], end_us: int | None) -> Iterator[Session]:
    """One participant's sessions. Where the end of the recording is unknown, what is open ends with the last event."""
    last_us = max((microseconds(at_s) for at_s, _ in edges), default=0)
    for place, (join_s, leave_s) in enumerate(stretches(edges)):
        if join_s is None and place > 0:
            continue
        join_us = min(0, microseconds(leave_s or 0)) if join_s is None else microseconds(join_s)
        leave_us = max(join_us, last_us if end_us is None else end_us) if leave_s is None else microseconds(leave_s)
        yield Session(join_us, leave_us, is_open_start=join_s is None, is_open_end=leave_s is None)


def _switched_on(edges: Sequence[tuple[float, set[str]]], sessions: Sequence[Session]) -> list[Interval]:
    """When something of a participant was on."""
    found: list[Interval] = []
    for place, (on_s, off_s) in enumerate(stretches(edges)):
        if on_s is None and place > 0:
            continue
        if on_s is None:
            off_us = microseconds(off_s or 0)
            joined_us = (each.join_us for each in sessions if each.join_us < off_us)
            on_us = max(joined_us, default=off_us)
        else:
            on_us = microseconds(on_s)
            left_us = (each.leave_us for each in sessions if each.leave_us > on_us)
            off_us = min(left_us, default=on_us) if off_s is None else microseconds(off_s)
        found.append((on_us, off_us))
    return merged(each for each in found if each[0] < each[1])


def _chats(events: Iterable[Event]) -> dict[str, list[str]]:
    """Texts of chat messages by participant; what was delivered twice is there once."""
    messages = {(key, at_s, text or "") for key, _, action, at_s, text in events if action == "chat_message"}
    texts: dict[str, list[str]] = defaultdict(list)
    for key, _, text in messages:
        texts[key].append(text)
    return texts


def _peak(stays: Iterable[Interval]) -> int:
    """How many of some intervals share a moment at most; one that ends as another starts does not meet it."""
    edges = sorted(chain.from_iterable(((start, 1), (end, -1)) for start, end in stays))
    there = peak = 0
    for _, change in edges:
        there += change
        peak = max(peak, there)
    return peak
