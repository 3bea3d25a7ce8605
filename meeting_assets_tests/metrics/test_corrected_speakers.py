"""Users' corrections decide which participant a speaker is."""

from __future__ import annotations

from typing import Any

import pytest

from meeting_assets.metrics.meeting import Attendee, Correction, Event, MeetingInput, Word
from meeting_assets_tests.support.meeting_builder import meeting_of, metrics_of, said
from meeting_assets_tests.support.speaker_builder import (
    ADA,
    BEN,
    NOTETAKER,
    OPEN,
    TURNS,
    A,
    B,
    resolutions,
    speakers_of,
    spoken_by,
    transcribed,
)


def corrected(*corrections: tuple[str, str, str], words: list[Word] | None = None, **given: Any) -> MeetingInput:
    """A meeting whose labels A and B mix people, with corrections."""
    mixed = [*spoken_by("label:A", (0, 40)), *spoken_by("label:B", (40, 80))]
    return transcribed(words or mixed, corrections=[Correction(*each) for each in corrections], **given)


@pytest.mark.parametrize(
    ("corrections", "of_a", "of_b"),
    [
        pytest.param([], OPEN, OPEN, id="none"),
        pytest.param([(A, "assign", "100")], ("100", "correction"), OPEN, id="assign"),
        pytest.param([(A, "assign", "300")], OPEN, OPEN, id="assign to nobody"),
        pytest.param([(A, "same_as", "100")], ("100", "correction"), OPEN, id="same as a participant"),
        pytest.param([("100", "same_as", A)], ("100", "correction"), OPEN, id="a participant is the same as a label"),
        pytest.param(
            [("100", "same_as", A), (A, "same_as", B)],
            ("100", "correction"),
            ("100", "correction"),
            id="chain from a participant to labels",
        ),
        pytest.param([("100", "same_as", A), ("200", "same_as", A)], OPEN, OPEN, id="two participants of one label"),
        pytest.param(
            [("100", "same_as", A), (A, "assign", "200")],
            ("200", "correction"),
            ("200", "timeline_overlap"),
            id="a participant is the same as an assigned label",
        ),
        pytest.param([(A, "same_as", B)], (None, "correction"), OPEN, id="same as a label"),
        pytest.param(
            [(A, "same_as", B), (B, "assign", "200")], ("200", "correction"), ("200", "correction"), id="chain"
        ),
        pytest.param([(A, "same_as", B), (B, "same_as", A)], OPEN, OPEN, id="cycle of two"),
        pytest.param([(A, "same_as", A)], OPEN, OPEN, id="cycle of one"),
        pytest.param([(A, "same_as", "label:C")], OPEN, OPEN, id="same as nobody"),
        pytest.param([("label:C", "assign", "100")], OPEN, OPEN, id="a speaker that does not occur"),
        pytest.param([(A, "name", "Eve")], OPEN, OPEN, id="name"),
    ],
)
def test_corrections_override_all_rules(corrections: Any, of_a: Any, of_b: Any) -> None:
    found = resolutions(corrected(*corrections))

    assert (found[A], found[B]) == (of_a, of_b)


def test_correction_overrides_an_id() -> None:
    meeting = corrected(("100", "assign", "200"), words=spoken_by("100", (0, 20)), attribution="platform")

    assert resolutions(meeting) == {"100": ("200", "correction")}
    assert metrics_of(meeting).talk_times_s() == {"200": 80.0}


@pytest.mark.parametrize("kind", ["assign", "same_as"])
def test_participant_that_is_another_is_one_participant_with_it(kind: str) -> None:
    laptop = Attendee("100", "Ada", False, None)
    phone = Attendee("200", "Ada (phone)", False, "zoom:a", "email:ada@example.com")
    events = [Event(key, None, "join", 0.0) for key in ("100", "200")]
    meeting = meeting_of(
        *TURNS, attendees=[phone, laptop, BEN._replace(participant_key="300")], events=events,
        corrections=[Correction("200", kind, "100")],
    )  # fmt: skip

    found = metrics_of(meeting)

    assert found.talk_times_s() == {"100": 80.0, "300": 0.0}
    assert found.meeting["participant_count"] == 2
    assert found.meeting["silent_participants"] == 1
    assert [(row["person_key"], row["participant_count"]) for row in found.persons.values()] == [("zoom:a", 1)]
    assert found.participants["100"]["name"] == "Ada"


def test_listed_participant_that_is_an_unlisted_one_has_its_key() -> None:
    meeting = meeting_of(said("200", 0, 9), said("300", 9, 20), attendees=[BEN], corrections=[
        Correction("200", "assign", "300")
    ])  # fmt: skip

    assert metrics_of(meeting).talk_times_s() == {"300": 20.0}


def test_bot_that_a_user_assigns_to_a_participant_is_no_participant_of_its_own() -> None:
    meeting = meeting_of(said("900", 0, 9), said("100", 9, 20), attendees=[ADA, NOTETAKER], corrections=[
        Correction("900", "assign", "100")
    ])  # fmt: skip

    assert metrics_of(meeting).talk_times_s() == {"100": 20.0}


def test_joined_labels_count_as_one_speaker() -> None:
    meeting = corrected((A, "same_as", B), timeline=[])

    separate, joined = (metrics_of(each).meeting["speaker_switches"] for each in (corrected(timeline=[]), meeting))

    assert (separate, joined) == (1, 0)


def test_joined_labels_share_their_evidence() -> None:
    words = [*spoken_by(A, (0, 20)), *spoken_by(B, (20, 40))]

    found = speakers_of(corrected((A, "same_as", B), words=words))

    assert [(each.participant_key, each.evidence) for each in found.values()] == [(None, 0.5), (None, 0.5)]


def test_users_name_is_shown_for_the_participant_and_the_label() -> None:
    meeting = corrected(("100", "name", "Ada Lovelace"), (A, "name", "Eve"))

    assert metrics_of(meeting).participants["100"]["name"] == "Ada Lovelace"
    assert [each.name for each in speakers_of(meeting).values()] == ["Eve", "B"]
    assert speakers_of(meeting, "speaker_timeline")["100"].name == "Ada Lovelace"


def test_name_of_a_bot_does_not_make_it_a_person() -> None:
    meeting = corrected(("900", "name", "Ada"), attendees=[ADA, NOTETAKER])

    assert "900" not in metrics_of(meeting).participants
