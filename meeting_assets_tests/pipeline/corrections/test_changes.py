"""Corrections of speakers: accepted and rejected ones."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest

from meeting_assets.core.errors import MeetingAssetsError, UsageError
from meeting_assets.core.user_text import LONGEST_NAME, LONGEST_NOTE
from meeting_assets.pipeline.corrections import Change
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets.store.corrections import StoredCorrection
from meeting_assets.store.raw_layout import corrections_key
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage, sync_days
from meeting_assets_tests.support.labelled_speakers import (
    ADA,
    BEA,
    CHI,
    DAY,
    ODD,
    A,
    B,
    assigned,
    correct,
    correction,
    in_force,
    labelled,
)

pytestmark = [sqlite_first, pytest.mark.with_tables]


def test_corrections_are_stored_in_database_and_raw_store(recording: Recording) -> None:
    made = [assigned(note="heard\nit"), correction(B, "same_as", ODD), correction(ADA, "name", "Ada Lovelace")]

    change = correct(recording.id, *made)

    assert change == Change((A, B, ADA), ())
    assert in_force(recording.id) == sorted(made)


def test_later_correction_replaces_that_of_the_same_speaker(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA), assigned(B, CHI))

    correct(recording.id, correction(A, "name", "Somebody"))

    assert in_force(recording.id) == [correction(A, "name", "Somebody"), assigned(B, CHI)]


def test_undo_removes_one_correction_and_its_copy(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA), assigned(B, CHI))

    change = correct(recording.id, undone=[A])

    assert change == Change((), (A,))
    assert in_force(recording.id) == [assigned(B, CHI)]


def test_raw_store_has_no_object_after_the_last_undo(recording: Recording) -> None:
    correct(recording.id, assigned())

    correct(recording.id, undone=[A])

    assert in_force(recording.id) == []
    with open_test_storage() as storage:
        assert corrections_key(DAY, recording.id) not in storage.raw.keys(f"{DAY}/{recording.id}/")


def test_the_same_correction_again_changes_nothing(recording: Recording) -> None:
    correct(recording.id, assigned())

    assert correct(recording.id, assigned()) == Change()


def test_other_recordings_are_not_affected(sandbox: Sandbox, recording: Recording) -> None:
    correct(recording.id, assigned())

    assert in_force(sandbox.world.recordings[1].id) == []


INVALID = {
    "unknown speaker": (assigned("label:Speaker Z"), "no such speaker"),
    "speaker of another notation": (assigned("Speaker A"), "no such speaker"),
    "unknown participant": (assigned(A, "999"), "no such participant"),
    "label as participant": (assigned(A, B), "no such participant"),
    "unknown speaker to join with": (correction(A, "same_as", "label:Speaker Z"), "no such speaker to join"),
    "itself": (correction(A, "same_as", A), "to itself"),
    "participant that is the same as a label": (correction(ADA, "same_as", A), "cannot be the same as a label"),
    "participant to itself": (assigned(ADA, ADA), "to itself"),
    "unknown kind": (correction(A, "rename", "x"), "the kind is none of assign, same_as, name"),
    "empty name": (correction(A, "name", "  "), "the name is empty"),
    "long name": (correction(A, "name", "x" * (LONGEST_NAME + 1)), "the name is longer than 200"),
    "escape in a name": (correction(A, "name", "Ada\x1b[31m"), "the name contains control characters"),
    "line break in a name": (correction(A, "name", "Ada\nBea"), "the name contains control characters"),
    "NUL in a note": (assigned(note="a\0b"), "the note contains control characters"),
    "bytes that are not UTF-8": (assigned(note="\udcff"), "the note contains control characters or bytes"),
    "long note": (assigned(note="x" * (LONGEST_NOTE + 1)), "the note is longer than 1,000"),
    "empty author": (assigned(author=" "), "the author is empty"),
}


@pytest.mark.parametrize(("invalid", "fault"), INVALID.values(), ids=INVALID)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_invalid_correction_changes_nothing(recording: Recording, invalid: StoredCorrection, fault: str) -> None:
    correct(recording.id, correction(B, "name", "Bea"))

    with pytest.raises(UsageError, match=f"were not changed: .*{fault}"):
        correct(recording.id, correction(ODD, "name", "Chi"), invalid, undone=[B])

    assert in_force(recording.id) == [correction(B, "name", "Bea")]


CYCLES = {
    "two labels": [correction(A, "same_as", B), correction(B, "same_as", A)],
    "three labels": [correction(A, "same_as", B), correction(B, "same_as", ODD), correction(ODD, "same_as", A)],
    "two participants": [assigned(ADA, BEA), assigned(BEA, ADA)],
    "a label and a participant": [assigned(A, BEA), correction(BEA, "same_as", A)],
    "a participant that is assigned": [assigned(ADA, BEA), assigned(A, ADA)],
    "a participant that others are assigned to": [assigned(A, ADA), assigned(ADA, BEA)],
}


@pytest.mark.parametrize("in_one_command", [True, False])
@pytest.mark.parametrize("cycle", CYCLES.values(), ids=CYCLES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_correction_leads_back_to_its_speaker_or_to_a_corrected_participant(
    recording: Recording, cycle: list[StoredCorrection], in_one_command: bool
) -> None:
    *before, last = cycle
    if not in_one_command:
        correct(recording.id, *before)

    with pytest.raises(UsageError, match="were not changed"):
        correct(recording.id, *(cycle if in_one_command else [last]))

    assert in_force(recording.id) == ([] if in_one_command else sorted(before))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_corrections_of_one_speaker_in_one_command_are_rejected(recording: Recording) -> None:
    with pytest.raises(UsageError, match="another correction in the same command"):
        correct(recording.id, assigned(A, BEA), correction(A, "name", "Ada"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_errors_quote_no_name_and_no_note(recording: Recording) -> None:
    for invalid in (each for each, _ in INVALID.values()):
        with pytest.raises(MeetingAssetsError) as raised:
            correct(recording.id, invalid._replace(note=f"{invalid.note or ''} Zerlina"))

        assert not [text for text in ("Zerlina", "Speaker", "Ada", invalid.speaker_key) if text in str(raised.value)]


def test_corrections_reach_no_log(recording: Recording, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        correct(recording.id, correction(A, "name", "Zerlina Q", author="Wilhelmina E", note="a secret reason"))
        correct(recording.id, undone=[A])

    assert "corrections were made" in caplog.text
    assert not [text for text in ("Zerlina", "Wilhelmina", "secret", "Speaker A") if text in caplog.text]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_set_of_joined_speakers_has_two_participants(recording: Recording) -> None:
    correct(recording.id, correction(A, "same_as", ADA))

    with pytest.raises(UsageError, match="cannot be the same as a label"):
        correct(recording.id, correction(BEA, "same_as", A))

    assert in_force(recording.id) == [correction(A, "same_as", ADA)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_speaker_of_a_secondary_transcript_only_cannot_be_corrected(sandbox: Sandbox, recording: Recording) -> None:
    later = sandbox.add_transcript(recording.id, recording.of("transcript")[0].created_at + timedelta(hours=1))
    sandbox.set_payload(later, "transcript", labelled(sandbox, recording, ["Speaker A", "New label", "Another"]))
    sync_days([DAY])

    with pytest.raises(UsageError, match="no such speaker"):
        correct(recording.id, assigned(B, BEA))
    correct(recording.id, assigned("label:New label", BEA))

    assert in_force(recording.id) == [assigned("label:New label", BEA)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_listed_participant_without_id_can_be_assigned_to(sandbox: Sandbox, recording: Recording) -> None:
    (events,) = recording.of("participant_events")
    listed = json.loads(sandbox.payload(events.id, "participants"))
    listed.append(listed[0] | {"id": None, "name": "Guest", "email": None})
    sandbox.reissue(events.id, {"participants": json.dumps(listed).encode()})
    sync_days([DAY])

    correct(recording.id, assigned(A, "label:Guest"))

    assert in_force(recording.id) == [assigned(A, "label:Guest")]
