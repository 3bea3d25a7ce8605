"""Every export, read back by an independent library: same words, speakers and times, for hostile text too."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from meeting_assets.core.csv_cells import text_of_cell
from meeting_assets.publications.exports import FORMATS
from meeting_assets.publications.exports.cues import COLUMNS, LINES, LONGEST_S, cues_of, display_width
from meeting_assets.publications.exports.fields import identifier
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
from meeting_assets_tests.support.export_readers import (
    READERS,
    read_chunks,
    read_front_matter,
    read_named_webvtt,
    read_rttm,
    read_subrip,
    read_subrip_as_player,
    read_webvtt,
    words_by_speaker,
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
def meetings(draw: st.DrawFn) -> MeetingText:
    speakers = [*distinct_names(enumerate_keys(draw(st.lists(names, min_size=1, max_size=4)))).values()]
    utterances: list[SpokenUtterance] = []
    for own in draw(st.lists(st.lists(units, min_size=1, max_size=12), max_size=6)):
        if words := timed_words(own, utterances[-1].end_s if utterances else 0.0):
            utterances.append(SpokenUtterance(draw(st.sampled_from(speakers)), words))
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


@pytest.mark.parametrize("name", READERS)
@given(meeting=meetings())
def test_words_and_speakers_are_read_back_unchanged(name: str, meeting: MeetingText) -> None:
    if not meeting.utterances:
        return

    read = words_by_speaker(READERS[name](FORMATS[name].write(meeting)))

    assert {speaker: sorted("".join(words)) for speaker, words in read.items()} == expected_characters(meeting, name)


def expected_characters(meeting: MeetingText, name: str) -> dict[str, list[str]]:
    """The sorted characters of each speaker: words wider than a line are divided, and CTM sorts words by start."""
    found: dict[str, str] = {}
    for each in meeting.utterances:
        speaker = identifier(each.speaker) if name in {"stm", "ctm"} else "_".join(each.speaker.split())
        found[speaker] = found.get(speaker, "") + "".join(word.text for word in each.words)
    return {speaker: sorted(text) for speaker, text in found.items()}


@given(meeting=meetings())
def test_cues_are_short_narrow_and_in_order(meeting: MeetingText) -> None:
    for shows_speaker in (False, True):
        cues = cues_of(meeting.utterances, shows_speaker=shows_speaker)

        assert [*cues] == sorted(cues, key=lambda cue: cue.start_s)
        for cue in cues:
            assert 0 <= cue.start_s < cue.end_s <= cue.start_s + LONGEST_S + 1e-6
            widest = max(map(display_width, cue.lines))
            assert shows_speaker or (len(cue.lines) <= LINES and widest <= COLUMNS)


@given(meeting=meetings())
def test_subtitles_have_the_times_of_their_words(meeting: MeetingText) -> None:
    content = FORMATS["vtt"].write(meeting)
    spoken_s = [instant_s for each in meeting.utterances for word in each.words for instant_s in (word.start_s,)]

    read = read_webvtt(content) if meeting.utterances else []

    if read:
        assert min(cue.start_s for cue in read) == pytest.approx(min(spoken_s), abs=TOLERANCE_S)


@given(meeting=meetings())
def test_subrip_shows_names_and_words_as_a_player_does(meeting: MeetingText) -> None:
    # pysubs2 takes any line with two times for the times of a cue.
    assume(not any(":00:" in word.text for each in meeting.utterances for word in each.words))
    content = FORMATS["srt"].write(meeting)

    read, shown = read_subrip(content), read_subrip_as_player(content)

    words = sum(len(each.words) for each in meeting.utterances)
    assert len(read) == len(cues_of(meeting.utterances, shows_speaker=True))
    assert words == 0 or sum(len(each.text.split()) for each in read) >= words
    # A player drops markup: every character that `srt` reads is shown, so no text was taken for markup.
    assert ["".join(each.text.split()) for each in shown] == ["".join(each.text.split()) for each in read]


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
    assert all(cue.end_s - cue.start_s <= LONGEST_S for cue in cues)


def test_sentence_of_captions_shares_its_time_among_its_words() -> None:
    words = timed_words([TimedUnit("ab cdef", 0.0, 3.0)])

    assert [(word.text, word.start_s, word.end_s) for word in words] == [("ab", 0.0, 1.0), ("cdef", 1.0, 3.0)]


def test_words_before_the_start_of_the_recording_begin_at_zero() -> None:
    words = timed_words([TimedUnit("early", -2.0, -1.0), TimedUnit("late", -0.5, 1.0)])

    assert [(word.start_s, word.end_s) for word in words] == [(0.0, 0.0), (0.0, 1.0)]


def test_words_without_times_lie_between_their_neighbours() -> None:
    words = timed_words([TimedUnit("a", 1.0, 2.0), TimedUnit("b", None, None), TimedUnit("c", 4.0, 5.0)])

    assert [(word.start_s, word.end_s) for word in words] == [(1.0, 2.0), (2.0, 4.0), (4.0, 5.0)]


@given(meeting=meetings())
def test_segments_are_read_back_by_pyannote(meeting: MeetingText) -> None:
    if not meeting.segments:
        return

    read = read_rttm(FORMATS["rttm"].write(meeting))

    expected = sorted((identifier(each.speaker), each.start_s, each.end_s) for each in meeting.segments)
    found = sorted((each.speaker, each.start_s, each.end_s) for each in read)
    assert [each[0] for each in found] == [each[0] for each in expected]
    for one, other in zip(found, expected, strict=True):
        assert one[1:] == pytest.approx(other[1:], abs=2 * TOLERANCE_S)


@given(title=st.one_of(st.none(), texts), meeting=meetings())
def test_front_matter_keeps_the_title_and_the_speakers(title: str | None, meeting: MeetingText) -> None:
    written = FORMATS["md"].write(meeting_with(meeting.utterances, title))

    facts, content = read_front_matter(written)

    assert facts["title"] == (" ".join((title or "").split()) or "Meeting of 2026-03-02")
    assert facts["speakers"] == [*meeting.speakers]
    assert content.startswith("# ")


def test_markdown_shows_markup_as_text() -> None:
    meeting = meeting_with([utterance(TimedUnit("<script> *b* [x](y) `c`", 1.0, 2.0))])

    _, content = read_front_matter(FORMATS["md"].write(meeting))

    assert r"\<script\> \*b\* \[x\](y) \`c\`" in content


def test_chunks_stay_within_the_token_budget() -> None:
    meeting = meeting_with([utterance(*(TimedUnit(f"word{n}", n / 2, n / 2 + 0.4) for n in range(1500)))])

    content = FORMATS["json"].write(meeting)

    turns = read_chunks(content)
    assert len(turns) > 5
    assert max(len(each.text) for each in turns) <= 400 * 4
    assert sum(len(each.text.split()) for each in turns) == 1500


def test_spreadsheet_shows_a_formula_in_the_chat_as_text() -> None:
    message = ChatMessage("=cmd", 5.0, datetime(2026, 3, 2, 9, 30, 5, tzinfo=UTC), "everyone", '=HYPERLINK("x")')
    meeting = MeetingText("0206f11b-68ab-42b1-8a30-b85f60076e83", date(2026, 3, 2), chat=[message])

    header, row = csv.reader(io.StringIO(FORMATS["chat"].write(meeting)))

    assert header == ["at", "at_s", "sender", "recipient", "text"]
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

    (row,) = csv.DictReader(io.StringIO(FORMATS["attendance"].write(meeting)))

    assert row["joined_at"] == "2026-03-02T09:29:30.000000Z"
    assert (row["minutes"], row["is_join_known"], row["is_leave_known"]) == ("2.0", "false", "true")


@pytest.mark.parametrize("name", FORMATS)
def test_meeting_without_content_is_not_exported(name: str) -> None:
    meeting = MeetingText("0206f11b-68ab-42b1-8a30-b85f60076e83", date(2026, 3, 2))

    assert not FORMATS[name].has_content(meeting)


def test_formats_have_file_names_of_their_own() -> None:
    extensions = [each.extension for each in FORMATS.values()]

    assert len({*extensions}) == len(extensions)
