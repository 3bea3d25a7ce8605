"""Instants of listed objects are aware, in UTC and plausible."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, get_type_hints

import msgspec
import pytest

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
)

ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
OTHER = "0b85d2f9-d54a-47f6-b28d-4c63229f4035"
AT = "2024-12-03T02:54:11.397104Z"
STATUS = {"code": "done", "sub_code": None, "updated_at": AT}
RECORDING = {"id": ID, "created_at": AT, "status": STATUS}


@pytest.mark.parametrize("instant", ["2024-12-03T02:54:11Z", "2024-12-03T02:54:11.3Z", "2024-12-03T04:54:11+02:00"])
def test_instants_may_have_fewer_digits_or_another_zone(instant: str) -> None:
    recording = decode_object(RECORDING | {"created_at": instant}, Recording, "recording")

    assert recording.created_at.replace(microsecond=0) == datetime(2024, 12, 3, 2, 54, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (RECORDING | {"created_at": "0001-01-01T00:00:00+14:00"}, Recording),
        (RECORDING | {"expires_at": "9999-12-31T23:59:59-12:00"}, Recording),
        (RECORDING | {"status": STATUS | {"updated_at": "0001-01-01T00:00:00Z"}}, Recording),
        ({"id": ID, "created_at": "9999-01-01T00:00:00Z"}, Media),
    ],
)
def test_instant_outside_the_calendar_in_some_zone_is_rejected(document: dict[str, Any], kind: type[Any]) -> None:
    with pytest.raises(PayloadError, match="it: Year out of range"):
        decode_object(document, kind, "it")


@pytest.mark.parametrize("year", ["0002", "1999", "2101", "9998"])
def test_recording_of_an_impossible_year_is_rejected_with_the_reason(year: str) -> None:
    with pytest.raises(PayloadError, match=f"it: created_at is in the year {int(year)}, expected 2000 to 2100"):
        decode_object(RECORDING | {"created_at": f"{year}-06-01T00:00:00Z"}, Recording, "it")


INSTANTS = [
    (RECORDING, Recording, ("created_at",)),
    (RECORDING, Recording, ("started_at",)),
    (RECORDING, Recording, ("completed_at",)),
    (RECORDING, Recording, ("expires_at",)),
    (RECORDING, Recording, ("status", "updated_at")),
    ({"id": ID}, Media, ("created_at",)),
    ({"id": ID, "status": STATUS}, Media, ("status", "updated_at")),
    ({"id": ID, "calendar_meetings": [{}]}, Bot, ("calendar_meetings", 0, "start_time")),
    ({"id": ID, "calendar_meetings": [{}]}, Bot, ("calendar_meetings", 0, "end_time")),
    ({"id": ID}, Bot, ("join_at",)),
    *(
        (
            RECORDING | {"media_shortcuts": {name: {"id": OTHER, "status": STATUS}}},
            Recording,
            ("media_shortcuts", *path),
        )
        for name in ("transcript", "participant_events")
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
    parent: Any = document
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = text
    return document


def instants_in(decoded: Any) -> list[datetime]:
    """All instants in a decoded object, at any depth."""
    if isinstance(decoded, datetime):
        return [decoded]
    if not isinstance(decoded, msgspec.Struct):
        return []
    held = [getattr(decoded, name) for name in decoded.__struct_fields__]
    columns = decoded.columns.values() if isinstance(decoded, Bot) else ()
    return [each for value in [*held, *columns] for each in instants_in(value)]


@pytest.mark.parametrize(("document", "kind", "path"), INSTANTS, ids=lambda value: str(value) if value else "")
@pytest.mark.parametrize("text", ZONES)
def test_every_instant_is_aware_and_in_utc(
    document: dict[str, Any], kind: type[Any], path: tuple[Any, ...], text: str
) -> None:
    decoded = decode_object(with_instant(document, path, text), kind, "it")

    found = [each for each in instants_in(decoded) if each.year == 2026]
    assert [(each.tzinfo, each.day) for each in found] == [(UTC, 2 if ZONES[text] != 19 else 1)]
    assert found[0].hour == ZONES[text]
    assert all(each.tzinfo is UTC for each in instants_in(decoded))


@pytest.mark.parametrize(("document", "kind", "path"), INSTANTS, ids=lambda value: str(value) if value else "")
@pytest.mark.parametrize("text", ABSURD)
def test_absurd_instant_affects_only_its_object(
    document: dict[str, Any], kind: type[Any], path: tuple[Any, ...], text: str
) -> None:
    with suppress(PayloadError):
        decoded = decode_object(with_instant(document, path, text), kind, "it")

        assert kind is Bot
        assert instants_in(decoded) == []


def test_every_class_with_instants_makes_them_aware() -> None:
    structs = [each for each in vars(objects).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    with_instants = [each for each in structs if "datetime" in str(get_type_hints(each))]

    assert {Status, Media, Recording} <= {*with_instants}
    assert all(issubclass(each, ApiObject) for each in with_instants)
    assert {name for each in with_instants for name in instant_fields(each)} == {
        name for each in with_instants for name, hint in get_type_hints(each).items() if "datetime" in str(hint)
    }
