"""Attendance and engagement besides talking, from participant events: sessions, cameras, shared screens, chat.

`presence` finds the sessions. Concurrency and lateness count persons: participants of one person (several devices, or
a return under another id) count once, present while any of them is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain

from sqlmodel import SQLModel

from meeting_assets.core.instants import utc
from meeting_assets.core.words import word_count
from meeting_assets.metrics.arithmetic import ratio, seconds_or_none
from meeting_assets.metrics.lineage import (
    CHAT,
    DEVICES,
    LENGTH,
    MEETING_PERSONS,
    PRESENCE,
    PRESENCE_EVENTS,
    SCHEDULE,
    SPEECH,
)
from meeting_assets.metrics.meeting import Event, MeetingInput
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.presence import Presence, device_intervals, peak_concurrency
from meeting_assets.metrics.speech import Columns, Row, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import (
    intersection_us,
    length_us,
    to_microseconds,
    to_seconds,
    union,
)
from meeting_assets.metrics.timeline.switches import OFF, ON, switches_by_participant
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow

# A participant who joins no later was present from the start of the recording.
AT_THE_EDGE_US = 1_000_000
# A scheduled start further from the recording belongs to another meeting, or is outdated.
SCHEDULED_WITHIN_US = 6 * 3_600_000_000


class ParticipantAttendance(SQLModel):
    """Columns of `participant_metrics`. NULL for participants without join and leave events."""

    attended_s: float | None = fields.seconds(
        "length of the union of the participant's sessions inside the recording", derived_from=(*PRESENCE, *LENGTH)
    )
    attendance_ratio: float | None = fields.share("attended_s / duration_s", derived_from=(*PRESENCE, *LENGTH))
    presence_talk_ratio: float | None = fields.share(
        "talk while attending / attended_s: fair to participants who came late",
        derived_from=(*SPEECH, *PRESENCE, *LENGTH),
    )
    first_join_s: float | None = fields.seconds(
        "from the start of the recording to the first join; 0 for participants who joined before, negative if the "
        "platform says so",
        derived_from=PRESENCE,
    )
    last_leave_s: float | None = fields.seconds(
        "from the start of the recording to the last leave, or to its end", derived_from=(*PRESENCE, *LENGTH)
    )
    join_count: int | None = fields.count(
        "sessions: a rejoin under the same id starts another one", derived_from=PRESENCE
    )
    joined_late_s: float | None = fields.seconds(
        "first join - scheduled start, at least 0; without a scheduled start, first join - first join of any "
        "participant; NULL for participants present when the recording started (first join up to 1 s after that), "
        "since it may have started late itself",
        derived_from=(*PRESENCE, *SCHEDULE),
    )
    left_early_s: float | None = fields.seconds(
        "end of the recording - last leave; 0 for participants who stayed", derived_from=(*PRESENCE, *LENGTH)
    )
    webcam_on_s: float | None = fields.seconds("camera on while attending", derived_from=(*PRESENCE, *DEVICES, *LENGTH))
    webcam_ratio: float | None = fields.share("webcam_on_s / attended_s", derived_from=(*PRESENCE, *DEVICES, *LENGTH))
    screenshare_s: float | None = fields.seconds(
        "screen shared while attending", derived_from=(*PRESENCE, *DEVICES, *LENGTH)
    )
    chat_messages: int | None = fields.count(
        "chat messages, each once however often it was delivered, also those to the bot alone; NULL without "
        "participant events",
        derived_from=(*CHAT, "participant_events.at_s", "speakers.participant_key"),
    )
    chat_words: int | None = fields.count(
        "words in chat_messages", derived_from=(*CHAT, "participant_events.at_s", "speakers.participant_key")
    )


class MeetingAttendance(SQLModel):
    """Columns of `meeting_metrics`."""

    person_count: int = fields.count(
        "participants, several participants of one person counted once", derived_from=MEETING_PERSONS
    )
    peak_concurrency: int | None = fields.count(
        "largest number of persons present at once; NULL without join and leave events",
        derived_from=(*PRESENCE, *MEETING_PERSONS, *LENGTH),
    )
    mean_concurrency: float | None = fields.number(
        "time attended by all persons / duration_s", unit="persons", derived_from=(*PRESENCE, *MEETING_PERSONS, *LENGTH)
    )
    attended_hours: float | None = fields.number(
        "time attended by all persons / 3600", unit="h", derived_from=(*PRESENCE, *MEETING_PERSONS, *LENGTH)
    )
    late_joiners: int | None = fields.count(
        "persons whose first participant to join has a joined_late_s over late_grace_s; those present when the "
        "recording started are not late",
        derived_from=(*PRESENCE, *MEETING_PERSONS, *SCHEDULE),
    )


class Attendance(RecordingRow, table=True):
    """Sessions of each participant in the meeting.

    Grain: one row per (recording, participant, session).
    """

    __tablename__ = "attendance"
    __table_args__ = KEYED

    participant_key: str = fields.text(
        "participant: a row of participant_metrics", primary_key=True, derived_from=PRESENCE_EVENTS
    )
    session_index: int = fields.position("in order of time", primary_key=True, derived_from=PRESENCE_EVENTS)
    join_s: float = fields.seconds(
        "from the start of the recording to the join; may be negative", derived_from=PRESENCE_EVENTS
    )
    leave_s: float = fields.seconds(
        "from the start of the recording to the leave, or to its end", derived_from=(*PRESENCE_EVENTS, *LENGTH)
    )
    is_open_start: bool = fields.flag(
        "whether the join is unknown: the participant counts as present from the start", derived_from=PRESENCE_EVENTS
    )
    is_open_end: bool = fields.flag(
        "whether the leave is unknown: the participant counts as present to the end", derived_from=PRESENCE_EVENTS
    )


def participant_attendance(meeting: SpokenMeeting, present: Presence) -> dict[str, Columns]:
    """The columns of `ParticipantAttendance` for each participant."""
    events = meeting.given.events
    chats = _chats(events)
    rows: dict[str, Columns] = {
        key: {
            **dict.fromkeys(ParticipantAttendance.model_fields),
            "chat_messages": len(chats.get(key, ())) if events else None,
            "chat_words": sum(map(word_count, chats.get(key, ()))) if events else None,
        }
        for key in meeting.people
    }
    webcam, screen = (
        switches_by_participant(events, {f"{device}_on": ON, f"{device}_off": OFF})
        for device in ("webcam", "screenshare")
    )
    expected_us = _expected_join_us(meeting.given, present)
    for key, sessions in present.sessions.items():
        webcam_us = intersection_us(device_intervals(webcam.get(key, ()), sessions), present.inside[key])
        screen_us = intersection_us(device_intervals(screen.get(key, ()), sessions), present.inside[key])
        rows[key] |= _session_columns(meeting, key, present, expected_us) | {
            "webcam_on_s": to_seconds(webcam_us),
            "webcam_ratio": ratio(webcam_us, length_us(present.inside[key])),
            "screenshare_s": to_seconds(screen_us),
        }
    return rows


def _session_columns(meeting: SpokenMeeting, key: str, present: Presence, expected_us: int) -> Columns:
    """The columns that follow from one participant's sessions and speech."""
    sessions, inside = present.sessions[key], present.inside[key]
    duration_us, attended_us = meeting.clean.duration_us, length_us(inside)
    join_us, leave_us = sessions[0].join_us, max(each.leave_us for each in sessions)
    is_talk_known = meeting.timing_source is not None and meeting.is_speech_attributed
    talk_us = intersection_us(meeting.clean.speech.get(key, ()), inside) if is_talk_known else None
    return {
        "attended_s": to_seconds(attended_us),
        "attendance_ratio": ratio(attended_us, duration_us),
        "presence_talk_ratio": None if talk_us is None else ratio(talk_us, attended_us),
        "first_join_s": to_seconds(join_us),
        "last_leave_s": to_seconds(leave_us),
        "join_count": len(sessions),
        "joined_late_s": to_seconds(max(0, join_us - expected_us)) if join_us > AT_THE_EDGE_US else None,
        "left_early_s": seconds_or_none(None if duration_us is None else max(0, duration_us - leave_us)),
    }


def meeting_attendance(
    meeting: SpokenMeeting, present: Presence, participants: Mapping[str, Columns], parameters: Parameters
) -> Columns:
    """The columns of `MeetingAttendance`."""
    persons: dict[str, list[str]] = defaultdict(list)
    for key in meeting.people:
        # `participant:` keeps this key apart from every person_key.
        persons[meeting.persons.get(key, f"participant:{key}")].append(key)
    counts: Columns = {"person_count": len(persons)}
    if not present.sessions:
        return dict.fromkeys(MeetingAttendance.model_fields) | counts
    stays = [union(chain.from_iterable(present.inside.get(key, ()) for key in keys)) for keys in persons.values()]
    attended_us = sum(map(length_us, stays))
    late_s = [person_late_s(participants[key] for key in keys if key in present.sessions) for keys in persons.values()]
    return counts | {
        "peak_concurrency": peak_concurrency(chain.from_iterable(stays)),
        "mean_concurrency": ratio(attended_us, meeting.clean.duration_us),
        "attended_hours": to_seconds(attended_us) / 3600,
        "late_joiners": sum(each > parameters.late_grace_s for each in late_s),
    }


def attendance_rows(recording_id: str, present: Presence) -> list[Row]:
    """Rows of `Attendance`, in column order."""
    return [
        (recording_id, key, index, to_seconds(join_us), to_seconds(leave_us), is_open_start, is_open_end)
        for key, sessions in present.sessions.items()
        for index, (join_us, leave_us, is_open_start, is_open_end) in enumerate(sessions)
    ]


def person_late_s(devices: Iterable[Columns]) -> float:
    """Delay of a person's first participant to join; 0 if one of them was present from the start."""
    late_s = [row["joined_late_s"] for row in devices]
    return min([each for each in late_s if isinstance(each, float)], default=0.0) if None not in late_s else 0.0


def _expected_join_us(meeting: MeetingInput, present: Presence) -> int:
    """The scheduled start, or else the first join of any participant."""
    if meeting.scheduled_at is not None and meeting.started_at is not None:
        scheduled_us = to_microseconds((utc(meeting.scheduled_at) - utc(meeting.started_at)).total_seconds())
        if abs(scheduled_us) <= SCHEDULED_WITHIN_US:
            return scheduled_us
    return min((sessions[0].join_us for sessions in present.sessions.values()), default=0)


def _chats(events: Iterable[Event]) -> dict[str, list[str]]:
    """Texts of chat messages by participant; repeated deliveries count once."""
    messages = {(key, at_s, text or "") for key, _, action, at_s, text in events if action == "chat_message"}
    texts: dict[str, list[str]] = defaultdict(list)
    for key, _, text in messages:
        texts[key].append(text)
    return texts
