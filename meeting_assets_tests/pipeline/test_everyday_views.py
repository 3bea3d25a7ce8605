"""The views for everyday use show every finished meeting, utterance and chat message once, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.aliased_persons import ADA, BO, CHI, set_participants
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.rollups import MONDAY, SUNDAY, TUESDAY, Home, change, ids, rows
from meeting_assets_tests.support.snapshots import fill_once

pytestmark = pytest.mark.with_tables

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def first(home_with_meetings: Home) -> str:
    """The recording of Sunday, with three named participants."""
    (recording_id,) = ids(home_with_meetings, SUNDAY)
    fill_once("named participants on Sunday", lambda: set_participants(recording_id, SUNDAY, ADA, BO, CHI))
    return recording_id


def view(name: str, recording_id: str) -> list[dict[str, Any]]:
    """The rows of a view about one recording."""
    return query(f"SELECT * FROM {name} WHERE recording_id = :of", of=recording_id)


def query(statement: str, **parameters: Any) -> list[dict[str, Any]]:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [dict(row) for row in connection.execute(text(statement), parameters).mappings()]


def stored(model: Any, recording_id: str) -> list[dict[str, Any]]:
    return [row for row in rows(model) if row["recording_id"] == recording_id]


def instant(value: Any) -> datetime:
    """An instant of a view, which SQLite gives as text."""
    return datetime.fromisoformat(f"{value}+00:00") if isinstance(value, str) else value.astimezone(UTC)


def execute(statement: str, **parameters: Any) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(text(statement), parameters)


def test_meetings_has_one_row_per_finished_recording(home_with_meetings: Home) -> None:
    ongoing, *_ = ids(home_with_meetings, TUESDAY)
    execute("DELETE FROM meeting_metrics WHERE recording_id = :of", of=ongoing)
    change(Recordings, ongoing, status="processing")

    found = [str(row["recording_id"]) for row in query("SELECT recording_id FROM meetings")]

    assert sorted(found) == sorted(each.id for each in home_with_meetings.recordings if each.id != ongoing)


def test_recording_deleted_at_the_api_stays_while_it_has_metrics(first: str) -> None:
    change(Recordings, first, status="deleted")

    assert len(view("meetings", first)) == 1


def test_finished_recording_without_metrics_has_a_row(first: str) -> None:
    execute("DELETE FROM meeting_metrics WHERE recording_id = :of", of=first)

    (row,) = view("meetings", first)

    assert row["participant_count"] is None
    assert row["duration_minutes"] > 0


def test_meeting_shows_headline_metrics_of_its_tables(first: str) -> None:
    (row,) = view("meetings", first)
    (metrics,) = stored(MeetingMetrics, first)
    top = max(stored(ParticipantMetrics, first), key=lambda each: (each["talk_share"], each["participant_key"]))

    assert row["duration_minutes"] == pytest.approx(metrics["duration_s"] / 60)
    assert row["interruptions_per_hour"] == pytest.approx(
        metrics["interruption_count"] / (metrics["duration_s"] / 3600)
    )
    names = ("gini_talk", "overlap_ratio", "longest_monologue_s", "silence_ratio", "word_count", "late_joiners")
    assert {name: row[name] for name in names} == {name: metrics[name] for name in names}
    assert row["top_talk_share"] == top["talk_share"]
    assert row["top_speaker"] == top["name"]
    assert row["participant_names"] == "Ada Lovelace, Bo Larsen, Chi Tran"
    assert not row["is_single_stream"]


def test_title_of_a_meeting_is_its_display_title(first: str) -> None:
    change(Recordings, first, title="abc-defg-hij", display_title=None)
    assert view("meetings", first)[0]["title"] == "abc-defg-hij"

    change(Recordings, first, display_title="Weekly")

    assert {row["title"] for name in ("meetings", "utterances", "chat") for row in view(name, first)} == {"Weekly"}


def test_planned_minutes_are_those_of_the_schedule(first: str) -> None:
    assert view("meetings", first)[0]["planned_minutes"] is None

    change(Recordings, first, scheduled_at=AT, scheduled_end_at=AT + timedelta(minutes=25, seconds=15))

    assert view("meetings", first)[0]["planned_minutes"] == 25.25


@pytest.mark.parametrize("minutes", [7.5, 0.0, -2.25])
def test_minutes_late_count_from_the_scheduled_start(first: str, minutes: float) -> None:
    assert view("meetings", first)[0]["minutes_late"] is None

    change(Recordings, first, scheduled_at=AT, started_at=AT + timedelta(minutes=minutes))

    assert view("meetings", first)[0]["minutes_late"] == minutes


def test_host_is_a_human_and_the_first_of_several(first: str) -> None:
    execute("UPDATE participants SET is_host = false WHERE recording_id = :of", of=first)
    assert view("meetings", first)[0]["host"] is None

    execute("UPDATE participants SET is_host = true WHERE recording_id = :of", of=first)
    assert view("meetings", first)[0]["host"] == "Ada Lovelace"

    key = next(row["participant_key"] for row in stored(Participants, first) if row["name"] == "Ada Lovelace")
    execute("UPDATE participants SET is_bot = true WHERE participant_key = :key", key=key)
    assert view("meetings", first)[0]["host"] == "Bo Larsen"


def test_utterances_are_those_of_the_primary_transcript(first: str) -> None:
    (transcript,) = stored(Transcripts, first)
    copy = {**transcript, "transcript_id": "00000000-0000-4000-8000-000000000001", "is_primary": False}
    given = stored(TranscriptUtterances, first)
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(table_of(Transcripts).insert(), copy)
        copies = [{**row, "transcript_id": copy["transcript_id"]} for row in given]
        connection.execute(table_of(TranscriptUtterances).insert(), copies)

    found = view("utterances", first)

    assert [row["text"] for row in found] == [row["text"] for row in given]
    assert sum(row["word_count"] for row in found) == transcript["word_count"]


def test_utterance_has_the_name_and_participant_that_its_speaker_resolves_to(first: str) -> None:
    key = stored(TranscriptUtterances, first)[0]["participant_key"]
    table = table_of(Speakers)
    with open_test_storage() as storage, storage.database.writing() as connection:
        is_speaker = (table.c.recording_id == first) & (table.c.source == "transcript") & (table.c.speaker_key == key)
        connection.execute(table.update().where(is_speaker).values(name="Corrected", participant_key="9"))

    found = {(row["speaker"], row["participant_key"]) for row in view("utterances", first)}

    assert ("Corrected", "9") in found
    assert len(found) > 1


def test_utterance_keeps_the_name_of_the_transcript_before_metrics_exist(first: str) -> None:
    execute("DELETE FROM speakers WHERE recording_id = :of", of=first)

    given = [row["speaker_name"] for row in stored(TranscriptUtterances, first)]
    assert [row["speaker"] for row in view("utterances", first)] == given


@pytest.mark.parametrize("start_s", [0.0, 12.345, -0.5, 3599.9996, None])
def test_clock_time_of_an_utterance_is_the_start_of_the_recording_plus_its_own(
    first: str, start_s: float | None
) -> None:
    change(Recordings, first, started_at=datetime(2026, 3, 1, 23, 30, 0, 123400, tzinfo=UTC))
    table = table_of(TranscriptUtterances)
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(table.update().where(table.c.recording_id == first).values(start_s=start_s))

    found = view("utterances", first)[0]["started_at"]

    expected = datetime(2026, 3, 1, 23, 30, 0, 123000, tzinfo=UTC)
    assert (None if found is None else instant(found)) == (
        None if start_s is None else expected + timedelta(seconds=round(start_s, 3))
    )


def test_chat_message_that_was_delivered_twice_is_one_message(first: str) -> None:
    table = table_of(ParticipantEvents)
    sender = stored(Participants, first)[0]["participant_key"]
    message = {
        **dict.fromkeys(column.name for column in table.columns),
        **{"recording_id": first, "action": "chat_message", "participant_key": sender, "participant_name": "Old name"},
        **{"at_s": 5.0, "chat_text": "hello", "chat_to": "everyone"},
    }
    messages = [{**message, "event_index": 900 + n} for n in range(2)]
    messages += [{**message, "event_index": 910, "at_s": 6.0}, {**message, "event_index": 911, "chat_text": "bye"}]
    messages += [{**message, "event_index": 912, "at_s": None}]
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(table.delete().where(table.c.recording_id == first, table.c.action == "chat_message"))
        connection.execute(table.insert(), messages)
    change(Recordings, first, started_at=AT)

    found = {row["event_index"]: row for row in view("chat", first)}

    assert {*found} == {900, 910, 911, 912}
    assert (found[900]["recipient"], found[900]["text"], found[900]["participant_key"]) == ("everyone", "hello", sender)
    assert instant(found[900]["at"]) == AT + timedelta(seconds=5)
    assert found[912]["at"] is None


def test_keys_of_both_metadata_are_rows_of_text(first: str) -> None:
    change(Recordings, first, recording_metadata={"deal": "A-1", "a'b": "🌊"}, bot_metadata={"deal": "A-2"})

    found = {(row["metadata_of"], row["key"], row["value"]) for row in view("meeting_keys", first)}

    assert found == {("recording", "deal", "A-1"), ("recording", "a'b", "🌊"), ("bot", "deal", "A-2")}


def test_odd_metadata_of_one_recording_hides_no_other(home_with_meetings: Home, first: str) -> None:
    odd, other = ids(home_with_meetings, MONDAY)
    change(Recordings, first, bot_metadata={"deal": "A-1"})
    change(Recordings, odd, bot_metadata=["a", "list"], recording_metadata="text")
    change(Recordings, other, bot_metadata={"n": 1, "yes": True, "no": False, "null": None})

    found = {(str(row["recording_id"]), row["key"], row["value"]) for row in query("SELECT * FROM meeting_keys")}

    assert found == {
        (first, "deal", "A-1"),
        (other, "n", "1"),
        (other, "yes", "true"),
        (other, "no", "false"),
        (other, "null", None),
    }


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("SELECT * FROM meetings WHERE day = '2026-03-02'", "recordings"),
        ("SELECT * FROM utterances WHERE recording_id = :of", "transcript_utterances"),
        ("SELECT * FROM chat WHERE recording_id = :of", "participant_events"),
    ],
    ids=["meetings-of-a-day", "utterances-of-a-meeting", "chat-of-a-meeting"],
)
def test_usual_query_reads_its_largest_table_by_an_index(first: str, statement: str, table: str) -> None:
    with open_test_storage() as storage, storage.database.reading() as connection:
        if storage.database.is_sqlite:
            steps = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}"), {"of": first})]
            is_scan = [step for step in steps if step.split()[:2] == ["SCAN", table]]
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # small tables are scanned otherwise
            steps = [*connection.scalars(text(f"EXPLAIN {statement}"), {"of": first})]
            is_scan = [step for step in steps if f"Seq Scan on {table}" in step]

    assert steps
    assert is_scan == []
