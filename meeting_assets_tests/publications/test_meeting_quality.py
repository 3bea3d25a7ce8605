"""Data quality on the page of a meeting: each fault has its sentence and its consequence."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.publications.pages import meeting_quality
from meeting_assets.publications.pages.meeting_page import meeting_page
from meeting_assets.publications.pages.meeting_quality import notes_of
from meeting_assets.publications.pages.site import Site
from meeting_assets.publications.pages.values import KIND_NAMES
from meeting_assets.sandbox import Sandbox
from meeting_assets.schema.persistent import Artifacts
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.ledger_states import ABSENT, DELETED, FAILED, FETCHED, PENDING, QUARANTINED
from meeting_assets_tests.support.environments import sync_days, use_sandbox
from meeting_assets_tests.support.meeting_pages import changed, data, page, section
from meeting_assets_tests.support.page_meetings import DAY, world


@pytest.mark.parametrize(
    ("model", "values", "fact"),
    [
        (DataQuality, {"is_single_stream": True}, "The source of speech times never shows two speakers at once."),
        (DataQuality, {"unattributed_speech_s": 65.0}, "1 min 5 s of speech have no speaker."),
        (DataQuality, {"attributed_word_share": 0.95}, "5.0% of the words have no participant."),
        (DataQuality, {"attributed_word_share": 0.5}, "Only 50% of the words have a participant."),
        (DataQuality, {"untimed_words": 3}, "3 of 5 words or captions have no time."),
        (DataQuality, {"nonpositive_words": 1}, "1 word of the transcript last no time."),
        (DataQuality, {"timeline_word_coverage": 0.4}, "The transcript has words in only 40% of the time with speech."),
        (DataQuality, {"word_timeline_coverage": 0.3}, "The speaker timeline has speech in only 30% of the time"),
        (DataQuality, {"speech_event_agreement": 0.5}, "Two sources of speech times agree on only 50% of the speech."),
        (DataQuality, {"clock_skew_s": -7.0}, "The clocks of the platform and of the recording differ by 7 s."),
        (DataQuality, {"implausible_duration_s": 864_000.0}, "The recording claims to last 240 h."),
        (MeetingMetrics, {"timing_source": None}, "No source says who spoke when."),
        (MeetingMetrics, {"timing_source": "speech_events"}, "Times of speech come from the participant events"),
        (MeetingMetrics, {"duration_extended_s": 2.5}, "Speech goes on for 2.5 s after the end of the recording."),
        (MeetingMetrics, {"open_intervals": 1}, "1 interval of speech had no end."),
        (MeetingMetrics, {"clipped_intervals": 2}, "2 intervals of speech reached out of the recording."),
        (MeetingMetrics, {"dropped_intervals": 2000}, "2,000 intervals of speech had no length."),
    ],
)
def test_each_doubtful_number_has_a_sentence(
    stored_page_meetings: Storage, ids: dict[str, str], model: Any, values: dict[str, Any], fact: str
) -> None:
    with changed(stored_page_meetings, table_of(model), ids["complete"], **values) as connection:
        document = page(connection, ids["complete"])

    [shown] = section(document, "quality").all("li")
    assert fact in shown.words
    assert shown.one("span").words
    assert shown.one("a").attributes["href"] in {f"../../../definitions.html#{column}" for column in values}


@pytest.mark.parametrize("status", [ABSENT, PENDING, FETCHED, QUARANTINED, FAILED, DELETED])
@pytest.mark.parametrize("kind", ARTIFACTS)
def test_each_artifact_outside_the_tables_is_named_with_its_consequence(
    stored_page_meetings: Storage, ids: dict[str, str], kind: str, status: str
) -> None:
    is_kind = table_of(Artifacts).c.kind == kind
    with changed(stored_page_meetings, table_of(Artifacts), ids["complete"], is_kind, status=status) as connection:
        [note] = notes_of(data(connection, ids["complete"]), Parameters())

    assert KIND_NAMES[kind] in note.fact
    assert note.is_fault == (kind in meeting_quality.WITHOUT)
    assert note.meaning == meeting_quality.WITHOUT.get(kind, "No number on this page depends on it.")


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("no_transcript", "Recall.ai has no transcript for this meeting."),
        ("failed_transcript", "Recall.ai could not make the transcript. Reason: zoom_captions_failure."),
        ("no_timeline", "Not fetched yet, but tried again: speaker timeline. Reason: the API says done"),
        ("no_timeline", "Times of speech come from the words of the transcript"),
        ("no_events", "Not fetched yet, but tried again: participant events."),
        (
            "unreadable_timeline",
            "Stored, but unreadable: speaker timeline. Reason: [0].participant: expected object, got str.",
        ),
        ("silent", "No source says who spoke when."),
        ("silent", "The transcript has no words."),
        ("untimed", "8 of 8 words or captions have no time."),
        ("partly_untimed", "3 of 7 words or captions have no time."),
        ("labels", "Too much of the speech has no participant."),
        ("labels", "Only 0% of the words have a participant."),
        ("labels", "A machine told the voices of the transcript apart."),
        ("nameless", "15 s of speech have no speaker."),
        ("nameless", "of the words have no participant."),
        ("hostile", "characters could not be stored and became U+FFFD."),
        ("hostile", "The transcript has words in only"),
    ],
)
def test_data_quality_names_the_fault(connection: Connection, ids: dict[str, str], name: str, fact: str) -> None:
    notes = notes_of(data(connection, ids[name]), Parameters())

    (found,) = [note for note in notes if fact in note.fact]

    assert found.meaning
    assert found.fact in section(page(connection, ids[name]), "quality").words


def test_meeting_without_faults_is_called_complete(connection: Connection, ids: dict[str, str]) -> None:
    document = page(connection, ids["complete"])

    assert section(document, "quality").words == (
        "Data quality Complete: all artifacts are stored and readable, and their sources agree."
    )


def test_meeting_without_metrics_says_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert database_url
    with Sandbox(world(), limits=False) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_days([DAY])
    recording = world().recordings[0]
    with open_storage(read_settings()) as storage:
        with storage.database.reading() as connection:
            before = page(connection, recording.id)
        with storage.database.writing() as connection:
            for name in ("meeting_metrics", "participant_metrics", "data_quality", "speech", "turns", "attendance"):
                connection.exec_driver_sql(f"DELETE FROM {name}")
        with storage.database.reading() as connection:
            after = page(connection, recording.id)
        with storage.database.writing() as connection:
            connection.execute(RECORDINGS.update().values(status="processing"))
        with storage.database.reading() as connection:
            unfinished = meeting_page(connection, recording.id, Site.read(connection))

    assert "Ada Byron" in section(before, "talk").text
    assert "The numbers of this meeting are not computed yet." in section(after, "quality").text
    assert "Good morning." in section(after, "transcript").text
    assert unfinished is None
