"""Listed objects: read whatever the API has called them, stored without what opens a door."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.errors import PayloadError
from meeting_assets.recall import objects
from meeting_assets.recall.objects import (
    ApiObject,
    Bot,
    Media,
    Recording,
    Status,
    decode_object,
    instant_fields,
    storable,
)
from meeting_assets_tests.conftest import ROOT

SAMPLES = Path(os.environ.get("MEETING_ASSETS_SAMPLES", ROOT.parent / "shared" / "samples"))
ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
OTHER = "0b85d2f9-d54a-47f6-b28d-4c63229f4035"
AT = "2024-12-03T02:54:11.397104Z"
STATUS = {"code": "done", "sub_code": None, "updated_at": AT}
RECORDING = {"id": ID, "created_at": AT, "status": STATUS}

keys = st.sampled_from(["download_url", "meetingUrl", "password", "Token", "X-Api-Key", "a", "text", "id"]) | st.text()
documents = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(["https://h/a?b=c", '{"u":"https:\\/\\/u:p@h?b"}']),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
)


def sample(path: str) -> Any:
    file = SAMPLES / path
    if not file.exists():
        pytest.skip(f"no samples: set MEETING_ASSETS_SAMPLES to the folder with {path}")
    return json.loads(file.read_text())


def test_a_recording_needs_an_id_and_an_instant_and_no_more() -> None:
    recording = decode_object({"id": ID, "created_at": AT}, Recording, "recording")

    assert recording.id == UUID(ID)
    assert recording.created_at == datetime(2024, 12, 3, 2, 54, 11, 397104, UTC)
    assert recording.status.code not in {"done", "failed", "deleted"}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (RECORDING | {"started_at": AT, "media_shortcuts": {"transcript": {"id": OTHER, "status": STATUS}}}, Recording),
        (RECORDING | {"media_shortcuts": {"transcript": None, "participant_events": None}}, Recording),
        (
            {"id": ID, "recording": {"id": OTHER, "metadata": {}}, "status": STATUS, "data": {"download_url": "x"}},
            Media,
        ),
        ({"id": ID, "bot_name": "Notes", "meeting_url": {"platform": "zoom", "meeting_password": "x"}}, Bot),
    ],
)
def test_whatever_may_be_missing_may_be_null(document: dict[str, Any], kind: type[Any]) -> None:
    for key in document.keys() - {"id", "created_at"}:
        nulled = decode_object(document | {key: None}, kind, "it")
        missing = decode_object({name: value for name, value in document.items() if name != key}, kind, "it")

        assert nulled == missing


@pytest.mark.parametrize(
    ("meetings", "scheduled"),
    [
        ([{"start_time": "2026-01-05T10:00:00+01:00"}], datetime(2026, 1, 5, 9, tzinfo=UTC)),
        (
            [{"start_time": "2026-01-05T10:00:00Z"}, {"start_time": "2026-01-05T09:00:00Z"}],
            datetime(2026, 1, 5, 9, tzinfo=UTC),
        ),
        ([{"start_time": "2026-01-05"}, {"start_time": 7}, {}, None, "x"], None),
        ([{"start_time": "0001-01-01T00:00:00Z"}], None),
        ({"start_time": "2026-01-05T09:00:00Z"}, None),
        ([], None),
    ],
)
def test_a_calendar_tells_the_start_or_nothing_and_never_costs_the_bots_name(
    meetings: Any, scheduled: datetime | None
) -> None:
    bot = decode_object({"id": ID, "bot_name": "Notes", "calendar_meetings": meetings}, Bot, "bot")

    assert (bot.bot_name, bot.scheduled_at) == ("Notes", scheduled)


def test_what_is_new_or_of_another_kind_is_not_in_the_way() -> None:
    document = RECORDING | {
        "status": {"code": "uploading", "mood": []},
        "media_shortcuts": {"hologram": 7, "transcript": {"id": OTHER, "provider": {"new_async": {}}, "format": "vtt"}},
        "bot": {"id": OTHER, "metadata": None, "shape": "round"},
        "extra": {"deep": [1]},
    }

    recording = decode_object(document, Recording, "recording")

    assert recording.status.code == "uploading"
    assert recording.bot is not None
    assert recording.bot.id == UUID(OTHER)


@pytest.mark.parametrize("instant", ["2024-12-03T02:54:11Z", "2024-12-03T02:54:11.3Z", "2024-12-03T04:54:11+02:00"])
def test_instants_may_be_spelled_shorter(instant: str) -> None:
    recording = decode_object(RECORDING | {"created_at": instant}, Recording, "recording")

    assert recording.created_at.replace(microsecond=0) == datetime(2024, 12, 3, 2, 54, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "url", [None, "https://zoom.us/j/1?pwd=x", {}, {"platform": None}, {"platform": "zoom", "meeting_id": 1}]
)
def test_a_meeting_url_may_be_an_object_a_text_or_nothing(url: Any) -> None:
    bot = decode_object({"id": ID, "meeting_url": url}, Bot, "bot")

    assert bot.platform == ("zoom" if url == {"platform": "zoom", "meeting_id": 1} else None)


def test_the_provider_is_the_one_that_is_not_null() -> None:
    media = decode_object({"id": ID, "provider": {"rev_async": None, "deepgram_async": {}}}, Media, "transcript")

    assert media.provider == {"deepgram_async": {}}


def test_spellings_of_2024_are_understood() -> None:
    media = decode_object({"id": ID, "recording_id": OTHER, "status": STATUS}, Media, "transcript")
    recording = decode_object(RECORDING | {"bot": None, "source": {"bot": {"id": OTHER}}}, Recording, "recording")

    assert media.recording is not None
    assert media.recording.id == UUID(OTHER)
    assert recording.bot is not None
    assert recording.bot.id == UUID(OTHER)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"created_at": AT}, "`id`"),
        ({"id": "no-uuid-but-secret", "created_at": AT}, r"`\$\.id`"),
        ({"id": ID, "created_at": "secret"}, r"`\$\.created_at`"),
        (RECORDING | {"status": "secret"}, r"`\$\.status`"),
        (["secret"], "array"),
        ("secret", "str"),
        (None, "null"),
    ],
)
def test_what_makes_no_sense_is_named_and_not_quoted(document: Any, place: str) -> None:
    with pytest.raises(PayloadError, match=f"^recording 7: .*{place}") as raised:
        decode_object(document, Recording, "recording 7")

    assert "secret" not in repr(raised.value)


def test_recordings_of_the_samples_are_understood() -> None:
    for document in sample("recordings/openapi-example-2025-06-recording_list.json")["results"]:
        recording = decode_object(document, Recording, "recording")

        assert recording.media_shortcuts is not None
        assert recording.media_shortcuts.participant_events is not None
        assert "participants_download_url" in recording.media_shortcuts.participant_events.data


@pytest.mark.parametrize(
    "path",
    [
        "transcripts/docs-retrieve-transcript-2024-11.json",
        "transcripts/docs-retrieve-transcript-2024-11-older-recording-source.json",
        "transcripts/openapi-example-2025-06-transcript_retrieve.json",
        "video_separate/openapi-example-2025-06-video_separate_retrieve.json",
        "audio_separate/openapi-example-2025-06-audio_separate_retrieve.json",
        "participant_events_artifact/openapi-example-2025-06-participant_events_retrieve.json",
    ],
)
def test_media_objects_of_the_samples_are_understood(path: str) -> None:
    media = decode_object(sample(path), Media, path)

    assert media.recording is not None
    assert media.data


def test_media_objects_of_2024_are_understood() -> None:
    (document,) = sample("participant_events_artifact/docs-list-participant-events-2024-12.json")["results"]

    media = decode_object(document, Media, "participant_events")

    assert media.recording is not None


def test_a_bot_of_the_samples_and_its_recordings_are_understood() -> None:
    document = sample("bots/docs-retrieve-bot-with-recording-2024-12.json")

    assert str(decode_object(document, Bot, "bot").id) == document["id"]
    for recording in document["recordings"]:
        assert decode_object(recording, Recording, "recording").bot is not None


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (RECORDING | {"created_at": "0001-01-01T00:00:00+14:00"}, Recording),
        (RECORDING | {"expires_at": "9999-12-31T23:59:59-12:00"}, Recording),
        (RECORDING | {"status": STATUS | {"updated_at": "0001-01-01T00:00:00Z"}}, Recording),
        ({"id": ID, "created_at": "9999-01-01T00:00:00Z"}, Media),
    ],
)
def test_an_instant_that_leaves_the_calendar_in_another_zone_makes_no_sense(
    document: dict[str, Any], kind: type[Any]
) -> None:
    with pytest.raises(PayloadError, match="it: Year out of range"):
        decode_object(document, kind, "it")


@pytest.mark.parametrize("year", ["0002", "1999", "2101", "9998"])
def test_a_recording_of_an_impossible_year_is_set_aside_with_the_reason(year: str) -> None:
    with pytest.raises(PayloadError, match=f"it: created_at is in the year {int(year)}, expected 2000 to 2100"):
        decode_object(RECORDING | {"created_at": f"{year}-06-01T00:00:00Z"}, Recording, "it")


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_what_lies_deeper_than_anybody_looks_is_in_nobody_s_way(opening: str) -> None:
    closing = {"[": "]"}.get(opening, "}")
    document = RECORDING | {"bot": {"id": OTHER, "metadata": json.loads(opening * 800 + "1" + closing * 800)}}

    recording = decode_object(document, Recording, "recording")
    stored = json.dumps(storable(document))

    assert str(recording.id) == ID
    assert stored.count(opening[0]) < 110
    assert storable(RECORDING) == RECORDING


def test_what_opens_a_door_is_not_storable() -> None:
    document = {
        "id": ID,
        "data": {"download_url": "https://h/x?s=1", "provider_data_download_url": None, "title": "Weekly"},
        "meeting_url": {"meeting_password": "pw", "platform": "zoom"},
        "metadata": {
            "note": "see https://h/a?Signature=x and https://user:pw@h/b#access_token=x.",
            "nested": '{"u": "https:\\/\\/h\\/a?Signature=x"}',
            "API-Key": "x",
            "apiKey": "x",
            "client_secret": "x",
            "Authorization": "x",
            "session_cookie": "x",
            "passcode": "x",
        },
        "list": [{"token": "x"}, ["https://h?x"], 1, None, True],
    }

    assert storable(document) == {
        "id": ID,
        "data": {"title": "Weekly"},
        "metadata": {"note": "see https://h/a and https://h/b", "nested": '{"u": "https:\\/\\/h\\/a"}'},
        "list": [{}, ["https://h"], 1, None, True],
    }


@given(documents)
def test_storing_twice_changes_nothing_more_and_the_document_itself_never(document: Any) -> None:
    before = deepcopy(document)

    once = storable(document)

    assert storable(once) == once
    assert document == before
    assert json.dumps(storable(deepcopy(document))) == json.dumps(once)


@given(documents)
def test_nothing_storable_holds_a_url_that_works(document: Any) -> None:
    text = json.dumps(storable(document))

    assert "h/a?b" not in text
    assert "u:p@" not in text
    for key in ("download_url", "meetingUrl", "password", "Token", "X-Api-Key"):
        assert f'"{key}":' not in text


INSTANTS = [
    (RECORDING, Recording, ("created_at",)),
    (RECORDING, Recording, ("started_at",)),
    (RECORDING, Recording, ("completed_at",)),
    (RECORDING, Recording, ("expires_at",)),
    (RECORDING, Recording, ("status", "updated_at")),
    ({"id": ID}, Media, ("created_at",)),
    ({"id": ID, "status": STATUS}, Media, ("status", "updated_at")),
    ({"id": ID, "calendar_meetings": [{}]}, Bot, ("calendar_meetings", 0, "start_time")),
    *(
        (
            RECORDING | {"media_shortcuts": {name: {"id": OTHER, "status": STATUS}}},
            Recording,
            ("media_shortcuts", *path),
        )
        for name in ("transcript", "participant_events", "meeting_metadata")
        for path in ((name, "created_at"), (name, "status", "updated_at"))
    ),
]
ZONES = {
    "2026-03-02T09:30:00": 9,
    "2026-03-02T09:30:00.123456": 9,
    "2026-03-02 09:30:00": 9,
    "2026-03-02T09:30:00Z": 9,
    "2026-03-02T09:30:00+00:00": 9,
    "2026-03-02T09:30:00-05:30": 15,
    "2026-03-02T09:30:00+14:00": 19,
}
ABSURD = [
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59",
    "9999-12-31T23:59:59-14:00",
    "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
]


def with_instant(document: dict[str, Any], path: tuple[Any, ...], text: str) -> dict[str, Any]:
    document = json.loads(json.dumps(document))
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = text
    return document


def instants_in(thing: Any) -> list[datetime]:
    """Every instant that an understood object holds, in it and in what it holds."""
    if isinstance(thing, datetime):
        return [thing]
    if not isinstance(thing, msgspec.Struct):
        return []
    held = [getattr(thing, name) for name in thing.__struct_fields__]
    return [each for value in [*held, getattr(thing, "scheduled_at", None)] for each in instants_in(value)]


@pytest.mark.parametrize(("document", "kind", "path"), INSTANTS, ids=lambda value: str(value) if value else "")
@pytest.mark.parametrize("text", ZONES)
def test_every_instant_is_aware_with_and_without_a_zone(
    document: dict[str, Any], kind: type[Any], path: tuple[Any, ...], text: str
) -> None:
    thing = decode_object(with_instant(document, path, text), kind, "it")

    found = [each for each in instants_in(thing) if each.year == 2026]
    assert [(each.tzinfo, each.day) for each in found] == [(UTC, 2 if ZONES[text] != 19 else 1)]
    assert found[0].hour == ZONES[text]
    assert all(each.tzinfo is UTC for each in instants_in(thing))


@pytest.mark.parametrize(("document", "kind", "path"), INSTANTS, ids=lambda value: str(value) if value else "")
@pytest.mark.parametrize("text", ABSURD)
def test_an_absurd_instant_costs_its_object_alone(
    document: dict[str, Any], kind: type[Any], path: tuple[Any, ...], text: str
) -> None:
    with suppress(PayloadError):
        thing = decode_object(with_instant(document, path, text), kind, "it")

        assert kind is Bot
        assert thing.scheduled_at is None


def test_every_class_with_an_instant_makes_it_aware() -> None:
    structs = [each for each in vars(objects).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    with_instants = [each for each in structs if "datetime" in str(get_type_hints(each))]

    assert {Status, Media, Recording} <= {*with_instants}
    assert all(issubclass(each, ApiObject) for each in with_instants)
    assert {name for each in with_instants for name in instant_fields(each)} == {
        name for each in with_instants for name, hint in get_type_hints(each).items() if "datetime" in str(hint)
    }
