"""Every export, read back by an independent library: same words, speakers and times, for hostile text too."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
import yaml  # type: ignore[import-untyped]
from hypothesis import assume, example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from meeting_assets.core.csv_cells import text_of_cell
from meeting_assets.publications.exports import FORMATS
from meeting_assets.publications.exports.chunks import TOKENS_PER_CHUNK, estimated_tokens
from meeting_assets.publications.exports.cues import (
    MAX_CUE_S,
    MAX_LINE_WIDTH,
    MAX_LINES,
    MIN_CUE_S,
    READABLE_S,
    cues_of,
)
from meeting_assets.publications.exports.fields import speaker_fields
from meeting_assets.publications.exports.paragraphs import paragraphs
from meeting_assets.publications.meeting_text import (
    ChatMessage,
    MeetingText,
    Session,
    SpeechSegment,
    SpokenUtterance,
    TimedUnit,
    distinct_names,
    timed_words,
)
from meeting_assets_tests.conftest import ROOT
from meeting_assets_tests.support.export_readers import (
    Spoken,
    read_chunks,
    read_ctm,
    read_front_matter,
    read_named_webvtt,
    read_rttm,
    read_seglst,
    read_stm,
    read_subrip,
    read_subrip_as_player,
    read_webvtt,
)

HOSTILE = (
    "-->",
    "a-->b",
    "<script>alert(1)</script>",
    "R&D",
    "&amp;",
    "<v",
    "Ada>",
    "{\\an8}",
    "\\N",
    "C:\\new",
    "<o,f0,male>",
    "{a/b}",
    "@",
    "1e3",
    "$x^2$",
    "%%",
    "==x==",
    ";;comment",
    "NOTE",
    "WEBVTT",
    "00:00:01.000",
    "12",
    "---",
    "# title",
    '"quoted"',
    "=1+1",
    "会議は午後です",
    "👍🏽",
    "\u202eright-to-left",
    "x" * 100,
)
TOLERANCE_S = 0.0011
"""The formats have milliseconds."""

texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12),
)
instants_s = st.one_of(st.none(), st.floats(-5, 600).map(lambda value: round(value, 3)))
units = st.builds(TimedUnit, texts, instants_s, instants_s)
names = st.one_of(st.sampled_from(("Ada", "Bea Lovelace", *HOSTILE)), st.text(max_size=20).filter(str.isprintable))


@st.composite
def meetings(draw: st.DrawFn, min_size: int = 0) -> MeetingText:
    speakers = [*distinct_names(enumerate_keys(draw(st.lists(names, min_size=1, max_size=4)))).values()]
    is_unspaced = draw(st.booleans())
    utterances: list[SpokenUtterance] = []
    for own in draw(st.lists(st.lists(units, min_size=1, max_size=12), min_size=min_size, max_size=6)):
        if words := timed_words(own, utterances[-1].end_s if utterances else 0.0):
            utterances.append(SpokenUtterance(draw(st.sampled_from(speakers)), words, is_unspaced))
    assume(len(utterances) >= min_size)
    return meeting_with(sorted(utterances, key=lambda each: each.start_s))


def enumerate_keys(given_names: Sequence[str]) -> list[tuple[str, str | None]]:
    return [(str(index), name) for index, name in enumerate(given_names)]


def meeting_with(utterances: Sequence[SpokenUtterance], title: str | None = "Planning") -> MeetingText:
    return MeetingText(
        "0206f11b-68ab-42b1-8a30-b85f60076e83",
        date(2026, 3, 2),
        title,
        "zoom",
        datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        600.0,
        "en",
        utterances,
        segments=[SpeechSegment(each.speaker, each.start_s, each.end_s + 1) for each in utterances],
        speakers=[*dict.fromkeys(each.speaker for each in utterances)],
    )


def utterance(*given: TimedUnit, speaker: str = "Ada") -> SpokenUtterance:
    return SpokenUtterance(speaker, timed_words(given))


def assert_same(read: Sequence[Spoken], expected: Sequence[Spoken]) -> None:
    """Equal speakers and texts in the same order, and equal times up to the rounding of the format."""
    assert [(each.speaker, each.text) for each in read] == [(each.speaker, each.text) for each in expected]
    times = [(each.start_s, each.end_s) for each in expected]
    assert [(each.start_s, each.end_s) for each in read] == [pytest.approx(each, abs=TOLERANCE_S) for each in times]


def without_sclite_markup(text: str) -> str:
    words = text.translate(str.maketrans("<>{}", "‹›()")).split(" ")
    return " ".join("＠" if word == "@" else word for word in words)


@given(meeting=meetings(min_size=1))
def test_stm_has_the_utterances_in_their_order(meeting: MeetingText) -> None:
    fields = speaker_fields(meeting)

    read = read_stm(FORMATS["stm"].write(meeting))

    expected = [
        Spoken(fields[each.speaker], each.start_s, each.end_s, without_sclite_markup(each.spaced_text))
        for each in meeting.utterances
    ]
    assert_same(read, expected)


@given(meeting=meetings(min_size=1))
def test_seglst_has_the_utterances_in_their_order(meeting: MeetingText) -> None:
    read = read_seglst(FORMATS["seglst"].write(meeting))

    assert_same(read, [Spoken(each.speaker, each.start_s, each.end_s, each.spaced_text) for each in meeting.utterances])


@given(meeting=meetings(min_size=1))
def test_ctm_has_every_word_by_channel_and_start(meeting: MeetingText) -> None:
    fields = speaker_fields(meeting)

    read = read_ctm(FORMATS["ctm"].write(meeting))

    words = [Spoken(fields[each.speaker], *word[1:], word.text) for each in meeting.utterances for word in each.words]
    assert_same(read, sorted(words, key=lambda each: (each.speaker, each.start_s)))


@given(meeting=meetings(min_size=1))
def test_json_has_the_paragraphs_as_turns(meeting: MeetingText) -> None:
    read = read_chunks(FORMATS["json"].write(meeting))

    assert_same(
        read, [Spoken(each.speaker, each.start_s, each.end_s, each.text) for each in paragraphs(meeting.utterances)]
    )


@given(meeting=meetings(min_size=1))
def test_subtitles_have_the_speakers_words_and_times_of_their_cues(meeting: MeetingText) -> None:
    cues = cues_of(meeting.utterances)

    read = read_webvtt(FORMATS["vtt"].write(meeting))

    assert_same(read, [Spoken(cue.speaker, cue.start_s, cue.end_s, "\n".join(cue.lines)) for cue in cues])


@given(meeting=meetings(min_size=1))
def test_cues_have_the_words_of_each_speaker_in_their_order(meeting: MeetingText) -> None:
    shown: dict[str, str] = {}
    for cue in sorted(cues_of(meeting.utterances), key=lambda cue: cue.speaker):
        shown[cue.speaker] = shown.get(cue.speaker, "") + "".join("".join(cue.lines).split())

    spoken: dict[str, str] = {}
    for each in meeting.utterances:
        spoken[each.speaker] = spoken.get(each.speaker, "") + "".join(word.text for word in each.words)
    # Cues of overlapping utterances of one speaker alternate, so their characters are compared without their order.
    assert {speaker: sorted(text) for speaker, text in shown.items()} == {
        speaker: sorted(text) for speaker, text in spoken.items()
    }


@given(meeting=meetings(min_size=1))
def test_cues_are_short_narrow_and_in_order(meeting: MeetingText) -> None:
    for shows_speaker in (False, True):
        cues = cues_of(meeting.utterances, shows_speaker=shows_speaker)

        assert [*cues] == sorted(cues, key=lambda cue: cue.start_s)
        for cue in cues:
            assert 0 <= cue.start_s < cue.end_s <= cue.start_s + MAX_CUE_S + 1e-6
            assert len(cue.lines) <= MAX_LINES
            assert max(map(cell_len, cue.lines)) <= MAX_LINE_WIDTH


def test_long_name_is_shortened_to_a_line() -> None:
    name = "Ada King, Countess of Lovelace, of Ockham Park, Surrey (2)"

    (cue,) = cues_of([utterance(TimedUnit("word", 1.0, 2.0), speaker=name)], shows_speaker=True)

    assert cue.lines == ("Ada King, Countess of Lovelace, …rrey (2):", "word")


@pytest.mark.parametrize(("next_s", "end_s"), [(10.0, 1 + READABLE_S), (1.5, 1.5), (1.02, 1 + MIN_CUE_S)])
def test_short_cue_is_shown_until_it_is_read_or_the_next_one_starts(next_s: float, end_s: float) -> None:
    one, two = utterance(TimedUnit("one", 1.0, 1.05)), utterance(TimedUnit("two", next_s, next_s + 2), speaker="Bea")

    cues = cues_of([one, two])

    assert [(cue.start_s, cue.end_s) for cue in cues] == [(1.0, pytest.approx(end_s)), (next_s, next_s + 2)]


def test_scripts_without_blanks_are_joined_without_them_for_readers() -> None:
    texts = ("会議", "は", "Google", "Meet", "です。")
    words = timed_words([TimedUnit(text, float(n), n + 1.0) for n, text in enumerate(texts)])
    meeting = meeting_with([SpokenUtterance("Ada", words, is_unspaced=True)])

    for name in ("vtt", "vtt_names", "srt", "txt", "md", "json"):
        assert "会議はGoogle Meetです。" in FORMATS[name].write(meeting), name
    assert read_stm(FORMATS["stm"].write(meeting))[0].text == " ".join(texts)


def test_plain_text_has_a_line_per_paragraph() -> None:
    meeting = meeting_with(
        [
            utterance(TimedUnit("So we", 65.0, 66.0)),
            utterance(TimedUnit("ship.", 67.0, 68.0)),
            utterance(TimedUnit("No.", 3725.0, 3726.0), speaker="Bea"),
        ]
    )

    assert FORMATS["txt"].write(meeting) == "[00:01:05] Ada: So we ship.\n[01:02:05] Bea: No.\n"


@given(meeting=meetings(min_size=1))
def test_subrip_shows_names_and_words_as_a_player_does(meeting: MeetingText) -> None:
    # pysubs2 takes any line with two times for the times of a cue.
    assume(not any(":00:" in word.text for each in meeting.utterances for word in each.words))
    content = FORMATS["srt"].write(meeting)

    read, displayed = read_subrip(content), read_subrip_as_player(content)

    substitutes = str.maketrans("<>{}\\", "‹›()∖")
    cues = cues_of(meeting.utterances, shows_speaker=True)
    expected = [
        Spoken("", cue.start_s, cue.end_s, "\n".join(line.translate(substitutes) for line in cue.lines)) for cue in cues
    ]
    assert_same(read, expected)
    # A player drops markup: every character is displayed, so no text was taken for markup.
    assert [each.text.split() for each in displayed] == [each.text.split() for each in expected]


def test_names_precede_the_words_of_subtitles_without_voice_tags() -> None:
    meeting = meeting_with([utterance(TimedUnit("So we ship", 1.0, 2.0), speaker="Bea <b>")])

    read = read_named_webvtt(FORMATS["vtt_names"].write(meeting))

    assert [each.text for each in read] == ["Bea <b>: So we ship"]


def test_overlapping_utterances_have_overlapping_cues() -> None:
    meeting = meeting_with(
        [utterance(TimedUnit("one", 1.0, 4.0)), utterance(TimedUnit("two", 2.0, 3.0), speaker="Bea")]
    )

    read = read_webvtt(FORMATS["vtt"].write(meeting))

    assert [(each.speaker, each.start_s, each.end_s) for each in read] == [("Ada", 1.0, 4.0), ("Bea", 2.0, 3.0)]


def test_long_utterance_is_divided_at_word_times() -> None:
    words = [TimedUnit(f"word{n}", float(n), n + 0.8) for n in range(20)]

    cues = cues_of([utterance(*words)])

    assert [cue.start_s for cue in cues] == [0.0, 7.0, 14.0]
    assert all(cue.end_s - cue.start_s <= MAX_CUE_S for cue in cues)


def test_sentence_of_captions_shares_its_time_among_its_words() -> None:
    words = timed_words([TimedUnit("ab cdef", 0.0, 3.0)])

    assert [(word.text, word.start_s, word.end_s) for word in words] == [("ab", 0.0, 1.0), ("cdef", 1.0, 3.0)]


def test_words_before_the_start_of_the_recording_begin_at_zero() -> None:
    words = timed_words([TimedUnit("early", -2.0, -1.0), TimedUnit("late", -0.5, 1.0)])

    assert [(word.start_s, word.end_s) for word in words] == [(0.0, 0.0), (0.0, 1.0)]


@pytest.mark.parametrize(
    ("given_units", "earliest_s", "times"),
    [
        ([("a", 1, 2), ("b", None, None), ("c", 4, 5)], 0, [(1, 2), (2, 4), (4, 5)]),
        ([("abcde", None, None), ("b", 10, 11)], 0, [(9.7, 10), (10, 11)]),
        ([("abcde", None, None), ("b", 10, 11)], 9.9, [(9.9, 10), (10, 11)]),
        ([("abcde", None, None), ("b", 0.1, 1)], 0, [(0, 0.1), (0.1, 1)]),
        ([("ab cd", 1, None), ("c", 1.1, 2)], 0, [(1, 1.05), (1.05, 1.1), (1.1, 2)]),
        ([("abcde", 1, None), ("c", 9, 10)], 0, [(1, 1.3), (9, 10)]),
        ([("aaaa", 1, None), ("bb", None, None), ("c", 1.12, 2)], 0, [(1, 1.08), (1.08, 1.12), (1.12, 2)]),
        ([("a", 1, 2), ("b", None, 3), ("c", 4, 5)], 0, [(1, 2), (2, 3), (4, 5)]),
        ([("abcde", None, 3), ("c", 4, 5)], 0, [(2.7, 3), (4, 5)]),
        ([("a", 1, None), ("b", None, 1.02)], 0, [(1, 1.01), (1.01, 1.02)]),
        ([("a b", None, None)], 5, [(5, 5.06), (5.06, 5.12)]),
    ],
    ids=[
        "between-neighbours",
        "first-at-usual-rate",
        "first-after-earlier-speech",
        "first-within-the-recording",
        "missing-end-before-next-start",
        "missing-end-before-a-pause",
        "missing-end-and-words-without-times",
        "end-alone",
        "first-with-end-alone",
        "start-alone-and-end-alone",
        "no-times",
    ],
)
def test_missing_times_follow_from_the_known_ones(
    given_units: Sequence[tuple[str, float | None, float | None]],
    earliest_s: float,
    times: Sequence[tuple[float, float]],
) -> None:
    words = timed_words([TimedUnit(*each) for each in given_units], earliest_s)

    assert [(word.start_s, word.end_s) for word in words] == [pytest.approx(each) for each in times]


def hostile_names(*given_names: str) -> MeetingText:
    chosen = distinct_names(enumerate_keys(given_names)).values()
    return meeting_with(
        [utterance(TimedUnit("word", n * 3.0, n * 3 + 1.0), speaker=name) for n, name in enumerate(chosen)]
    )


@example(meeting=hostile_names("NA"))
@example(meeting=hostile_names("None"))
@example(meeting=hostile_names("nan", "NaN", "null", "N/A", "<NA>"))
@example(meeting=hostile_names('"'))
@example(meeting=hostile_names('Ada "A" Byron', "Ada 'A' Byron"))
@example(meeting=hostile_names("Ada Lovelace", "Ada_Lovelace", "Ada_Lovelace_2"))
@example(meeting=hostile_names("12", "1e3", "#title", ";;comment"))
@given(meeting=meetings(min_size=1))
def test_segments_are_read_back_by_pyannote(meeting: MeetingText) -> None:
    fields = speaker_fields(meeting)

    read = read_rttm(FORMATS["rttm"].write(meeting))

    assert len({*fields.values()}) == len(fields)
    expected = sorted((fields[each.speaker], each.start_s, each.end_s) for each in meeting.segments)
    found = sorted((each.speaker, each.start_s, each.end_s) for each in read)
    assert sorted(each[0] for each in found) == sorted(each[0] for each in expected)
    for one, other in zip(found, expected, strict=True):
        assert one[1:] == pytest.approx(other[1:], abs=2 * TOLERANCE_S)


@example(title="1e3", meeting=meeting_with([]))
@given(title=st.one_of(st.none(), texts), meeting=meetings())
def test_front_matter_keeps_the_title_and_the_speakers(title: str | None, meeting: MeetingText) -> None:
    written = FORMATS["md"].write(meeting_with(meeting.utterances, title))

    facts, content = read_front_matter(written)

    assert facts["title"] == (" ".join((title or "").split()) or "Meeting of 2026-03-02")
    assert facts["speakers"] == [*meeting.speakers]
    assert content.startswith("# ")


@pytest.mark.parametrize("title", ["1e3", "0o17", "true", "NO", "12:30:45", "~", "2026-03-02", "0x1F", "a: b #c"])
def test_front_matter_quotes_every_text(title: str) -> None:
    content = FORMATS["md"].write(meeting_with([], title))

    assert f'title: "{title}"' in content.splitlines()
    assert yaml.safe_load(content.split("---\n")[1])["title"] == title


def test_markdown_shows_markup_as_text() -> None:
    meeting = meeting_with([utterance(TimedUnit("<script> *b* [x](y) `c` $x^2$ %% ==y==", 1.0, 2.0))])

    _, content = read_front_matter(FORMATS["md"].write(meeting))

    assert r"\<script\> \*b\* \[x\](y) \`c\` \$x\^2\$ \%\% \=\=y\=\=" in content


@pytest.mark.parametrize(
    "words",
    [
        [f"word{n}" for n in range(1500)],
        ["x" * 20_000],
        ["会議" * 1000, "short"],
        ["0123456789" * 300],
        ["a", *["-->"] * 1000],
    ],
    ids=["many-words", "long-word", "long-unspaced-word", "digits", "signs"],
)
def test_chunks_stay_within_the_token_budget(words: Sequence[str]) -> None:
    meeting = meeting_with([utterance(*(TimedUnit(word, n / 2, n / 2 + 0.4) for n, word in enumerate(words)))])

    chunks = json.loads(FORMATS["json"].write(meeting))["chunks"]

    assert len(chunks) > 1
    for chunk in chunks:
        assert chunk["estimated_tokens"] == estimated_tokens(chunk["text"]) <= TOKENS_PER_CHUNK
    texts = [turn["text"] for chunk in chunks for turn in chunk["turns"]]
    assert "".join("".join(texts).split()) == "".join(words)


def without_mark(content: str) -> str:
    """The content of a file for spreadsheets, which must begin with a byte order mark."""
    assert content.startswith("\ufeff")
    return content.removeprefix("\ufeff")


def test_spreadsheet_shows_a_formula_in_the_chat_as_text() -> None:
    message = ChatMessage("=cmd", 5.0, datetime(2026, 3, 2, 9, 30, 5, tzinfo=UTC), "everyone", '=HYPERLINK("x")')
    meeting = MeetingText("0206f11b-68ab-42b1-8a30-b85f60076e83", date(2026, 3, 2), chat=[message])

    header, row = csv.reader(io.StringIO(without_mark(FORMATS["chat"].write(meeting))))

    assert header == ["at", "at_s", "sender", "recipient", "text"]
    assert row[:2] == ["2026-03-02T09:30:05.000000Z", "5.0"]
    assert row[4].startswith("'=")
    assert text_of_cell(row[4]) == '=HYPERLINK("x")'


def test_attendance_has_clock_times_and_marks_unknown_joins() -> None:
    session = Session("Ada", "ada@x.example", -30.0, 90.0, is_open_start=True, is_open_end=False)
    meeting = MeetingText(
        "0206f11b-68ab-42b1-8a30-b85f60076e83",
        date(2026, 3, 2),
        started_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        sessions=[session],
    )

    (row,) = csv.DictReader(io.StringIO(without_mark(FORMATS["attendance"].write(meeting))))

    assert row["joined_at"] == "2026-03-02T09:29:30.000000Z"
    assert (row["join_s"], row["leave_s"]) == ("-30.0", "90.0")
    assert (row["minutes"], row["is_join_known"], row["is_leave_known"]) == ("2.0", "false", "true")


@pytest.mark.parametrize("name", FORMATS)
def test_meeting_without_content_is_not_exported(name: str) -> None:
    meeting = MeetingText("0206f11b-68ab-42b1-8a30-b85f60076e83", date(2026, 3, 2))

    assert not FORMATS[name].has_content(meeting)


@pytest.mark.parametrize("name", FORMATS)
def test_documentation_lists_the_format_with_its_extension(name: str) -> None:
    documented = (ROOT / "docs" / "exports.md").read_text()

    assert f"| `{name}` | `.{FORMATS[name].extension}` | " in documented


@pytest.mark.parametrize("name", ["attendance", "chat"])
def test_documentation_lists_the_columns_of_spreadsheets(name: str) -> None:
    header = without_mark(FORMATS[name].write(meeting_with([]))).split("\r\n")[0]

    documented = (ROOT / "docs" / "exports.md").read_text().partition("## CSV columns")[2]
    assert [column for column in header.split(",") if f"`{column}`" not in documented] == []


def test_formats_have_file_names_of_their_own() -> None:
    extensions = [each.extension for each in FORMATS.values()]

    assert len({*extensions}) == len(extensions)
