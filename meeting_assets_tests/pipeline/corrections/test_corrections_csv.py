"""Corrections leave as CSV and come back unchanged; a file with a bad line imports nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meeting_assets.core.csv_cells import FORMULA_STARTS, SIGNS, as_cell, text_of_cell
from meeting_assets.core.csv_lines import csv_text
from meeting_assets.core.errors import UsageError
from meeting_assets.pipeline.corrections_csv import (
    COLUMNS,
    ImportReport,
    as_csv,
    exported_csv,
    import_lines,
    read_lines,
)
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.store.corrections import StoredCorrection
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.labelled_speakers import (
    ADA,
    AT,
    BEA,
    CHI,
    DAY,
    A,
    B,
    assigned,
    correct,
    correction,
    in_force,
    serve_labels,
)
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

HOSTILE = ('=HYPERLINK("http://x.example")', "'quoted', \"twice\" + more", "@a,b;\tc\x1b[31m")
HEADER = ",".join(COLUMNS)
UNKNOWN = "3b9d8f3e-0000-4000-8000-000000000000"
LATER = datetime(2026, 4, 1, tzinfo=UTC)

texts = st.text(
    st.one_of(st.sampled_from("=+-@'\"\t\r\n,; é"), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=20
)
signs = st.text(st.sampled_from("=+'\";\t\n a"), min_size=1, max_size=10)
"""Texts of characters that a spreadsheet interprets."""
instants = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))
corrections = st.builds(StoredCorrection, texts, texts, texts, texts, instants, st.none() | texts)
ids = st.uuids().map(str)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=40), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    serve_labels(sandbox)
    sync_once("two recordings with labels", [DAY])
    return sandbox.world.recordings[0]


def imported(content: str | bytes) -> ImportReport:
    """Imports a file, as the command does."""
    lines, faults = read_lines(content if isinstance(content, bytes) else content.encode())
    with open_test_storage() as storage:
        return import_lines(storage, lines, "bea", LATER, faults)


def exported(*recording_ids: str) -> str:
    with open_test_storage() as storage:
        return exported_csv(storage, recording_ids)


def line(recording: Recording, key: str = A, kind: str = "assign", target: str = BEA, rest: str = ",,") -> str:
    return f"{recording.id},{key},{kind},{target},{rest}"


@given(texts | signs)
@example(";'=\t='+")
def test_cell_returns_its_text_and_is_no_formula(text: str) -> None:
    assert text_of_cell(as_cell(text)) == text
    assert as_cell(text)[0] not in FORMULA_STARTS


@given(st.lists(signs, min_size=1, max_size=3), st.sampled_from(",;\t"))
@example(["Ada;=1"], ";")
@example(["Ada\t=1"], "\t")
@example(['a, ;"=1', "b, \n=1"], ";")
def test_no_separator_of_a_spreadsheet_begins_a_formula(written: list[str], separator: str) -> None:
    content = csv_text(["first"] * len(written), [written])

    cells = [cell for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator) for cell in row]

    assert not [cell for cell in cells if cell and cell[0] in SIGNS]


@given(st.dictionaries(ids, st.lists(corrections, max_size=3), max_size=3))
def test_csv_returns_every_correction_unchanged(found: dict[str, list[StoredCorrection]]) -> None:
    by_key = {recording_id: {each.speaker_key: each for each in of_one} for recording_id, of_one in found.items()}

    lines, faults = read_lines(as_csv(by_key).encode())

    assert faults == []
    assert [(each.recording_id, each.as_correction("", AT)) for each in lines] == [
        (recording_id, each) for recording_id, of_one in by_key.items() for each in of_one.values()
    ]


@given(st.binary())
def test_any_bytes_are_read_or_rejected_in_our_words(content: bytes) -> None:
    try:
        read_lines(HEADER.encode() + b"\n" + content)
    except UsageError as error:
        assert str(error).startswith("Nothing was imported: ")  # noqa: PT017 - both results are valid


def test_hostile_labels_and_names_survive_the_loss_of_all_corrections(sandbox: Sandbox) -> None:
    serve_labels(sandbox, HOSTILE)
    sync_days([DAY])
    recording_id = sandbox.world.recordings[0].id
    keys = [f"label:{' '.join(label.split())}" for label in HOSTILE]
    made = [
        correction(keys[0], "name", '=cmd|"/c calc"!A1', note='+1\n"two"'),
        correction(keys[1], "same_as", keys[2], author="@ada"),
        assigned(ADA, CHI),
    ]
    correct(recording_id, *made)
    content = exported()
    correct(recording_id, undone=[*keys, ADA])

    report = imported(content)
    again = imported(content)

    assert in_force(recording_id) == sorted(made)
    assert (report.made, report.unchanged, report.faults) == (3, 0, [])
    assert (again.made, again.unchanged, again.recording_ids) == (0, 3, [])
    assert exported() == content
    cells = [cell for row in csv.reader(io.StringIO(content, newline="")) for cell in row]
    assert not [cell for cell in cells if cell[:1] in FORMULA_STARTS and cell]


def test_export_of_some_recordings_leaves_out_the_others(sandbox: Sandbox, recording: Recording) -> None:
    other = sandbox.world.recordings[1]
    correct(recording.id, assigned())
    correct(other.id, assigned())

    assert exported(other.id) == f"{HEADER}\r\n{other.id},{A},assign,{BEA},ada,2026-03-03T09:30:00.123456Z,\r\n"
    assert exported().count("\n") == 3


def test_empty_cells_take_the_importing_author_and_the_present_instant(recording: Recording) -> None:
    imported(f"{HEADER}\n{line(recording)}\n")

    assert in_force(recording.id) == [assigned(A, BEA, author="bea", at=LATER)]


def test_lines_in_force_keep_their_author_when_the_cells_are_empty(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA, note="why"))

    report = imported(f"{HEADER}\n{line(recording)}\n")

    assert report.unchanged == 1
    assert in_force(recording.id) == [assigned(A, BEA, note="why")]


def test_columns_may_have_any_order_and_the_file_a_byte_order_mark(recording: Recording) -> None:
    header, cells = zip(*reversed([*zip(COLUMNS, line(recording).split(","), strict=True)]), strict=True)
    content = f"{','.join(header)}\r\n{','.join(cells)}\r\n\r\n"

    assert imported(content.encode("utf-8-sig")).made == 1


def test_import_keeps_corrections_that_the_file_lacks(recording: Recording) -> None:
    correct(recording.id, assigned(B, CHI))

    imported(f"{HEADER}\n{line(recording)}\n")

    assert [each.speaker_key for each in in_force(recording.id)] == [A, B]


BAD_LINES = {
    "no such speaker": ("{id},label:Z,assign,200,,,", "this recording has no such speaker"),
    "no such participant": ("{id},label:Speaker B,assign,999,,,", "this recording has no such participant"),
    "cycle": ("{id},label:Speaker B,same_as,label:Speaker B,,,", "a speaker cannot be corrected to itself"),
    "unknown kind": ("{id},label:Speaker B,rename,x,,,", "the kind is none of"),
    "no id": ("1234,label:Speaker B,assign,200,,,", "recording_id is no id of a recording"),
    "not stored": (f"{UNKNOWN},label:Speaker B,assign,200,,,", "the recording is not stored"),
    "empty cell": ("{id},,assign,200,,,", "speaker_key is empty"),
    "too few cells": ("{id},label:Speaker B,assign,200", "4 cells instead of 7"),
    "no instant": ("{id},label:Speaker B,assign,200,,03/02/2026,", "at is no instant such as"),
    "last year": ("{id},label:Speaker B,assign,200,,9999-12-31T23:59:59Z,", "at is no instant such as"),
    "long name": ("{id},label:Speaker B,name," + "x" * 201 + ",,,", "the name is longer than 200"),
    "twice": ("{id},label:Speaker A,name,x,,,", "another line corrects the same speaker"),
}


@pytest.mark.parametrize(("bad", "fault"), BAD_LINES.values(), ids=BAD_LINES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_bad_line_is_named_and_nothing_is_imported(
    sandbox: Sandbox, recording: Recording, bad: str, fault: str
) -> None:
    good = [line(recording, rest=',,"a note\nof two lines"'), line(sandbox.world.recordings[1])]

    report = imported("\n".join([HEADER, *good, bad.format(id=recording.id)]))

    named = [str(each) for each in report.faults if each.number == 5]
    assert [fault in each for each in named] == [True]
    assert report.made == 0
    assert in_force(recording.id) == in_force(sandbox.world.recordings[1].id) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_bad_line_is_named_in_order(recording: Recording) -> None:
    bad = [line(recording, "label:Z"), "x", line(recording, B, "assign", "999")]

    report = imported("\n".join([HEADER, *bad]))

    assert [each.number for each in report.faults] == [2, 3, 4]
    assert "label:Z" not in "".join(map(str, report.faults))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_cycle_over_several_lines_is_rejected(recording: Recording) -> None:
    cycle = [line(recording, A, "same_as", B), line(recording, B, "same_as", A)]

    report = imported("\n".join([HEADER, *cycle]))

    assert len(report.faults) == 2
    assert in_force(recording.id) == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the first line must have these columns"),
        (b"recording_id;speaker_key\n", "the first line must have these columns, separated by commas: recording_id,"),
        (HEADER.encode() + b"\n\n\xff\n", "line 3 is not UTF-8"),
        (HEADER.encode() + b'\n"a"b\n', "line 2 is no CSV"),
    ],
)
def test_file_that_is_no_such_csv_is_rejected(content: bytes, fault: str) -> None:
    with pytest.raises(UsageError, match=f"Nothing was imported: {fault}"):
        read_lines(content)
