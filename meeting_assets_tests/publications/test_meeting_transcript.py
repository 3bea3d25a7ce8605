"""The transcript and the highlights on the page of a meeting: texts in their order, with links to their times."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from meeting_assets.metrics.parameters import Parameters
from meeting_assets.publications.pages.meeting_highlights import highlights_of
from meeting_assets.publications.reading import read_meeting
from meeting_assets_tests.support.meeting_pages import data, page, section
from meeting_assets_tests.support.page_meetings import HOSTILE_NAMES, MEETINGS, SCRIPT

every_meeting = pytest.mark.parametrize("name", MEETINGS)


def test_chat_messages_are_in_their_place_of_the_transcript(connection: Connection, ids: dict[str, str]) -> None:
    entries = page(connection, ids["ordinary"]).all("div", class_="e")

    texts = [each.one("p").text for each in entries]

    assert texts.index("Here is the link") == texts.index("And the plan for next week?") + 1
    assert texts[-1] == "Bye all"
    assert [each.one("b").words for each in entries if each.matches("div", {"class_": "chat"})] == [
        "Ben Ito in the chat",
        "Cleo in the chat",
    ]


@every_meeting
def test_transcript_has_all_words_in_their_order(connection: Connection, ids: dict[str, str], name: str) -> None:
    meeting = read_meeting(connection, ids[name])
    assert meeting is not None

    entries = page(connection, ids[name]).all("div", class_="e")

    spoken = [each.one("p").text for each in entries if not each.matches("div", {"class_": "chat"})]
    assert "".join("".join(spoken).split()) == "".join(word.text for each in meeting.utterances for word in each.words)


def test_links_of_paragraphs_lead_to_their_own_anchors(connection: Connection, ids: dict[str, str]) -> None:
    entries = page(connection, ids["monologue"]).all("div", class_="e")

    targets = [each.one("a", class_="t").attributes["href"] for each in entries]

    assert len(entries) > 5
    assert targets == [f"#{each.attributes['id']}" for each in entries]
    assert targets[0] == "#t=0"
    assert max(len(each.one("p").text.split()) for each in entries) <= 90


def test_script_without_blanks_is_shown_without_blanks(connection: Connection, ids: dict[str, str]) -> None:
    document = page(connection, ids["unspaced"])

    assert document.one("div", class_="e").one("p").text == "おはようございます。始めましょうか？"
    assert document.one("div", id="entries").attributes["lang"] == "ja"


def test_estimated_times_are_marked(connection: Connection, ids: dict[str, str]) -> None:
    entries = page(connection, ids["partly_untimed"]).all("div", class_="e")

    times = {each.one("p").text: each.one(class_="t").text for each in entries}

    assert times == {"This has times.": "0:00:10", "This has none.": "~0:00:11", "Yes.": "0:01:12"}


def test_words_without_any_time_are_shown_without_times(connection: Connection, ids: dict[str, str]) -> None:
    entries = page(connection, ids["untimed"]).all("div", class_="e")

    assert [each.one(class_="t").text for each in entries] == ["", ""]
    assert [each.one("p").text for each in entries] == ["No word has a time.", "None at all?"]


def test_hostile_texts_are_shown_as_texts(connection: Connection, ids: dict[str, str]) -> None:
    document = page(connection, ids["hostile"])

    handlers = [name for each in document.all() for name in each.attributes if name.startswith("on")]
    targets = [each.attributes["href"] or "" for each in document.all("a")]
    assert handlers == []
    assert document.all("img") == []
    assert [each for each in targets if each.startswith("javascript:")] == []
    assert document.one("h1").text.startswith(SCRIPT)
    assert len(document.one("h1").text) <= 300
    shown = {each.text for each in section(document, "talk").all("bdi")}
    assert shown == {" ".join(name.split())[:59] + "…" if len(name) > 60 else name for name in HOSTILE_NAMES}
    assert all(SCRIPT in each.one("p").text for each in document.all("div", class_="e"))


@every_meeting
def test_every_highlight_leads_to_its_moment(connection: Connection, ids: dict[str, str], name: str) -> None:
    meeting = data(connection, ids[name])
    assert meeting.metrics is not None

    found = highlights_of(meeting, Parameters())

    assert len(found.questions or ()) == (meeting.metrics.question_count or 0)
    assert len(found.interruptions or ()) == (meeting.metrics.interruption_count or 0)
    assert (found.silence is not None) == bool(meeting.metrics.longest_silence_s)
    assert (found.monologue is not None) == bool(meeting.metrics.longest_monologue_s)


def test_interruptions_found_with_other_parameters_are_not_shown(connection: Connection, ids: dict[str, str]) -> None:
    meeting = data(connection, ids["ordinary"])

    found = highlights_of(meeting, Parameters(interruption_grace_s=5.0))

    assert found.interruptions is None


def test_highlights_of_a_meeting_name_people_and_times(connection: Connection, ids: dict[str, str]) -> None:
    shown = section(page(connection, ids["ordinary"]), "highlights")

    facts = {each.one("dt").words: each.one("dd").words for each in shown.one("dl").all("div")}

    assert facts["Longest monologue"] == "1 min by Cleo at 0:02:40"
    assert facts["Longest silence"] == "30 s at 0:02:10"
    assert "0:01:12 Ada Byron: And the plan for next week?" in facts["Questions"]
    assert "0:00:38 Ben Ito interrupts Ada Byron" in facts["Interruptions"]
