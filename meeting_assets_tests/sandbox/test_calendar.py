"""The sandbox lists calendar events as the API documents it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from meeting_assets.sandbox import Sandbox, combined, fortnight
from meeting_assets.sandbox.clock import iso

LAST_DAY = date(2026, 3, 15)
WORLD = fortnight(LAST_DAY)
PATH = "/api/v2/calendar-events/"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(WORLD, limits=False) as running:
        yield running


def get(sandbox: Sandbox, path: str = PATH, **query: Any) -> httpx.Response:
    headers = {"Authorization": f"Token {sandbox.api_key}"}
    return httpx.get(f"{sandbox.url}{path}", params=query, headers=headers)


def listed(sandbox: Sandbox, **query: Any) -> list[str]:
    """The ids on all pages of a list."""
    found = []
    page = get(sandbox, **query).json()
    while True:
        found += [each["id"] for each in page["results"]]
        if page["next"] is None:
            return found
        page = get(sandbox, PATH, **dict(httpx.URL(page["next"]).params)).json()


@pytest.mark.parametrize("page_size", [1, 7, 100])
def test_pages_contain_every_event_once_in_the_order_of_their_start(sandbox: Sandbox, page_size: int) -> None:
    sandbox.habits.calendar_page_size = page_size

    found = listed(sandbox)

    assert len(found) == len({*found}) == len(WORLD.calendar_events)
    assert [WORLD.calendar_events[each].start_at for each in found] == sorted(
        each.start_at for each in WORLD.calendar_events.values()
    )


def test_filters_select_events(sandbox: Sandbox) -> None:
    events = WORLD.calendar_events
    middle = sorted(each.start_at for each in events.values())[len(events) // 2]
    any_event = next(iter(events.values()))
    expected = {
        ("start_time__gte", iso(middle)): {key for key, each in events.items() if each.start_at >= middle},
        ("start_time__lte", iso(middle)): {key for key, each in events.items() if each.start_at <= middle},
        ("start_time", iso(middle)): {key for key, each in events.items() if each.start_at == middle},
        ("updated_at__gte", iso(middle)): {key for key, each in events.items() if each.updated_at >= middle},
        ("is_deleted", "true"): {key for key, each in events.items() if each.is_deleted},
        ("calendar_id", any_event.calendar_id): {
            key for key, each in events.items() if each.calendar_id == any_event.calendar_id
        },
        ("ical_uid", str(any_event.ical_uid)[:9]): {
            key for key, each in events.items() if str(each.ical_uid).startswith(str(any_event.ical_uid)[:9])
        },
    }

    for (name, value), ids in expected.items():
        assert 0 < len(ids) < len(events), name
        assert {*listed(sandbox, **{name: value})} == ids, name


@pytest.mark.parametrize(
    ("query", "status"), [({"updated_at__gte": "soon"}, 400), ({"is_deleted": "maybe"}, 400), ({"cursor": "x"}, 404)]
)
def test_invalid_queries_are_rejected(sandbox: Sandbox, query: dict[str, str], status: int) -> None:
    assert get(sandbox, **query).status_code == status


def test_list_requires_a_key_and_has_a_rate_limit_of_its_own() -> None:
    with Sandbox(WORLD) as sandbox:
        assert httpx.get(f"{sandbox.url}{PATH}").status_code == 401
        codes = Counter(get(sandbox).status_code for _ in range(61))
        assert codes == {200: 60, 429: 1}
        assert get(sandbox, "/api/v1/recording/").status_code == 200


def test_event_can_be_retrieved(sandbox: Sandbox) -> None:
    event_id = next(iter(WORLD.calendar_events))

    assert get(sandbox, f"{PATH}{event_id}/").json()["id"] == event_id
    assert get(sandbox, f"{PATH}{LAST_DAY}/").status_code == 404


def test_object_has_the_documented_fields(sandbox: Sandbox) -> None:
    documented = {
        *("id", "start_time", "end_time", "calendar_id", "raw", "platform", "platform_id", "ical_uid"),
        *("meeting_platform", "meeting_url", "created_at", "updated_at", "is_deleted", "bots"),
    }

    results = get(sandbox).json()["results"]

    assert all(each.keys() == documented for each in results)
    assert {type(each["raw"]) for each in results} == {dict, str}
    bots = [bot for each in results for bot in each["bots"]]
    assert all(bot.keys() == {"bot_id", "start_time", "deduplication_key", "meeting_url"} for bot in bots)
    assert sandbox.password_marker in json.dumps(results[0])


def test_fortnight_has_every_kind_of_event() -> None:
    events = [*WORLD.calendar_events.values()]
    recorded = {each.bot_id for each in WORLD.recordings}
    series = Counter(each.recurring_id for each in events if each.recurring_id)

    assert max(series.values()) >= 4
    assert {each.platform for each in events} == {"google_calendar", "microsoft_outlook"}
    assert any(each.is_deleted for each in events)
    assert any(each.is_all_day for each in events)
    assert any(each.moved_from for each in events)
    assert any(each.meeting_platform and not each.bot_ids for each in events)
    assert any({*each.bot_ids} - recorded for each in events)
    assert any(each.start_at.date() > LAST_DAY for each in events)
    assert any(invitee.is_room for each in events for invitee in each.invitees)
    copies = Counter((each.ical_uid, each.start_at) for each in events)
    assert max(copies.values()) == 2


def test_titles_and_bots_are_those_of_the_meetings() -> None:
    titles = {}
    for recording in WORLD.recordings:
        for metadata in recording.of("meeting_metadata"):
            titles[recording.bot_id] = metadata.details["data"]["title"]
    bots = {bot.id: bot for bot in WORLD.bots}

    linked = [(each, bot_id) for each in WORLD.calendar_events.values() for bot_id in each.bot_ids]

    assert linked
    for event, bot_id in linked:
        assert event.meeting_platform == bots[bot_id].platform
        if bot_id in titles and bots[bot_id].platform == "zoom" and len(WORLD.recordings_of(bot_id)) == 1:
            assert event.title == titles[bot_id]


def test_events_of_a_day_are_the_same_in_every_fortnight() -> None:
    later = fortnight(LAST_DAY + timedelta(days=1)).calendar_events

    shared = [each for each in WORLD.calendar_events.values() if WORLD.first_day < each.start_at.date() <= LAST_DAY]
    assert [later[each.id] for each in shared] == shared
    assert fortnight(LAST_DAY).calendar_events == WORLD.calendar_events


def test_controls_change_and_delete_events(sandbox: Sandbox) -> None:
    event = next(each for each in WORLD.calendar_events.values() if not each.is_deleted)
    moved = sandbox.change_event(event.id, start_at=event.start_at + timedelta(hours=1))
    deleted = sandbox.delete_event(event.id)

    assert moved.end_at - moved.start_at == event.end_at - event.start_at
    assert deleted.updated_at > moved.updated_at > event.updated_at
    assert WORLD.calendar_events[event.id] == event
    assert event.id in listed(sandbox, is_deleted="true", updated_at__gte=iso(deleted.updated_at))


def test_combined_worlds_keep_their_events(sandbox: Sandbox) -> None:
    other = fortnight(LAST_DAY, seed=1)

    both = combined([WORLD, other]).calendar_events
    sandbox.add_world(other)

    assert both.keys() == WORLD.calendar_events.keys() | other.calendar_events.keys()
    assert sandbox.world.calendar_events.keys() == both.keys()


def test_change_of_an_event_in_a_copied_world_leaves_the_original() -> None:
    event = next(iter(WORLD.calendar_events.values()))
    copied = WORLD.copy()

    copied.calendar_events[event.id].title = "Renamed"
    del copied.calendar_events[[*WORLD.calendar_events][1]]

    assert event.title != "Renamed"
    assert copied.calendar_events.keys() < WORLD.calendar_events.keys()
