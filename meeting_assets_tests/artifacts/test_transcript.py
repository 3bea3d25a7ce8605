"""Transcripts become one summary row, a row per utterance and a row per timed unit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.artifacts.transcript import ARTIFACT
from meeting_assets_tests.support.payloads import (
    ADA,
    ARTIFACT_ID,
    RECORDING_ID,
    SOURCE,
    fault_of,
    offsets,
    row_from,
    rows_from,
    speakers,
    tables_from,
    texts,
)


def word(text: str, start_s: float | None = None, end_s: float | None = None) -> dict[str, Any]:
    return {"text": text, "start_timestamp": {"relative": start_s}, "end_timestamp": {"relative": end_s}}


def entry(*words: dict[str, Any], participant: dict[str, Any] = ADA, **fields: Any) -> dict[str, Any]:
    return {"participant": participant, "words": list(words), **fields}


def utterance_from(*words: dict[str, Any], **fields: Any) -> dict[str, Any]:
    (utterance,) = tables_from(ARTIFACT, [entry(*words, **fields)])["transcript_utterances"]
    return utterance


def summary_from(*entries: dict[str, Any]) -> dict[str, Any]:
    (summary,) = tables_from(ARTIFACT, list(entries))["transcripts"]
    return summary


words_on_the_wire = st.fixed_dictionaries(
    {"text": texts}, optional={"start_timestamp": offsets, "end_timestamp": offsets, "confidence": st.none()}
)
transcripts = st.lists(
    st.fixed_dictionaries(
        {"participant": speakers, "words": st.lists(words_on_the_wire, max_size=6)},
        optional={"language_code": st.none() | st.sampled_from(["en", "de"]), "more": st.none()},
    ),
    max_size=8,
)


@given(transcripts)
def test_utterances_and_words_become_rows_in_payload_order(entries: list[dict[str, Any]]) -> None:
    tables = tables_from(ARTIFACT, entries)

    expected = [(index, word["text"]) for index, each in enumerate(entries) for word in each["words"]]
    found = tables["transcript_words"]
    assert [row["word_index"] for row in found] == list(range(len(expected)))
    assert [row["utterance_index"] for row in found] == [index for index, _ in expected]
    assert [row["text"] for row in found] == [storable(text) for _, text in expected]
    assert [row["utterance_index"] for row in tables["transcript_utterances"]] == list(range(len(entries)))


@given(transcripts)
def test_summary_counts_equal_row_counts(entries: list[dict[str, Any]]) -> None:
    tables = tables_from(ARTIFACT, entries)

    (summary,) = tables["transcripts"]
    assert summary["utterance_count"] == len(tables["transcript_utterances"])
    assert summary["timed_unit_count"] == len(tables["transcript_words"])
    assert summary["word_count"] == sum(row["word_count"] for row in tables["transcript_utterances"])


@given(transcripts)
def test_words_have_the_speaker_of_their_utterance(entries: list[dict[str, Any]]) -> None:
    tables = tables_from(ARTIFACT, entries)

    keys = {row["utterance_index"]: row["participant_key"] for row in tables["transcript_utterances"]}
    assert all(keys.values())
    assert all(row["participant_key"] == keys[row["utterance_index"]] for row in tables["transcript_words"])


@given(transcripts)
def test_utterance_spans_all_times_of_its_words(entries: list[dict[str, Any]]) -> None:
    tables = tables_from(ARTIFACT, entries)

    for utterance in tables["transcript_utterances"]:
        words = [row for row in tables["transcript_words"] if row["utterance_index"] == utterance["utterance_index"]]
        times = [row[column] for row in words for column in ("start_s", "end_s") if row[column] is not None]
        assert (utterance["start_s"], utterance["end_s"]) == ((min(times), max(times)) if times else (None, None))


def storable(text: str) -> str:
    return text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")


def test_empty_transcript_gives_one_row_of_zeros() -> None:
    tables = tables_from(ARTIFACT, [])

    assert tables["transcripts"] == [
        {
            "recording_id": RECORDING_ID,
            "transcript_id": ARTIFACT_ID,
            "provider": "deepgram_async",
            "language_codes": None,
            "created_at": SOURCE.created_at,
            "is_primary": False,
            "attribution": "none",
            "is_unspaced": False,
            "utterance_count": 0,
            "timed_unit_count": 0,
            "word_count": 0,
        }
    ]
    assert tables["transcript_utterances"] == tables["transcript_words"] == []


def test_word_becomes_a_row() -> None:
    row = row_from(ARTIFACT, entry(word("Hello,", 1.25, 1.5)))

    assert row == {
        "recording_id": RECORDING_ID,
        "transcript_id": ARTIFACT_ID,
        "word_index": 0,
        "utterance_index": 0,
        "participant_key": "100",
        "voice": None,
        "start_s": 1.25,
        "end_s": 1.5,
        "text": "Hello,",
    }


def test_utterance_text_joins_words_with_blanks() -> None:
    row = utterance_from(word("No,", 2.0, 2.5), word("no", -1.0, 7.0), word("—"), word("never!"), language_code="en")

    assert row == {
        "recording_id": RECORDING_ID,
        "transcript_id": ARTIFACT_ID,
        "utterance_index": 0,
        "participant_key": "100",
        "participant_id": 100,
        "speaker_name": "Ada",
        "voice": None,
        "language_code": "en",
        "start_s": -1.0,
        "end_s": 7.0,
        "word_count": 3,
        "text": "No, no — never!",
    }


def test_utterance_without_words_becomes_a_row() -> None:
    row = utterance_from()

    assert (row["start_s"], row["end_s"], row["word_count"], row["text"]) == (None, None, 0, "")


@pytest.mark.parametrize("time", [{}, {"start_timestamp": None}, {"start_timestamp": {}, "end_timestamp": None}])
def test_missing_times_are_null(time: dict[str, Any]) -> None:
    row = row_from(ARTIFACT, entry({"text": "so", **time}))

    assert (row["start_s"], row["end_s"]) == (None, None)


@pytest.mark.parametrize("absolute", [None, "2026-01-16T14:30:07.435Z", "long ago", 3.5])
def test_absolute_times_of_words_are_ignored(absolute: Any) -> None:
    row = row_from(ARTIFACT, entry({"text": "so", "start_timestamp": {"relative": 1, "absolute": absolute}}))

    assert row["start_s"] == 1.0


def test_caption_is_one_timed_unit_with_several_words() -> None:
    tables = tables_from(ARTIFACT, [entry(word("No, I am your father.", 9.7, 12.7))])

    (summary,) = tables["transcripts"]
    assert (summary["timed_unit_count"], summary["word_count"]) == (1, 5)
    assert len(tables["transcript_words"]) == 1


@pytest.mark.parametrize(
    ("participant", "key"),
    [
        ({"id": 200, "name": None}, "200"),
        ({"id": None, "name": "Speaker A"}, "label:Speaker A"),
        ({"id": None, "name": "200-0"}, "label:200-0"),
        ({"id": None, "name": None}, "unknown"),
        ({"id": 2**63 - 1}, "9223372036854775807"),
    ],
)
def test_utterances_and_words_have_equal_speaker_keys(participant: dict[str, Any], key: str) -> None:
    tables = tables_from(ARTIFACT, [entry(word("so"), participant=participant)])

    assert {
        row["participant_key"] for name in ("transcript_utterances", "transcript_words") for row in tables[name]
    } == {key}
    assert tables["transcript_utterances"][0]["participant_id"] == participant["id"]


def test_each_language_is_listed_once_in_order_of_appearance() -> None:
    summary = summary_from(*(entry(language_code=code) for code in ("en", None, "de", "", "en")), entry())

    assert summary["language_codes"] == "en,de"


@pytest.mark.parametrize(("text", "is_unspaced"), [("今日は会議です", True), ("Guten Tag 会議", False)])
def test_script_without_blanks_is_detected(text: str, is_unspaced: bool) -> None:
    assert summary_from(entry(word(text)))["is_unspaced"] is is_unspaced


def test_word_of_ten_megabytes_is_parsed() -> None:
    text = "ab" * 5_000_000

    tables = tables_from(ARTIFACT, [entry(word(text))])

    assert tables["transcripts"][0]["word_count"] == 1
    assert tables["transcript_words"][0]["text"] == text


def test_order_of_json_keys_is_irrelevant() -> None:
    payload = json.dumps([{"words": [{"end_timestamp": {"relative": 2}, "text": "so"}], "participant": ADA}])

    (row,) = rows_from(ARTIFACT, payload)

    assert (row["text"], row["end_s"], row["participant_key"]) == ("so", 2.0, "100")


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (
            [{"words": [{"text": "And", "start_timestamp": 0.67, "end_timestamp": 0.705}], "speaker": "Amanda"}],
            "[0].words[0].start_timestamp: expected object, got float (a shape from before API v1.11)",
        ),
        (
            [entry(), {"speaker": None, "speaker_id": None, "words": []}],
            "[1]: object missing required field participant (a shape from before API v1.11)",
        ),
        ([entry(), {"participant": ADA}], "[1]: object missing required field words"),
        ([entry(participant={"name": "Ada"})], "[0].participant: object missing required field id"),
        ([{**entry(), "words": None}], "[0].words: expected array, got null"),
        ([entry(word("a"), {"start_timestamp": None})], "[0].words[1]: object missing required field text"),
        ([entry({"text": None})], "[0].words[0].text: expected str, got null"),
        ([*[entry()] * 17, entry(word("a"), {"text": "b", "start_timestamp": "3.5"})],
         "[17].words[1].start_timestamp: expected object, got str"),
        ([entry(word("a", -1e300))], "[0].words[0].start_timestamp.relative: expected float >= -9000000000000.0"),
        ({"parts": []}, "byte 0: expected array, got object"),
    ],
)  # fmt: skip
def test_wrong_shape_is_quarantined_with_its_path(payload: Any, fault: str) -> None:
    assert fault_of(ARTIFACT, payload) == fault


def named(*speakers: tuple[int | None, str | None]) -> list[dict[str, Any]]:
    """One entry of one word for each id and name."""
    return [entry(word("Hello."), participant={"id": each, "name": name}) for each, name in speakers]


@pytest.mark.parametrize(
    ("speakers", "attribution", "voices"),
    [
        pytest.param([(100, "Ada"), (200, "Ben")], "platform", [None, None], id="ids"),
        pytest.param([(100, None), (None, None)], "platform", [None, None], id="an id and an unknown speaker"),
        pytest.param([(None, "200-0"), (None, "200-1")], "voices", ["200-0", "200-1"], id="voices"),
        pytest.param([(None, "200-A"), (None, None)], "voices", ["200-A", None], id="a voice and an unknown speaker"),
        pytest.param([(None, " 200-0\u200b ")], "voices", ["200-0"], id="a voice with blanks"),
        pytest.param([(None, "Speaker A"), (None, "Speaker B")], "labels", [None, None], id="labels"),
        pytest.param([(None, "0"), (None, "1")], "labels", [None, None], id="numbers"),
        pytest.param([(None, "Ada Lovelace")], "labels", [None], id="names without ids"),
        pytest.param([(None, "200-0"), (None, "Speaker A")], "labels", [None, None], id="voices and labels"),
        pytest.param([(None, "200-0"), (None, "Unit-0")], "labels", [None, None], id="a name with a dash"),
        pytest.param([(None, "-0"), (None, "200-")], "labels", [None, None], id="incomplete voices"),
        pytest.param([(None, "200-0"), (300, "Ben")], "platform", [None, None], id="a name like a voice beside ids"),
        pytest.param([(300, "200-0")], "platform", [None], id="a display name like a voice"),
        pytest.param([(None, None), (None, " \u200b")], "none", [None, None], id="no names"),
        pytest.param([], "none", [], id="no entries"),
    ],
)
def test_attribution_follows_from_ids_and_names(
    speakers: list[tuple[int | None, str | None]], attribution: str, voices: list[str | None]
) -> None:
    tables = tables_from(ARTIFACT, named(*speakers))

    assert [row["attribution"] for row in tables["transcripts"]] == [attribution]
    assert [row["voice"] for row in tables["transcript_utterances"]] == voices
    assert [row["voice"] for row in tables["transcript_words"]] == voices


@given(transcripts)
def test_voice_is_the_name_in_the_speakers_key(entries: list[dict[str, Any]]) -> None:
    tables = tables_from(ARTIFACT, entries)

    (summary,) = tables["transcripts"]
    for row in (*tables["transcript_utterances"], *tables["transcript_words"]):
        has_voice = summary["attribution"] == "voices" and row["participant_key"] != "unknown"
        assert row["voice"] == (row["participant_key"].removeprefix("label:") if has_voice else None)
