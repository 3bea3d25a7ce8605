"""Checks of metrics: they report rows that contradict each other, and sources that do not agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from meeting_assets.core.instants import now
from meeting_assets.health.check import Violations
from meeting_assets.health.ledger_checks import STUCK_AFTER
from meeting_assets.health.metric_checks import metric_checks
from meeting_assets.metrics.persons import PersonMetrics
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.turns import SpeakerTransitions
from meeting_assets.pipeline.storage import Storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import keep_collections, open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)
MEETING = "every_meetings_numbers_add_up"
PARTICIPANT = "every_participants_numbers_add_up"
NAMES = [check.name for check in metric_checks()]


@pytest.fixture
def stored_meetings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Storage, str]]:
    with Sandbox(uniform(DAY, recordings=2, words=300), download_port=DOWNLOAD_PORT) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_once("two recordings", [DAY])
        with open_test_storage() as storage:
            yield storage, sandbox.world.recordings[0].id


def violations_of(storage: Storage) -> dict[str, Violations]:
    with storage.database.reading() as connection:
        return {check.name: check.violations(connection, now()) for check in metric_checks()}


SOURCES = (MeetingMetrics, ParticipantMetrics, PersonMetrics, DataQuality)
# A table, changed values in the rows of one recording, the checks that must fail, and a part of the reported location.
CHANGES: list[tuple[type[SQLModel], dict[str, Any], set[str], str]] = [
    (MeetingMetrics, {"silence_s": 9999.0}, {MEETING}, "the row contradicts itself or its participants"),
    (MeetingMetrics, {"talk_s": 0.0}, {MEETING}, "the row contradicts itself"),
    (MeetingMetrics, {"turn_count": 9999}, {MEETING}, "the row contradicts itself"),
    (MeetingMetrics, {"gini_talk": 1.1}, {MEETING}, "the row contradicts itself"),
    (SpeakerTransitions, {"switch_count": 9999}, {MEETING}, "the row contradicts itself"),
    (ParticipantMetrics, {"talk_share": 0.9}, {MEETING}, "the row contradicts itself"),
    (ParticipantMetrics, {"solo_talk_s": 9999.0}, {PARTICIPANT}, "a row contradicts itself"),
    (ParticipantMetrics, {"webcam_on_s": 9999.0}, {PARTICIPANT}, "a row contradicts itself"),
    (ParticipantMetrics, {"attended_s": 0.0}, {PARTICIPANT, "talk_time_is_within_attendance"}, ""),
    (PersonMetrics, {"attended_s": 1190.0}, {"every_persons_numbers_add_up"}, "a row contradicts itself"),
    (PersonMetrics, {"talk_share": 1.1}, {"every_persons_numbers_add_up"}, ""),
    (DataQuality, {"timeline_word_coverage": 0.49}, {"timeline_and_words_agree"}, "words cover 49% of the timeline"),
    (DataQuality, {"word_timeline_coverage": 0.2}, {"timeline_and_words_agree"}, ""),
    (DataQuality, {"speech_event_agreement": 0.7}, {"speech_events_and_timeline_agree"}, "70% in common"),
    (DataQuality, {"attributed_word_share": 0.79}, {"words_have_participants"}, "21% of the words without"),
    (DataQuality, {"clock_skew_s": -7200.0}, {"clocks_agree"}, "off by -7200.0 s"),
    (
        *(DataQuality, {"missing_kinds": "audio_separate,transcript"}, {"nothing_that_is_measured_is_missing"}),
        "without audio_separate, transcript",
    ),
]


def test_each_check_fails_for_a_changed_value_of_its_table_only(stored_meetings: tuple[Storage, str]) -> None:
    storage, recording_id = stored_meetings
    before = violations_of(storage)

    assert {name: found.count for name, found in before.items()} == dict.fromkeys(NAMES, 0)
    for model, values, names, location in CHANGES:
        table = table_of(model)
        of_recording = table.c.recording_id == recording_id
        with storage.database.writing() as connection:
            kept = [dict(row) for row in connection.execute(table.select().where(of_recording)).mappings()]
            connection.execute(table.update().where(of_recording).values(values))

        found = {name: each for name, each in violations_of(storage).items() if each.count}

        assert found.keys() == names, values
        for each in found.values():
            assert {(violation.recording_id, violation.day, violation.source) for violation in each.newest} <= {
                (recording_id, DAY, table_of(source).name) for source in SOURCES
            }
        assert any(location in violation.location for each in found.values() for violation in each.newest), values
        with storage.database.writing() as connection:
            connection.execute(table.delete().where(of_recording))
            connection.execute(table.insert(), kept)
    assert set().union(*(names for _, _, names, _ in CHANGES)) == set(NAMES)


def test_words_without_any_speaker_are_counted_apart_from_words_under_labels(
    stored_meetings: tuple[Storage, str],
) -> None:
    storage, recording_id = stored_meetings
    speakers, quality = table_of(Speakers), table_of(DataQuality)
    of_transcript = (speakers.c.recording_id == recording_id) & (speakers.c.source == "transcript")
    row = {"recording_id": recording_id, "source": "transcript", "method": "none"}
    with storage.database.writing() as connection:
        connection.execute(speakers.delete().where(of_transcript))
        for key, participant, count in (("label:A", None, 70), ("unknown", None, 20), ("label:B", "100", 10)):
            values = {"speaker_key": key, "participant_key": participant, "word_count": count}
            connection.execute(speakers.insert().values(**row, **values))
        of_recording = quality.c.recording_id == recording_id
        connection.execute(quality.update().where(of_recording).values(attributed_word_share=0.1))

    (violation,) = violations_of(storage)["words_have_participants"].newest

    assert violation.location == (
        "90% of the words without a participant: 70 words under labels, 20 without any speaker"
    )


def test_artifact_in_progress_is_missing_only_when_overdue(
    stored_meetings: tuple[Storage, str],
) -> None:
    storage, recording_id = stored_meetings
    states: list[tuple[dict[str, Any], bool]] = [
        ({"status": "pending", "api_status": "processing", "attempts": 0}, True),
        ({"status": "pending", "api_status": "done", "attempts": 0}, True),
        ({"status": "fetched", "api_status": "done", "attempts": 0}, True),
        ({"status": "pending", "api_status": "done", "attempts": 9}, False),
        ({"status": "absent", "api_status": None, "attempts": 0}, False),
        ({"status": "failed", "api_status": "failed", "attempts": 0}, False),
    ]
    quality = table_of(DataQuality)
    is_transcript = (LEDGER.c.recording_id == recording_id) & (LEDGER.c.kind == "transcript")
    with storage.database.writing() as connection:
        of_recording = quality.c.recording_id == recording_id
        connection.execute(quality.update().where(of_recording).values(missing_kinds="transcript"))

    found = {}
    for state, _ in states:
        for age in (STUCK_AFTER / 2, STUCK_AFTER * 2):
            with storage.database.writing() as connection:
                connection.execute(LEDGER.update().where(is_transcript).values(**state, api_updated_at=now() - age))
            found[str(state), age] = violations_of(storage)["nothing_that_is_measured_is_missing"].count

    for state, is_arriving in states:
        assert found[str(state), STUCK_AFTER / 2] == (0 if is_arriving else 1), state
        assert found[str(state), STUCK_AFTER * 2] == 1, state


@pytest.mark.parametrize("kind", ["provider_data", "video_separate,audio_separate"])
def test_kinds_without_metrics_may_be_missing(stored_meetings: tuple[Storage, str], kind: str) -> None:
    storage, recording_id = stored_meetings
    table = table_of(DataQuality)
    with storage.database.writing() as connection:
        connection.execute(table.update().where(table.c.recording_id == recording_id).values(missing_kinds=kind))

    assert violations_of(storage)["nothing_that_is_measured_is_missing"].count == 0


def test_workspace_without_transcripts_passes(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(keep_collections(uniform(DAY, recordings=2), "participant_events")) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_days([DAY])

    with open_test_storage() as storage:
        with storage.database.reading() as connection:
            missing = connection.scalars(select(table_of(DataQuality).c.missing_kinds)).all()
        assert ["transcript" in kinds for kinds in missing] == [True, True]
        assert violations_of(storage)["nothing_that_is_measured_is_missing"].count == 0
