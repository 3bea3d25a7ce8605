"""Corrections are inputs of the metrics: a change makes exactly its recording outdated."""

from __future__ import annotations

from contextlib import AbstractContextManager
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, make_url, select

from meeting_assets.pipeline.corrections import change_corrections
from meeting_assets.pipeline.derive import derive_recordings, is_outdated, mark_metrics_outdated
from meeting_assets.pipeline.storage import Storage
from meeting_assets.pipeline.views import VIEWS, present_inputs
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets.store.corrections import StoredCorrection, replace_corrections
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.migrations.definitions import view_text
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.labelled_speakers import (
    AT,
    BEA,
    CHI,
    DAY,
    ODD,
    A,
    B,
    assigned,
    correct,
    correction,
    fresh_by_view,
    resolution,
)

pytestmark = [sqlite_first, pytest.mark.with_tables]


def outdated(storage: Storage, ids: list[str]) -> set[str]:
    return {recording_id for recording_id in ids if is_outdated(storage, recording_id)}


@pytest.mark.parametrize(
    "change",
    [
        assigned(A, CHI),
        correction(A, "name", "Bea"),
        assigned(B, BEA),
        correction(BEA, "name", "Bea"),
        None,
    ],
    ids=["another target", "another kind", "another speaker", "a name", "an undo"],
)
def test_changed_correction_makes_exactly_its_recording_outdated(
    sandbox: Sandbox, recording: Recording, change: StoredCorrection | None
) -> None:
    ids = [each.id for each in sandbox.world.recordings]
    correct(recording.id, assigned(A, BEA))
    fresh = fresh_by_view()

    with open_test_storage() as storage:
        change_corrections(storage, recording.id, [change] if change else [], [] if change else [A])

        assert outdated(storage, ids) == {recording.id}
        assert fresh - fresh_by_view() == {recording.id}
        assert derive_recordings(ids, storage).changed == 1
    assert fresh_by_view() == fresh


def test_other_author_or_note_makes_no_metrics_outdated(sandbox: Sandbox, recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA))
    fresh = fresh_by_view()

    with open_test_storage() as storage:
        change_corrections(storage, recording.id, [assigned(A, BEA, author="bea", note="sure")])

        assert not is_outdated(storage, recording.id)
    assert fresh_by_view() == fresh


def test_correction_undone_during_a_derivation_is_not_in_its_metrics(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash of the inputs is the same before and after, but the rows were read in between."""
    expected = resolution(recording.id)
    with open_test_storage() as storage, open_test_storage() as others:
        storage.database.write(lambda connection: mark_metrics_outdated(connection, [DAY]))
        reading, writing = storage.database.reading, storage.database.writing
        readings = count(1)

        def corrected_before_the_second_reading() -> AbstractContextManager[Connection]:
            if next(readings) == 2:
                change_corrections(others, recording.id, [assigned(A, BEA)])
            return reading()

        def undone_before_writing() -> AbstractContextManager[Connection]:
            change_corrections(others, recording.id, [], [A])
            return writing()

        monkeypatch.setattr(storage.database, "reading", corrected_before_the_second_reading)
        monkeypatch.setattr(storage.database, "writing", undone_before_writing)
        report = derive_recordings([recording.id], storage)

        assert (report.derived, is_outdated(others, recording.id)) == (0, True)
        assert derive_recordings([recording.id], others).changed == 1
    assert resolution(recording.id) == expected


texts = st.text(
    st.one_of(st.sampled_from(" ;=-aA_é1"), st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    min_size=1,
    max_size=12,
)
statements = st.dictionaries(texts, st.tuples(st.sampled_from(["assign", "same_as", "name"]), texts), max_size=4)


def inputs_text(corrections: dict[str, tuple[str, str]]) -> str:
    """The part of `present_inputs` about corrections."""
    parts = (f"{kind} {len(key)} {key} {len(target)} {target}" for key, (kind, target) in sorted(corrections.items()))
    return ";".join(parts) or "-"


Corrections = dict[str, tuple[str, str]]


@settings(max_examples=60)
@given(statements, statements)
def check_inputs(storage: Storage, ids: list[str], one: Corrections, other: Corrections) -> None:
    """Puts two lists of corrections in force, one after the other, and compares hash and view."""
    fresh: set[str] = set()
    for corrections in (one, other):
        with storage.database.writing() as connection:
            rows = [StoredCorrection(key, *each, "ada", AT, None) for key, each in corrections.items()]
            replace_corrections(connection, ids[0], rows)
            present = select(present_inputs()).where(RECORDINGS.c.recording_id == ids[0])
            assert str(connection.scalar(present)).endswith(inputs_text(corrections))
        if not fresh:
            derive_recordings(ids, storage)
            fresh = fresh_by_view()
    expected = {ids[0]} if one != other else set()
    assert outdated(storage, ids) == fresh - fresh_by_view() == expected


def test_hash_and_view_agree_on_every_list_of_corrections(sandbox: Sandbox) -> None:
    """The text of the view equals that of Python, and thus is the same on both databases."""
    ids = [each.id for each in sandbox.world.recordings]
    correct(ids[0], assigned(ODD, CHI))

    with open_test_storage() as storage:
        check_inputs(storage, ids)


def test_order_of_corrections_does_not_depend_on_the_locale() -> None:
    """The PostgreSQL of the tests has no other locale than C, so the statement is read."""
    statement = view_text(VIEWS["fresh_meetings"], make_url("postgresql+psycopg://").get_dialect()())

    assert 'ORDER BY (corrections.speaker_key) COLLATE "C"' in statement
