"""The document of `show --json`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from meeting_assets.cli.documents.values import Day, Instant
from meeting_assets.core.instants import to_iso8601
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.publications.pages.meeting_data import MeetingData, Member
from meeting_assets.publications.pages.meeting_header import header_of
from meeting_assets.publications.pages.meeting_quality import Note
from meeting_assets.schema.descriptions import description_of

_MEETING, _MEMBER = description_of(MeetingMetrics).columns, description_of(ParticipantMetrics).columns


class ShownParticipant(Struct, frozen=True):
    """A participant, with columns of `participant_metrics`."""

    participant_key: Annotated[str, Meta(description=_MEMBER["participant_key"])]
    name: Annotated[str, Meta(description="display name, as resolved and corrected")]
    is_host: Annotated[bool, Meta(description="whether the participant is a host")]
    is_external: Annotated[bool | None, Meta(description=_MEMBER["is_external"])]
    talk_time_s: Annotated[float | None, Meta(description=_MEMBER["talk_time_s"])]
    talk_share: Annotated[float | None, Meta(description=_MEMBER["talk_share"])]
    word_count: Annotated[int | None, Meta(description=_MEMBER["word_count"])]
    question_count: Annotated[int | None, Meta(description=_MEMBER["question_count"])]
    joined_late_s: Annotated[float | None, Meta(description=_MEMBER["joined_late_s"])]


class HeadlineMetrics(Struct, frozen=True):
    """Columns of `meeting_metrics`."""

    participant_count: Annotated[int, Meta(description=_MEETING["participant_count"])]
    late_joiners: Annotated[int | None, Meta(description=_MEETING["late_joiners"])]
    word_count: Annotated[int | None, Meta(description=_MEETING["word_count"])]
    words_per_minute: Annotated[float | None, Meta(description=_MEETING["words_per_minute"])]
    question_count: Annotated[int | None, Meta(description=_MEETING["question_count"])]
    silence_ratio: Annotated[float | None, Meta(description=_MEETING["silence_ratio"])]
    overlap_ratio: Annotated[float | None, Meta(description=_MEETING["overlap_ratio"])]
    gini_talk: Annotated[float | None, Meta(description=_MEETING["gini_talk"])]
    turn_count: Annotated[int | None, Meta(description=_MEETING["turn_count"])]
    longest_monologue_s: Annotated[float | None, Meta(description=_MEETING["longest_monologue_s"])]
    interruption_count: Annotated[int | None, Meta(description=_MEETING["interruption_count"])]
    response_latency_s: Annotated[float | None, Meta(description=_MEETING["response_latency_s"])]


class QualityNote(Struct, frozen=True):
    """A sentence about the data of the meeting."""

    fact: Annotated[str, Meta(description="the missing or doubtful data, as a sentence")]
    meaning: Annotated[str, Meta(description="the consequence for the numbers, as a sentence; may be empty")]
    is_fault: Annotated[bool, Meta(description="whether the meeting has bad data because of it")]


class ShownArtifact(Struct, frozen=True):
    """A row of `artifacts`."""

    kind: Annotated[str, Meta(description="artifact kind")]
    artifact_id: Annotated[str, Meta(description="id of the media object; empty if absent")]
    status: Annotated[str, Meta(description="status in the ledger")]
    row_count: Annotated[int | None, Meta(description="rows in the table with the finest grain; null without rows")]
    error: Annotated[str | None, Meta(description="why the last attempt failed; null if it did not")]


class ShowDocument(Struct, frozen=True, tag_field="schema", tag="meeting_assets/show/1"):
    """One meeting: `show RECORDING --json`."""

    recording_id: Annotated[str, Meta(description="id of the recording")]
    day: Annotated[Day, Meta(description="the recording's day")]
    title: Annotated[str, Meta(description="display title")]
    platform: Annotated[str | None, Meta(description="platform as in `recordings.platform`; null if unknown")]
    started_at: Annotated[Instant | None, Meta(description="when recording started")]
    completed_at: Annotated[Instant | None, Meta(description="when recording ended")]
    scheduled_at: Annotated[Instant | None, Meta(description="scheduled start of the meeting")]
    duration_s: Annotated[float | None, Meta(description="s; length of the recording")]
    series_id: Annotated[str | None, Meta(description="series of the meeting; null without one")]
    dashboard_url: Annotated[str | None, Meta(description="the bot's page in Recall.ai's dashboard")]
    participants: Annotated[list[ShownParticipant], Meta(description="participants by talk time")]
    metrics: Annotated[HeadlineMetrics | None, Meta(description="headline metrics; null until they are computed")]
    data_quality: Annotated[list[QualityNote], Meta(description="remarks on the data; empty if nothing is doubtful")]
    artifacts: Annotated[list[ShownArtifact], Meta(description="the ledger, by kind")]


def show_document(meeting: MeetingData, notes: list[Note]) -> ShowDocument:
    """The document of a meeting."""
    recording = meeting.recording
    return ShowDocument(
        recording_id=recording.recording_id,
        day=recording.day.isoformat(),
        title=header_of(meeting).title,
        platform=recording.platform,
        started_at=_instant(recording.started_at),
        completed_at=_instant(recording.completed_at),
        scheduled_at=_instant(recording.scheduled_at),
        duration_s=meeting.duration_s,
        series_id=recording.series_id,
        dashboard_url=recording.dashboard_url,
        participants=[_participant(each) for each in meeting.members],
        metrics=_columns(HeadlineMetrics, meeting.metrics) if meeting.metrics is not None else None,
        data_quality=[QualityNote(each.fact, each.meaning, each.is_fault) for each in notes],
        artifacts=[_columns(ShownArtifact, each) for each in meeting.artifacts],
    )


def _participant(member: Member) -> ShownParticipant:
    row: dict[str, Any] = {**member.metrics._mapping, "name": member.name, "is_host": member.is_host}
    return ShownParticipant(**{name: row[name] for name in ShownParticipant.__struct_fields__})


def _columns(kind: type[Any], row: Any) -> Any:
    """The columns of a row that a class of the document has."""
    return kind(**{name: row._mapping[name] for name in kind.__struct_fields__})


def _instant(at: datetime | None) -> str | None:
    return to_iso8601(at) if at is not None else None
