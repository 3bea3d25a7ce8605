"""Voice activity of stored separate audio: analysed once per file, part of the metrics, and gone after a purge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from meeting_assets.artifacts.audio_separate import AudioParts
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.derive import derive_days, outdated_metrics_count
from meeting_assets.pipeline.media.activity import NO_START, ActivityReport, analyse_days, days_to_analyse
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.storage import Storage
from meeting_assets.pipeline.views import VIEWS
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.store.audio_activity import ACTIVITY, ANALYSES
from meeting_assets.store.database import table_of
from meeting_assets.store.media_ledger import MEDIA_FILES
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.media_homes import expect_media, fetch

DAY = date(2026, 3, 2)
PEOPLE = 3
MEETINGS = 2
AGREED = 0.95
QUALITY, METRICS, PARTS = (table_of(model) for model in (DataQuality, MeetingMetrics, AudioParts))


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A home with the separate audio of two meetings. The sandbox has stopped: nothing can be downloaded."""
    with Sandbox(uniform(DAY, recordings=MEETINGS, words=240), media=True, limits=False) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_days([DAY])
        with open_test_storage() as storage:
            expect_media(storage, [MediaKind.AUDIO_SEPARATE])
            fetch(storage, [MediaKind.AUDIO_SEPARATE])
    with open_test_storage() as storage:
        yield storage


def rows(storage: Storage, table: Any, *conditions: Any) -> list[dict[str, Any]]:
    with storage.database.reading() as connection:
        query = select(table).where(*conditions).order_by(*table.primary_key)
        return [dict(row) for row in connection.execute(query).mappings()]


def change(storage: Storage, statement: Any) -> None:
    with storage.database.writing() as connection:
        connection.execute(statement)


def analyse(storage: Storage) -> ActivityReport:
    """Analyses the day and derives its metrics."""
    report = analyse_days(storage, [DAY])
    assert not report.faults
    derive_days([DAY], storage)
    return report


def qualities(storage: Storage) -> list[dict[str, Any]]:
    return rows(storage, QUALITY)


@pytest.mark.usefixtures("raw_store")
def test_stored_audio_agrees_with_timeline_and_words(stored: Storage) -> None:
    report = analyse(stored)

    assert (report.analysed, report.unreadable, len(report.recording_ids)) == (MEETINGS * PEOPLE, 0, MEETINGS)
    for quality in qualities(stored):
        assert quality["audio_timeline_coverage"] >= AGREED
        assert quality["timeline_audio_coverage"] >= AGREED
        assert quality["word_audio_coverage"] >= AGREED
        assert quality["audio_word_coverage"] >= AGREED
        assert (quality["swapped_tracks"], quality["shifted_tracks"], quality["audio_shift_s"]) == (0, 0, 0.0)
    speech_s = sum(row["end_s"] - row["start_s"] for row in rows(stored, ACTIVITY))
    assert report.activity_s == pytest.approx(speech_s, abs=0.01)


@pytest.mark.usefixtures("database_url")
def test_analysed_files_are_not_analysed_again(stored: Storage) -> None:
    assert days_to_analyse(stored) == [DAY]
    analyse(stored)
    before = rows(stored, ACTIVITY)

    report = analyse_days(stored, [DAY])

    assert (report.analysed, report.unchanged, report.recording_ids) == (0, MEETINGS * PEOPLE, set())
    assert days_to_analyse(stored) == []
    assert rows(stored, ACTIVITY) == before


@pytest.mark.usefixtures("database_url")
def test_analysed_audio_is_an_input_of_the_metrics(stored: Storage) -> None:
    assert outdated_metrics_count(stored) == 0

    analyse_days(stored, [DAY])

    assert outdated_metrics_count(stored) == MEETINGS
    with stored.database.reading() as connection:
        assert connection.execute(VIEWS["fresh_meetings"]).all() == []
    derive_days([DAY], stored)
    assert outdated_metrics_count(stored) == 0
    with stored.database.reading() as connection:
        assert len(connection.execute(VIEWS["fresh_meetings"]).all()) == MEETINGS


def test_rebuild_of_a_new_database_analyses_stored_audio(stored: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    analyse(stored)
    before = rows(stored, ACTIVITY), rows(stored, ANALYSES)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", f"sqlite:///{stored.home}/new.db")
    monkeypatch.setenv("MEETING_ASSETS_AUDIO_ACTIVITY", "on")

    with open_test_storage() as storage:
        report = rebuild(storage)

        assert report.faults == []
        assert (rows(storage, ACTIVITY), rows(storage, ANALYSES)) == before
        assert {quality["swapped_tracks"] for quality in qualities(storage)} == {0}


def test_rows_are_the_same_when_they_are_computed_again(stored: Storage) -> None:
    analyse(stored)
    before = rows(stored, ACTIVITY), rows(stored, ANALYSES), qualities(stored)
    for table in (ACTIVITY, ANALYSES):
        change(stored, table.delete())

    report = analyse(stored)

    after = rows(stored, ACTIVITY), rows(stored, ANALYSES), qualities(stored)
    ignored = {"modified_at"}
    assert report.analysed == MEETINGS * PEOPLE
    assert after[:2] == before[:2]
    assert [{k: v for k, v in row.items() if k not in ignored} for row in after[2]] == [
        {k: v for k, v in row.items() if k not in ignored} for row in before[2]
    ]


def test_part_whose_start_is_wrong_by_half_a_second_is_noticed(stored: Storage) -> None:
    part = rows(stored, PARTS)[0]
    is_part = PARTS.c.part_id == part["part_id"]
    change(stored, PARTS.update().where(is_part).values(start_s=part["start_s"] + 0.5))

    analyse(stored)

    quality = next(row for row in qualities(stored) if row["recording_id"] == part["recording_id"])
    assert (quality["shifted_tracks"], quality["misaligned_tracks"]) == (1, part["participant_key"])
    assert quality["audio_shift_s"] == pytest.approx(0.5, abs=0.1)


def test_parts_with_exchanged_participants_are_noticed(stored: Storage) -> None:
    one, other = rows(stored, PARTS)[:2]
    assert one["recording_id"] == other["recording_id"]
    for part, speaker in ((one, other), (other, one)):
        is_part = PARTS.c.part_id == part["part_id"]
        values = {name: speaker[name] for name in ("participant_key", "participant_id")}
        change(stored, PARTS.update().where(is_part).values(values))

    analyse(stored)

    quality = next(row for row in qualities(stored) if row["recording_id"] == one["recording_id"])
    assert (quality["swapped_tracks"], quality["shifted_tracks"]) == (2, 0)
    assert quality["misaligned_tracks"] == ",".join(sorted((one["participant_key"], other["participant_key"])))


def test_preferred_audio_times_the_speech_of_stored_meetings(stored: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    analyse(stored)
    monkeypatch.setenv("MEETING_ASSETS_TIMING_SOURCE", "audio")

    with open_test_storage() as storage:
        derive_days([DAY], storage)
        found = rows(storage, METRICS)

    assert {row["timing_source"] for row in found} == {"audio"}
    assert all(row["speech_s"] > 50 for row in found)


def test_unreadable_file_is_recorded_and_costs_no_other_file(stored: Storage) -> None:
    file = rows(stored, MEDIA_FILES)[0]
    stored.raw.put(file["key"], b"no audio" * 100)
    change(stored, MEDIA_FILES.update().where(MEDIA_FILES.c.key == file["key"]).values(sha256="0" * 64))

    report = analyse(stored)

    assert (report.analysed, report.unreadable) == (MEETINGS * PEOPLE - 1, 1)
    [row] = rows(stored, ANALYSES, ANALYSES.c.error.is_not(None))
    assert (row["part_id"], row["analysed_s"]) == (file["part_id"], None)
    assert row["error"].startswith("second 0.000: ")
    assert analyse_days(stored, [DAY]).unchanged == MEETINGS * PEOPLE


def test_replaced_file_is_analysed_again(stored: Storage) -> None:
    analyse(stored)
    file = rows(stored, MEDIA_FILES)[0]
    change(stored, MEDIA_FILES.update().where(MEDIA_FILES.c.key == file["key"]).values(sha256="1" * 64))

    report = analyse_days(stored, [DAY])

    assert (report.analysed, report.recording_ids) == (1, {file["recording_id"]})


def test_part_without_a_start_has_no_intervals(stored: Storage) -> None:
    change(stored, PARTS.update().values(start_s=None))

    analyse(stored)

    assert {row["error"] for row in rows(stored, ANALYSES)} == {NO_START}
    assert rows(stored, ACTIVITY) == []
    assert {row["timeline_audio_coverage"] for row in qualities(stored)} == {None}


def test_rows_of_a_file_that_is_not_stored_any_more_are_removed(stored: Storage) -> None:
    analyse(stored)
    file = rows(stored, MEDIA_FILES)[0]
    change(stored, MEDIA_FILES.update().where(MEDIA_FILES.c.key == file["key"]).values(status="deleted"))

    report = analyse_days(stored, [DAY])

    assert (report.removed, report.recording_ids) == (1, {file["recording_id"]})
    assert file["part_id"] not in {row["part_id"] for row in [*rows(stored, ACTIVITY), *rows(stored, ANALYSES)]}


@pytest.mark.usefixtures("database_url")
def test_purge_leaves_no_voice_activity(stored: Storage) -> None:
    analyse(stored)
    recording_id = rows(stored, ANALYSES)[0]["recording_id"]

    purge(stored, [recording_id], "asked for")

    left = [*rows(stored, ACTIVITY), *rows(stored, ANALYSES)]
    assert left
    assert recording_id not in {row["recording_id"] for row in left}
