"""The rules that resolve a speaker key to a participant."""

from __future__ import annotations

from typing import Any

import pytest

from meeting_assets.metrics.lineage import LATEST_END
from meeting_assets.metrics.meeting import Attendee, Event
from meeting_assets.metrics.speakers import Speaker, Speakers
from meeting_assets.schema.lineage import lineage_of
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.meeting_builder import meeting_of, metrics_of, said, word
from meeting_assets_tests.support.speaker_builder import (
    ADA,
    BEN,
    NOTETAKER,
    resolutions,
    resolved,
    speakers_of,
    spoken_by,
    transcribed,
)


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


def test_segment_without_end_is_no_evidence_after_the_last_edge_of_a_recording_of_implausible_duration() -> None:
    timeline = [said("100", 0, None), said("200", 20, 40)]
    meeting = transcribed(spoken_by("label:A", (60, 80)), timeline=timeline, duration_s=400 * 86_400.0)

    assert resolutions(meeting)["label:A"] == (None, "none")


def test_evidence_follows_the_latest_end_of_any_artifact_where_the_duration_is_unknown() -> None:
    timeline = [said("100", 0, 20), said("200", 20, None)]
    words = spoken_by("label:A", (0, 9), (60, 80))

    found = {
        end_s: speakers_of(transcribed(words, timeline=timeline, duration_s=None, latest_end_s=end_s))["label:A"]
        for end_s in (50.0, 100.0)
    }

    assert {end_s: each.participant_key for end_s, each in found.items()} == {50.0: "100", 100.0: None}
    assert found[50.0].evidence == 1.0
    assert found[100.0].evidence == pytest.approx(20 / 28.75, abs=0.01)
    assert {*LATEST_END} <= {*(lineage_of(table_of(Speakers).c.evidence) or ())}


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


# Metrics of meetings with unresolved speakers
