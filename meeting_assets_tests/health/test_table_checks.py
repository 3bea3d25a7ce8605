"""Checks of parsed tables: each reports rows that contradict other rows, without names and spoken text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func

from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.core.instants import now
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.table_checks import row_counters, table_checks
from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.schema.columns import RecordingRow
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets_tests.support.data_checks import AFTER_RUNS, as_tuples, change_rows, deletion, violations
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = pytest.mark.with_tables

DAY = date(2026, 3, 2)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    # Three participants with about 100 s and 330 words each, which is above the thresholds of the checks.
    with Sandbox(uniform(DAY, recordings=2, words=1000), download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


def test_word_outside_its_utterance_is_reported(sandbox: Sandbox, recording: Recording) -> None:
    sync_once("two long recordings", [DAY])
    words = table_of(TranscriptWords)
    fourth = (words.c.recording_id == recording.id, words.c.word_index == 3)

    change_rows(words.update().where(*fourth).values(end_s=9999.0))

    found = violations("words_lie_inside_their_utterance", "transcript_words")
    assert as_tuples(found) == [(recording.id, DAY, "transcript_words", "utterance 0, word 3")]


def test_word_without_an_utterance_is_reported(sandbox: Sandbox, recording: Recording) -> None:
    sync_once("two long recordings", [DAY])

    change_rows(deletion(TranscriptUtterances, recording, utterance_index=0))

    found = violations("words_lie_inside_their_utterance", "transcript_words")
    assert found.count > 1
    assert found.newest[0].location == "utterance 0, word 0"


@pytest.mark.parametrize(
    ("gone_from", "left_in"),
    [(SpeakerTimeline, "transcript_utterances"), (TranscriptUtterances, "speaker_timeline")],
)
def test_speaker_in_one_source_only_is_reported(
    sandbox: Sandbox, recording: Recording, gone_from: type[RecordingRow], left_in: str
) -> None:
    sync_once("two long recordings", [DAY])

    change_rows(deletion(gone_from, recording, participant_key="100"))

    found = violations("timeline_and_transcript_name_the_same_people", "transcript_utterances")
    assert as_tuples(found) == [(recording.id, DAY, left_in, "participant 100 is in this source only")]


@pytest.mark.parametrize("source", [SpeakerTimeline, TranscriptUtterances])
def test_source_with_unidentified_speakers_is_skipped(
    sandbox: Sandbox, recording: Recording, source: type[RecordingRow]
) -> None:
    sync_once("two long recordings", [DAY])
    table = table_of(source)
    spoken = (table.c.recording_id == recording.id, table.c.participant_key == "100")

    change_rows(table.update().where(*spoken).values(participant_key="label:Speaker A"))

    assert violations("timeline_and_transcript_name_the_same_people", "transcript_utterances").count == 0


def test_bot_in_the_timeline_is_skipped(sandbox: Sandbox, recording: Recording) -> None:
    sync_once("two long recordings", [DAY])
    people = table_of(Participants)
    bot = (people.c.recording_id == recording.id, people.c.participant_key == "100")

    change_rows(
        people.update().where(*bot).values(is_bot=True),
        deletion(TranscriptUtterances, recording, participant_key="100"),
    )

    assert violations("timeline_and_transcript_name_the_same_people", "transcript_utterances").count == 0


def test_speaker_below_the_thresholds_is_skipped(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=2, words=60)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_days([DAY])
        first, second = sandbox.world.recordings

        change_rows(
            deletion(SpeakerTimeline, first, participant_key="100"),
            deletion(TranscriptUtterances, second, participant_key="100"),
        )

        assert violations("timeline_and_transcript_name_the_same_people", "transcript_utterances").count == 0


@pytest.mark.parametrize(
    ("model", "key"),
    [
        (Participants, {"participant_key": "100"}),
        (TranscriptWords, {"word_index": 5}),
        (TranscriptUtterances, {"utterance_index": 1}),
        (ParticipantMetrics, {"participant_key": "100"}),
    ],
)
def test_missing_row_is_reported(
    sandbox: Sandbox, recording: Recording, model: type[RecordingRow], key: dict[str, Any]
) -> None:
    sync_once("two long recordings", [DAY])
    table = table_of(model).name

    change_rows(deletion(model, recording, **key))

    (violation,) = violations("every_counted_row_is_there", table).newest
    assert (violation.recording_id, violation.day, violation.source) == (recording.id, DAY, table)
    counted, present = (int(word) for word in violation.location.split() if word.isdigit())
    assert counted == present + 1


def test_rows_without_a_ledger_row_are_reported(sandbox: Sandbox, recording: Recording) -> None:
    sync_once("two long recordings", [DAY])
    of_timeline = (LEDGER.c.recording_id == recording.id, LEDGER.c.kind == "speaker_timeline")

    change_rows(
        LEDGER.delete().where(*of_timeline), RECORDINGS.delete().where(RECORDINGS.c.recording_id == recording.id)
    )

    (violation,) = violations("every_counted_row_is_there", "speaker_timeline").newest
    assert (violation.recording_id, violation.day) == (recording.id, None)
    assert violation.location.startswith("0 rows expected, ")


def test_recording_with_two_transcripts_passes_every_check(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.add_transcript(recording.id)

    sync_days([DAY])

    with open_test_storage() as storage, storage.database.reading() as connection:
        assert not any(check.violations(connection, now() + AFTER_RUNS).count for check in table_checks())


def test_violations_contain_no_names_and_no_spoken_text(sandbox: Sandbox, recording: Recording) -> None:
    sync_once("two long recordings", [DAY])
    timeline = table_of(SpeakerTimeline)
    labelled = timeline.update().where(timeline.c.participant_key == "200").values(participant_key="label:Bo Larsen")

    change_rows(
        labelled,
        deletion(TranscriptUtterances, recording, utterance_index=0),
        deletion(Transcripts, sandbox.world.recordings[1]),
        deletion(ParticipantMetrics, recording, participant_key="100"),
    )

    with open_test_storage() as storage, storage.database.reading() as connection:
        found = [check.violations(connection, now() + AFTER_RUNS) for check in [*ledger_checks(), *table_checks()]]
        people = connection.execute(table_of(Participants).select()).mappings().all()
    said = repr(found)
    assert sum(each.count for each in found) > 3
    assert not any(each["name"] in said for each in people)
    assert "Larsen" not in said


def break_everything() -> None:
    """Changes rows of all recordings so that every table check has violations in each of them."""
    counters = [counter for counter in row_counters().values() if counter is not None]
    change_rows(
        table_of(TranscriptWords).update().values(end_s=9999.0),
        table_of(SpeakerTimeline).delete().where(table_of(SpeakerTimeline).c.participant_key == "100"),
        LEDGER.update().where(LEDGER.c.row_count.is_not(None)).values(row_count=LEDGER.c.row_count + 1),
        *(table_of(each.class_).update().values({each.key: func.coalesce(each, 0) + 1}) for each in counters),
    )


def test_evaluation_of_some_recordings_finds_their_violations_alone(sandbox: Sandbox, recording: Recording) -> None:
    sync_once("two long recordings", [DAY])
    break_everything()
    both = sorted(each.id for each in sandbox.world.recordings)

    with open_test_storage() as storage, storage.database.reading() as connection:
        for check in table_checks():
            whole, *each = (check.violations_of(connection, ids) for ids in (both, both[:1], both[1:], []))

            assert whole.count == check.violations(connection, now()).count == each[0].count + each[1].count
            assert {violation.recording_id for violation in each[0].newest} == {both[0]}, check
            assert {violation.recording_id for violation in each[1].newest} == {both[1]}, check
            assert each[2].count == 0
