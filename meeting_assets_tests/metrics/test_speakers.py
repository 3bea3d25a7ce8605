"""Speakers: the rules that resolve a speaker key to a participant, and what the metrics do with unresolved ones."""

from __future__ import annotations

from typing import Any

import pytest

from meeting_assets.metrics.meeting import Attendee, Correction, Event, MeetingInput, Speech, Utterance, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speakers import ResolvedMeeting, Speaker, resolve_speakers
from meeting_assets_tests.support.meeting_builder import TRANSCRIPT_ID, meeting_of, metrics_of, said, word

ADA, BEN = Attendee("100", "Ada", is_bot=False), Attendee("200", "Ben", is_bot=False)
NOTETAKER = Attendee("900", "Notetaker", is_bot=True)
TURNS = [said("100", 0, 20), said("200", 20, 40), said("100", 40, 60), said("200", 60, 80)]


def spoken_by(key: str, *intervals: tuple[float, float]) -> list[Word]:
    """A word per second in each interval."""
    return [(key, float(at), at + 1.0, "word") for start, end in intervals for at in range(int(start), int(end))]


def transcribed(
    words: list[Word], *, timeline: list[Speech] = TURNS, names: dict[str, str] | None = None, **given: Any
) -> MeetingInput:
    """A meeting of Ada (100) and Ben (200), who take turns of 20 s, with these words."""
    keys = dict.fromkeys(word[0] for word in words)
    utterances = [
        Utterance(key, (names or {}).get(key, key.removeprefix("label:")), sum(word[0] == key for word in words), "")
        for key in keys
    ]
    facts = {"attendees": [ADA, BEN], "transcript_id": TRANSCRIPT_ID, "attribution": "labels"}
    return meeting_of(*timeline, words=words, utterances=utterances, **{**facts, **given})


def resolved(meeting: MeetingInput, **parameters: float) -> ResolvedMeeting:
    return resolve_speakers(meeting, Parameters(**parameters))  # type: ignore[arg-type]


def speakers_of(meeting: MeetingInput, source: str = "transcript") -> dict[str, Speaker]:
    return {each.speaker_key: each for each in resolved(meeting).speakers if each.source == source}


def resolutions(meeting: MeetingInput, source: str = "transcript") -> dict[str, tuple[str | None, str]]:
    return {key: (each.participant_key, each.method) for key, each in speakers_of(meeting, source).items()}


def resolution(key: str, name: str | None = None, **given: Any) -> tuple[str | None, str]:
    """How a speaker of the transcript is resolved whose words no timeline has."""
    return resolutions(transcribed(spoken_by(key, (0, 9)), timeline=[], names={key: name or key[6:]}, **given))[key]


# Ids, voices and names


def test_id_is_its_own_participant() -> None:
    assert resolution("100", attribution="platform") == ("100", "platform_id")


def test_id_that_no_list_contains_is_a_participant() -> None:
    assert resolution("300", attribution="platform") == ("300", "platform_id")


@pytest.mark.parametrize(
    ("given", "is_resolved"),
    [
        pytest.param({"attendees": [Attendee("300", None, is_bot=False)]}, True, id="listed"),
        pytest.param({"events": [Event("300", None, "join", 0.0)]}, True, id="in events"),
        pytest.param({"timeline": [said("300", 0, 9)]}, True, id="in the timeline"),
        pytest.param({}, False, id="nowhere"),
        pytest.param({"attendees": [Attendee("300", None, is_bot=False)], "attribution": "labels"}, False, id="label"),
    ],
)
def test_voice_is_of_the_participant_whose_id_occurs_in_the_recording(given: Any, is_resolved: bool) -> None:
    meeting = transcribed(
        spoken_by("label:300-0", (90, 99)), **{"attribution": "voices", "attendees": [ADA], "timeline": [], **given}
    )

    assert resolutions(meeting)["label:300-0"] == (("300", "voice_id") if is_resolved else (None, "none"))


def test_all_voices_of_a_device_are_its_participant() -> None:
    meeting = transcribed([*spoken_by("label:100-0", (0, 9)), *spoken_by("label:100-1", (9, 19))], attribution="voices")

    found = metrics_of(meeting)

    assert resolutions(meeting) == {"label:100-0": ("100", "voice_id"), "label:100-1": ("100", "voice_id")}
    assert {key: row["word_count"] for key, row in found.participants.items()} == {"100": 19, "200": 0}


@pytest.mark.parametrize(
    ("name", "attendees", "participant"),
    [
        pytest.param("Ada", [ADA, BEN], "100", id="one"),
        pytest.param(" ADA\u200b", [ADA, BEN], "100", id="another spelling"),
        pytest.param("Ada", [ADA, Attendee("300", "ada", is_bot=False)], None, id="two of that name"),
        pytest.param("Eve", [ADA, BEN], None, id="nobody"),
        pytest.param("Speaker 2", [ADA, Attendee("300", "Speaker 2", is_bot=False)], None, id="a label"),
        pytest.param("0", [ADA, Attendee("300", "0", is_bot=False)], None, id="a number"),
        pytest.param("Notetaker", [ADA, NOTETAKER], "900", id="a bot"),
    ],
)
def test_name_resolves_if_exactly_one_participant_has_it(
    name: str, attendees: list[Attendee], participant: str | None
) -> None:
    found = resolution("label:x", name, attendees=attendees)

    assert found == ((participant, "name") if participant else (None, "none"))


def test_name_of_an_unlisted_participant_resolves() -> None:
    joined = Event("300", "Eve", "join", 0.0)

    assert resolution("label:Eve", events=[joined]) == ("300", "name")


def test_speaker_of_the_timeline_resolves_by_name() -> None:
    meeting = meeting_of(said("label:Ada", 0, 9, name="Ada"), attendees=[ADA])

    assert resolutions(meeting, "speaker_timeline") == {"label:Ada": ("100", "name")}
    assert metrics_of(meeting).talk_times_s() == {"100": 9.0}


def test_unknown_speaker_is_never_resolved() -> None:
    meeting = transcribed(spoken_by("unknown", (0, 20), (40, 60)))

    assert speakers_of(meeting)["unknown"][2:7] == (None, "unknown", "none", None, None)


# Labels


def test_labels_resolve_by_the_timeline() -> None:
    meeting = transcribed([*spoken_by("label:A", (0, 20), (40, 60)), *spoken_by("label:B", (20, 40), (60, 80))])

    assert speakers_of(meeting) == {
        "label:A": Speaker("transcript", "label:A", "100", "Ada", "timeline_overlap", 1.0, 0.0, 40),
        "label:B": Speaker("transcript", "label:B", "200", "Ben", "timeline_overlap", 1.0, 0.0, 40),
    }


def test_two_labels_of_one_person_resolve_to_that_person() -> None:
    meeting = transcribed([*spoken_by("label:A", (0, 20)), *spoken_by("label:B", (40, 60))])

    assert resolutions(meeting) == dict.fromkeys(("label:A", "label:B"), ("100", "timeline_overlap"))


def test_label_that_mixes_people_stays_unresolved() -> None:
    meeting = transcribed(spoken_by("label:A", (0, 20), (20, 40)))

    found = speakers_of(meeting)["label:A"]

    assert (found.participant_key, found.method) == (None, "none")
    assert (found.evidence, found.runner_up) == (0.5, 0.5)


@pytest.mark.parametrize(("others_s", "is_resolved"), [(1, True), (2, False)])
def test_label_needs_the_share_of_the_parameters(others_s: int, is_resolved: bool) -> None:
    timeline = [said("100", 0, 60), said("200", 70, 90)]
    meeting = transcribed(spoken_by("label:A", (10, 50), (75, 75 + others_s)), timeline=timeline)

    assert resolutions(meeting)["label:A"] == (("100", "timeline_overlap") if is_resolved else (None, "none"))


def test_label_needs_the_margin_of_the_parameters() -> None:
    meeting = transcribed(spoken_by("label:A", (10, 40), (75, 85)), timeline=[said("100", 0, 60), said("200", 70, 90)])

    methods = {
        margin: resolved(meeting, label_share=0.7, label_margin=margin).speakers[-1].method for margin in (0.4, 0.6)
    }

    assert methods == {0.4: "timeline_overlap", 0.6: "none"}


def test_times_near_the_edges_of_a_turn_are_no_evidence() -> None:
    late = [word("label:A", at + 0.5, at + 1.5) for at in range(20)]

    assert speakers_of(transcribed(late))["label:A"].evidence == 1.0


def test_overlap_is_no_evidence() -> None:
    meeting = transcribed(spoken_by("label:A", (0, 20)), timeline=[said("100", 0, 20), said("200", 5, 25)])

    assert speakers_of(meeting)["label:A"][2:7] == ("100", "Ada", "timeline_overlap", 1.0, 0.0)


def test_label_that_is_hardly_comparable_stays_unresolved() -> None:
    meeting = transcribed(spoken_by("label:A", (2, 4), (41, 80)), timeline=[said("100", 0, 20)])

    assert resolutions(meeting)["label:A"] == (None, "none")


def test_words_of_a_bots_label_are_the_bots() -> None:
    meeting = transcribed(
        [*spoken_by("label:A", (0, 20)), *spoken_by("label:B", (20, 40))],
        timeline=[said("900", 0, 20), said("200", 20, 40)],
        attendees=[BEN, NOTETAKER],
    )

    found = metrics_of(meeting)

    assert resolutions(meeting)["label:A"] == ("900", "timeline_overlap")
    assert {key: row["word_count"] for key, row in found.participants.items()} == {"200": 20}
    assert found.quality["attributed_word_share"] == 1.0


def test_bot_that_only_a_label_names_is_left_out() -> None:
    meeting = transcribed(
        [*spoken_by("label:Notetaker", (0, 20)), *spoken_by("100", (20, 40))], timeline=[], bot_names={"notetaker"}
    )

    found = metrics_of(meeting)

    assert found.participants.keys() == {"100", "200"}
    assert (found.meeting["bot_speech_s"], found.quality["attributed_word_share"]) == (20.0, 1.0)


# Corrections


def corrected(*corrections: tuple[str, str, str], words: list[Word] | None = None, **given: Any) -> MeetingInput:
    """A meeting whose labels A and B mix people, with corrections."""
    mixed = [*spoken_by("label:A", (0, 40)), *spoken_by("label:B", (40, 80))]
    return transcribed(words or mixed, corrections=[Correction(*each) for each in corrections], **given)


A, B = "label:A", "label:B"
OPEN = (None, "none")


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
    assert metrics_of(meeting).talk_times_s() == {"100": 0.0, "200": 80.0}


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


# Metrics of meetings with unresolved speakers


def test_label_is_no_name_of_its_participant() -> None:
    words = spoken_by(A, (0, 20), (40, 60))

    meeting = transcribed(words, names={A: "Aardvark"}, timeline=[said("300", 0, 60)], attendees=[])

    assert metrics_of(meeting).participants["300"]["name"] is None


def test_unresolved_labels_hold_the_floor_without_being_participants() -> None:
    words = [*spoken_by(A, (0, 20)), *spoken_by("200", (20, 40)), *spoken_by(B, (35, 50))]

    found = metrics_of(transcribed(words, timeline=[]))

    assert found.participants.keys() == {"100", "200"}
    assert (found.meeting["speech_s"], found.meeting["overlap_s"]) == (50.0, 5.0)
    assert found.meeting["speaker_switches"] == 2
    assert found.meeting["participant_count"] == 2


def test_columns_of_speech_are_unknown_if_little_of_it_has_a_participant() -> None:
    words = [*spoken_by(A, (0, 20)), *spoken_by("200", (20, 40))]

    found = metrics_of(transcribed(words, timeline=[]))

    assert {row["turn_count"] for row in found.participants.values()} == {None}
    assert found.meeting["turn_count"] == 2
    assert not found.windows


@pytest.mark.parametrize(("label_s", "is_measured"), [(2, True), (3, False)])
def test_columns_of_speech_need_the_attributed_share(label_s: int, is_measured: bool) -> None:
    words = [*spoken_by("200", (0, 18)), *spoken_by(A, (20, 20 + label_s))]

    found = metrics_of(transcribed(words, timeline=[]))

    assert (found.participants["200"]["turn_count"] is not None) == is_measured


def test_attributed_word_share_is_that_of_words_with_participants() -> None:
    words = [*spoken_by("200", (0, 30)), *spoken_by(A, (30, 36)), *spoken_by("unknown", (36, 40))]

    assert metrics_of(transcribed(words, timeline=[])).quality["attributed_word_share"] == 0.75
    assert metrics_of(meeting_of()).quality["attributed_word_share"] is None


def test_meeting_with_ids_is_not_rewritten() -> None:
    meeting = transcribed(spoken_by("100", (0, 20)), attribution="platform")

    found = resolved(meeting).meeting

    assert found.words is meeting.words
    assert found == meeting
