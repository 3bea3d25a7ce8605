"""Bad data has one definition: pages, data health, `show` and the query `bad_data` name the same meetings."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from meeting_assets.metrics.quality import LARGEST_SKEW_S, LEAST_AGREEMENT, LEAST_COVERAGE, MEASURED_KINDS, DataQuality
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.data_faults import MISSING, UNREADABLE, Fault
from meeting_assets.publications.pages.meeting_quality import WITHOUT
from meeting_assets.schema.persistent import Artifacts
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger_states import ABSENT, DELETED, FAILED, FETCHED, PENDING, QUARANTINED, SUPERSEDED
from meeting_assets_tests.support.bad_data import assert_same_meetings, in_query
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.meeting_pages import changed
from meeting_assets_tests.support.rollups import Home
from meeting_assets_tests.support.stored_fortnight import StoredFortnight

ARTIFACTS, METRICS, QUALITY, MEMBERS = (
    table_of(model) for model in (Artifacts, MeetingMetrics, DataQuality, ParticipantMetrics)
)


def test_pages_and_query_agree_about_the_fortnight(stored_fortnight: StoredFortnight) -> None:
    with stored_fortnight.storage.database.reading() as connection:
        shown = assert_same_meetings(connection)

    reasons = {reason for each in shown.values() for reason in each.split("; ")}
    assert Fault.NO_SPEECH_TIMES in reasons
    assert 0 < len(shown) < len(stored_fortnight.world.recordings)


def test_pages_and_query_agree_about_peculiar_meetings(connection: Connection, ids: dict[str, str]) -> None:
    shown = assert_same_meetings(connection)

    assert Fault.BAD_TIMELINE in shown[ids["unreadable_timeline"]]
    assert Fault.NO_TRANSCRIPT in shown[ids["failed_transcript"]]
    assert Fault.FEW_KNOWN_SPEAKERS in shown[ids["labels"]]
    assert ids["complete"] not in shown


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_pages_and_query_agree_under_every_attributed_share(connection: Connection, share: float) -> None:
    assert_same_meetings(connection, share)


ARTIFACT_CASES = [
    (ARTIFACTS, {"status": status}, (UNREADABLE if status == QUARANTINED else MISSING)[kind], kind)
    for kind in MEASURED_KINDS
    for status in (ABSENT, PENDING, FETCHED, QUARANTINED, FAILED, SUPERSEDED, DELETED)
]
VALUE_CASES: list[tuple[Table, dict[str, Any], Fault | None, None]] = [
    (METRICS, {"timing_source": None}, Fault.NO_SPEECH_TIMES, None),
    (METRICS, {"transcript_id": None}, Fault.NO_WORDS, None),
    (QUALITY, {"is_single_stream": True}, Fault.NO_OVERLAP, None),
    (MEMBERS, {"talk_time_s": None}, Fault.FEW_KNOWN_SPEAKERS, None),
    (QUALITY, {"attributed_word_share": 0.899}, Fault.FEW_ATTRIBUTED_WORDS, None),
    (QUALITY, {"attributed_word_share": 0.9}, None, None),
    (QUALITY, {"timeline_word_coverage": LEAST_COVERAGE - 0.001}, Fault.FEW_WORDS, None),
    (QUALITY, {"timeline_word_coverage": LEAST_COVERAGE}, None, None),
    (QUALITY, {"word_timeline_coverage": LEAST_COVERAGE - 0.001}, Fault.LITTLE_SPEECH, None),
    (QUALITY, {"word_timeline_coverage": LEAST_COVERAGE}, None, None),
    (QUALITY, {"speech_event_agreement": LEAST_AGREEMENT - 0.001}, Fault.DISAGREEMENT, None),
    (QUALITY, {"speech_event_agreement": LEAST_AGREEMENT}, None, None),
    (QUALITY, {"clock_skew_s": -LARGEST_SKEW_S - 0.001}, Fault.SKEWED_CLOCKS, None),
    (QUALITY, {"clock_skew_s": LARGEST_SKEW_S}, None, None),
    (QUALITY, {"implausible_duration_s": 864_000.0}, Fault.IMPLAUSIBLE_DURATION, None),
    (QUALITY, {"open_intervals": 3, "untimed_words": 2, "unattributed_speech_s": 60.0}, None, None),
]


@pytest.mark.parametrize(("table", "values", "fault", "kind"), [*ARTIFACT_CASES, *VALUE_CASES])
def test_each_fault_has_one_reason_everywhere(
    stored_page_meetings: Storage,
    ids: dict[str, str],
    table: Table,
    values: dict[str, Any],
    fault: Fault | None,
    kind: str | None,
) -> None:
    conditions = [] if kind is None else [ARTIFACTS.c.kind == kind]
    with changed(stored_page_meetings, table, ids["complete"], *conditions, **values) as connection:
        shown = assert_same_meetings(connection)

    assert shown.get(ids["complete"]) == fault


def test_artifact_of_another_kind_is_no_fault(stored_page_meetings: Storage, ids: dict[str, str]) -> None:
    is_other = ARTIFACTS.c.kind.not_in(MEASURED_KINDS)
    with changed(stored_page_meetings, ARTIFACTS, ids["complete"], is_other, status=QUARANTINED) as connection:
        assert ids["complete"] not in assert_same_meetings(connection)


def test_meeting_without_metrics_or_ledger_has_bad_data(home_with_meetings: Home) -> None:
    with open_test_storage() as storage, storage.database.engine.connect() as connection:
        for table in (METRICS, QUALITY, MEMBERS, ARTIFACTS):
            connection.execute(table.delete())
        shown = assert_same_meetings(connection)
        connection.rollback()

    assert {*shown.values()} == {"; ".join([Fault.NOT_MEASURED, *MISSING.values()])}
    assert len(shown) == len(home_with_meetings.recordings)


def test_agreement_does_not_depend_on_the_database(home_with_meetings: Home) -> None:
    with open_test_storage() as storage, storage.database.engine.connect() as connection:
        connection.execute(QUALITY.update().values(speech_event_agreement=0.1, clock_skew_s=-9.0))
        first = connection.scalar(select(QUALITY.c.recording_id).limit(1))
        connection.execute(METRICS.update().where(METRICS.c.recording_id == first).values(timing_source=None))
        shown = assert_same_meetings(connection)
        connection.rollback()

    assert next(iter(shown)) == first


def test_meeting_with_the_most_reasons_comes_first(connection: Connection) -> None:
    counts = [len(reasons.split("; ")) for reasons in in_query(connection).values()]

    assert counts == sorted(counts, reverse=True)


def test_every_kind_with_a_fault_has_a_consequence_on_the_page() -> None:
    assert WITHOUT.keys() == MISSING.keys() == UNREADABLE.keys()
