"""Views for everyday use: `meetings`, `utterances`, `chat` and `meeting_keys`. docs/queries.md has examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, func, literal, or_, select, union_all

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.pipeline.sql_functions import CodePoints, ItemText, JsonItems, Later, MinutesBetween
from meeting_assets.recall.objects import FINISHED
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

METRICS, QUALITY, MEMBERS = (table_of(model) for model in (MeetingMetrics, DataQuality, ParticipantMetrics))
LISTED, EVENTS, SPEAKERS = (table_of(model) for model in (Participants, ParticipantEvents, Speakers))
TRANSCRIPTS, UTTERANCES = table_of(Transcripts), table_of(TranscriptUtterances)
TITLE = func.coalesce(RECORDINGS.c.display_title, RECORDINGS.c.title).label("title")


def _meetings() -> Select[Any]:
    """One row per finished recording."""
    r, m = RECORDINGS.c, METRICS.c
    duration_s = func.coalesce(m.duration_s, r.duration_s)
    return (
        select(
            *(r.recording_id, r.day, TITLE, r.started_at, r.completed_at.label("ended_at")),
            duration_s.op("/")(60).label("duration_minutes"),
            r.scheduled_at,
            MinutesBetween(r.scheduled_at, r.started_at).label("minutes_late"),
            MinutesBetween(r.scheduled_at, r.scheduled_end_at).label("planned_minutes"),
            *(r.platform, r.source, r.series_id, _host().label("host"), m.participant_count),
            _participant_names().label("participant_names"),
            _of_top_speaker(MEMBERS.c.name).label("top_speaker"),
            _of_top_speaker(MEMBERS.c.talk_share).label("top_talk_share"),
            m.gini_talk,
            (m.interruption_count * 3600.0).op("/")(func.nullif(m.duration_s, 0)).label("interruptions_per_hour"),
            *(m.overlap_ratio, m.longest_monologue_s, m.silence_ratio, m.word_count, m.late_joiners),
            *(QUALITY.c.is_single_stream, QUALITY.c.attributed_word_share, QUALITY.c.missing_artifacts),
            *(r.bot_id, r.meeting_id, r.dashboard_url, r.recording_metadata, r.bot_metadata),
        )
        .select_from(RECORDINGS)
        .join(METRICS, m.recording_id == r.recording_id, isouter=True)
        .join(QUALITY, QUALITY.c.recording_id == r.recording_id, isouter=True)
        .where(or_(r.status.in_(sorted(FINISHED)), m.recording_id.is_not(None)))
    )


def _host() -> ScalarSelect[str]:
    """The display name of the recording's host; of several the alphabetically first."""
    is_measured = (MEMBERS.c.recording_id == LISTED.c.recording_id) & (
        MEMBERS.c.participant_key == LISTED.c.participant_key
    )
    name = func.coalesce(MEMBERS.c.name, LISTED.c.name)
    hosts = select(func.min(CodePoints(name))).select_from(LISTED.join(MEMBERS, is_measured, isouter=True))
    of_recording = hosts.where(LISTED.c.recording_id == RECORDINGS.c.recording_id)
    return of_recording.where(LISTED.c.is_host, ~LISTED.c.is_bot).correlate(RECORDINGS).scalar_subquery()


def _participant_names() -> ScalarSelect[str]:
    """The names of all participants of the recording, in alphabetical order, separated by commas."""
    name = MEMBERS.c.name
    of_recording = select(name.label("name")).where(MEMBERS.c.recording_id == RECORDINGS.c.recording_id)
    names = of_recording.where(name.is_not(None)).distinct().correlate(RECORDINGS).subquery()
    ordered = select(names.c.name).order_by(CodePoints(names.c.name)).subquery()
    return select(func.aggregate_strings(ordered.c.name, ", ")).scalar_subquery()


def _of_top_speaker(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    """A column of the participant of the recording with the largest share of the talk."""
    c = MEMBERS.c
    of_recording = select(column).where(c.recording_id == RECORDINGS.c.recording_id, c.talk_share.is_not(None))
    ordered = of_recording.order_by(c.talk_share.desc(), CodePoints(c.participant_key)).limit(1)
    return ordered.correlate(RECORDINGS).scalar_subquery()


def _utterances() -> Select[Any]:
    """One row per utterance of the primary transcript of each recording."""
    u, is_spoken_by = UTTERANCES.c, _is_speaker(UTTERANCES.c, "transcript")
    is_transcript = (TRANSCRIPTS.c.recording_id == u.recording_id) & (TRANSCRIPTS.c.transcript_id == u.transcript_id)
    return (
        select(
            *(u.recording_id, u.utterance_index, RECORDINGS.c.day, TITLE),
            func.coalesce(SPEAKERS.c.name, u.speaker_name).label("speaker"),
            func.coalesce(SPEAKERS.c.participant_key, u.participant_key).label("participant_key"),
            *(u.start_s, u.end_s, Later(RECORDINGS.c.started_at, u.start_s).label("started_at"), u.text, u.word_count),
        )
        .select_from(UTTERANCES)
        .join(TRANSCRIPTS, is_transcript)
        .join(RECORDINGS, RECORDINGS.c.recording_id == u.recording_id)
        .join(SPEAKERS, is_spoken_by, isouter=True)
        .where(TRANSCRIPTS.c.is_primary)
    )


def _chat() -> Select[Any]:
    """One row per chat message. A message that was delivered several times counts once."""
    e, earlier = EVENTS.c, EVENTS.alias("earlier")
    is_repeated = exists().where(
        earlier.c.recording_id == e.recording_id,
        earlier.c.action == "chat_message",
        earlier.c.event_index < e.event_index,
        earlier.c.participant_key == e.participant_key,
        earlier.c.at_s.is_not_distinct_from(e.at_s),
        func.coalesce(earlier.c.chat_text, "") == func.coalesce(e.chat_text, ""),
    )
    at = func.coalesce(e.at, Later(RECORDINGS.c.started_at, e.at_s), type_=e.at.type)
    return (
        select(
            *(e.recording_id, e.event_index, RECORDINGS.c.day, TITLE, at.label("at"), e.at_s),
            func.coalesce(SPEAKERS.c.name, e.participant_name).label("sender"),
            func.coalesce(SPEAKERS.c.participant_key, e.participant_key).label("participant_key"),
            *(e.chat_to.label("recipient"), e.chat_text.label("text")),
        )
        .select_from(EVENTS)
        .join(RECORDINGS, RECORDINGS.c.recording_id == e.recording_id)
        .join(SPEAKERS, _is_speaker(e, "participant_events"), isouter=True)
        .where(e.action == "chat_message", ~is_repeated)
    )


def _is_speaker(named: Any, source: str) -> ColumnElement[bool]:
    """Joins the row of `speakers` that resolves the `participant_key` of a source."""
    c = SPEAKERS.c
    return and_(c.recording_id == named.recording_id, c.source == source, c.speaker_key == named.participant_key)


def _meeting_keys() -> Select[Any]:
    """One row per key of the customer's metadata, of the recording and of its bot."""
    parts = [_keys_of(of, RECORDINGS.c[f"{of}_metadata"]) for of in ("recording", "bot")]
    return select(union_all(*parts).subquery("keys"))


def _keys_of(of: str, document: ColumnElement[Any]) -> Select[Any]:
    items = JsonItems(document).table_valued("key", "value", "type", name="items", joins_implicitly=True)
    value = ItemText(items.c["value"], items.c["type"])
    r = RECORDINGS.c
    return select(
        r.recording_id, r.day, literal(of).label("metadata_of"), items.c["key"].label("key"), value.label("value")
    )


EVERYDAY_VIEWS: Mapping[str, Select[Any]] = {
    "meetings": _meetings(),
    "utterances": _utterances(),
    "chat": _chat(),
    "meeting_keys": _meeting_keys(),
}
