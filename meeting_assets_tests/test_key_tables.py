"""Tables of persons and speakers in narrow terminals: keys and numbers stay whole, so that they can be copied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from meeting_assets.cli.people_table import print_people, print_unlinked
from meeting_assets.cli.speaker_table import print_speakers
from meeting_assets.cli.terminal import out
from meeting_assets.metrics.speakers import Speaker
from meeting_assets.pipeline.people_lists import ListedPerson, PeopleList, Unlinked
from meeting_assets.pipeline.speakers import Occurring, SpeakersOfRecording

LONG_KEY = "teams:8:orgid:0f7a3c1e-5b7d-4c9a-9f00-1a2b3c4d5e6f:x"
SHORT_KEY = "email:ada@example.com"
LONG_NAME = "Augusta Ada King, Countess of Lovelace, née Byron"
WIDTHS = (40, 60, 80, 120)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
PERSONS = [
    ListedPerson(LONG_KEY, LONG_NAME, None, (LONG_KEY,), 1234, 4_500_000.0, 3600.0, 0.415),
    ListedPerson(SHORT_KEY, None, None, (SHORT_KEY,), 3, None, None, None),
]


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The width of a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    before, out.width = out.width, request.param
    yield request.param
    out.width = before


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return ESCAPES.sub("", capsys.readouterr().out).splitlines()


def test_the_long_key_has_the_length_of_those_of_teams() -> None:
    assert len(LONG_KEY) == 52


def test_keys_and_numbers_of_people_stay_whole(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    print_people(PeopleList(PERSONS, [], 0.9))

    lines = printed(capsys)
    text = "\n".join(lines)
    for whole in (LONG_KEY, SHORT_KEY, "1,234", "1,250.0", "41.5%"):
        assert whole in text
    assert {"meetings", "hours"} <= {*re.findall(r"\w+", text)}
    listed = lines[: next(i for i, line in enumerate(lines) if line.startswith("These persons"))]
    assert [line for line in listed if len(line) > width and line.strip() != LONG_KEY] == []


def test_people_form_a_table_where_it_fits(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    print_people(PeopleList(PERSONS[1:], [], 0.9))

    first, *_ = printed(capsys)
    assert first.split() == (
        ["person", "name", "meetings", "hours", "share", "of", "talk"] if width > 40 else [SHORT_KEY]
    )


def test_names_without_a_person_keep_the_keys_of_their_namesakes_whole(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    print_unlinked([Unlinked("Ada", "name:ada", 12, 75_000.0, 0.125, (LONG_KEY, SHORT_KEY))])

    text = "\n".join(printed(capsys))
    for whole in (f"{LONG_KEY}, {SHORT_KEY}", "1,250.0", "12.5%"):
        assert whole in text


def test_keys_and_numbers_of_speakers_stay_whole(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    speaker = Speaker("transcript", "label:Speaker A", LONG_KEY, LONG_NAME, "timeline_overlap", 0.97, 0.01, 12_345)

    occurring = Occurring(frozenset(), frozenset())
    print_speakers(SpeakersOfRecording("0f7a", date(2026, 3, 2), [speaker], [], occurring, {}, is_outdated=False))

    text = "\n".join(printed(capsys))
    for whole in ("label:Speaker A", LONG_KEY, "97 %", "1 %", "12,345"):
        assert whole in text
