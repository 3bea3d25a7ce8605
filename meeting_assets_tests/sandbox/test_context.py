"""Context of the fortnight's meetings: customer metadata, series, calendars, sources, sizes and missed meetings."""

import json
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from meeting_assets.sandbox import Bot, Sandbox, World, fortnight

from .conftest import LAST_DAY, client, results

LAST_DAYS = [LAST_DAY + timedelta(days=n) for n in range(14)]
MISSED = {
    *("meeting_password_incorrect", "timeout_exceeded_noone_joined", "webex_join_meeting_error"),
    *("timeout_exceeded_waiting_room", "bot_kicked_from_waiting_room", "meeting_link_invalid"),
    *("microsoft_teams_sign_in_credentials_missing", "timeout_exceeded_recording_permission_denied"),
    *("call_ended_by_platform_waiting_room_timeout", "bot_kicked_from_call", "bot_errored", "meeting_not_found"),
    *("meeting_locked", "google_meet_bot_blocked"),
}
"""Documented sub codes of `fatal` and `call_ended`."""
QUARTER_S = 900


@pytest.fixture(scope="module")
def world() -> World:
    return fortnight(LAST_DAY)


def missed_bots(world: World) -> list[Bot]:
    return [each for each in world.bots if not world.recordings_of(each.id)]


def codes(bot: Bot) -> list[str]:
    return [each["code"] for each in bot.status_changes]


def meeting_key(bot: Bot) -> tuple[str, str] | None:
    """Platform and meeting id; None if the API shows no meeting id."""
    url = bot.meeting_url
    return (url["platform"], url["meeting_id"]) if isinstance(url, dict) and "meeting_id" in url else None


def meeting_ids(world: World) -> Counter[Any]:
    """Number of recorded meetings by platform and meeting id."""
    keys = [meeting_key(each) for each in world.bots if world.recordings_of(each.id)]
    return Counter(key for key in keys if key)


def planned(bot: Bot) -> tuple[datetime, datetime]:
    first = bot.calendar_meetings[0]
    return datetime.fromisoformat(first["start_time"]), datetime.fromisoformat(first["end_time"])


@pytest.mark.parametrize("last_day", LAST_DAYS)
def test_fifteen_bots_never_record_for_fourteen_documented_reasons(last_day: date) -> None:
    missed = missed_bots(fortnight(last_day))

    reasons = [each["sub_code"] for bot in missed for each in bot.status_changes if each["code"] != "done"]
    assert len(missed) == 15
    assert MISSED <= {*reasons} <= MISSED | {None, "zoom_local_recording_request_denied_by_host"}


def test_last_status_of_a_missed_bot_is_fatal_or_done_after_call_ended(world: World) -> None:
    for bot in missed_bots(world):
        assert codes(bot)[0] == "joining_call"
        assert codes(bot)[-1] == "fatal" or codes(bot)[-2:] == ["call_ended", "done"]
        assert "in_call_recording" not in codes(bot)
        times = [each["created_at"] for each in bot.status_changes]
        assert times == sorted(times)


def test_missed_bots_have_join_times_and_meeting_urls_in_every_form(world: World) -> None:
    missed = missed_bots(world)

    assert {each.join_at is None for each in missed} == {True, False}
    assert {type(each.meeting_url) for each in missed} == {dict, str, type(None)}
    assert {each.platform for each in missed} == {"zoom", "google_meet", "microsoft_teams", "webex", None}


def test_reason_why_a_recording_bot_left_stands_on_call_ended_alone(world: World) -> None:
    reasons: Counter[Any] = Counter()
    for bot in world.bots:
        if world.recordings_of(bot.id):
            assert codes(bot)[-3:] == ["call_ended", "recording_done", "done"]
            assert all(each["sub_code"] is None for each in bot.status_changes if each["code"] != "call_ended")
            reasons += Counter(each["sub_code"] for each in bot.status_changes if each["sub_code"])

    assert reasons["timeout_exceeded_everyone_left"] + reasons["call_ended_by_host"] > sum(reasons.values()) / 2
    assert len(reasons) >= 4


@pytest.mark.parametrize("last_day", LAST_DAYS)
def test_sales_meetings_have_a_customer_and_recurring_meetings_have_none(last_day: date) -> None:
    world = fortnight(last_day)

    sold = [each for each in world.recordings if "customer" in each.metadata]
    repeated = {key for key, count in meeting_ids(world).items() if count > 1}
    recurring = [each for each in world.bots if meeting_key(each) in repeated]
    assert len(sold) == 9
    assert all(each.metadata["crm_deal_id"].startswith("HL-") for each in sold)
    assert {frozenset(each.metadata) for each in recurring} == {frozenset(), frozenset({"team"})}
    assert any(not value.isascii() for each in world.bots for value in each.metadata.values())


def test_metadata_values_are_text_of_at_most_500_characters(world: World) -> None:
    metadata = [*(each.metadata for each in world.bots), *(each.metadata for each in world.recordings)]
    values = [value for each in metadata for value in each.values()]

    assert all(isinstance(each, str) for each in values)
    assert max(map(len, values)) == 500


def test_customer_of_a_meeting_is_the_company_of_its_guests(world: World) -> None:
    sandbox = Sandbox(world)
    checked = 0
    for recording in world.recordings:
        if "customer" not in recording.metadata or {"two_recordings", "email_absent"} & {*recording.quirks}:
            continue
        (artifact,) = recording.of("participant_events")
        people = json.loads(sandbox.payload(artifact.id, "participants"))
        domains = {(each["email"] or "").partition("@")[2] for each in people} - {"", "harbourlight.example"}
        company = recording.metadata["customer"].split()[0].strip(",").lower()
        is_named_like_its_domain = company.isascii()
        if domains and is_named_like_its_domain:
            assert domains == {f"{company}.example"}
            checked += 1

    assert checked


@pytest.mark.parametrize("last_day", LAST_DAYS)
def test_recurring_meetings_share_one_platform_meeting(last_day: date) -> None:
    repeated = {key: count for key, count in meeting_ids(fortnight(last_day)).items() if count > 1}

    assert sorted(repeated.values()) == [2, 2, 9]
    assert {platform for platform, _ in repeated} == {"zoom", "google_meet", "microsoft_teams"}


def test_series_have_the_same_meeting_id_in_every_fortnight(world: World) -> None:
    repeated = {key for key, count in meeting_ids(world).items() if count > 1}
    later = {key for key, count in meeting_ids(fortnight(LAST_DAY + timedelta(days=30))).items() if count > 1}

    assert repeated == later


def test_most_bots_have_calendar_meetings_in_whole_quarter_hours(world: World) -> None:
    with_calendar = [each for each in world.bots if each.calendar_meetings]

    assert len(with_calendar) >= 0.8 * len(world.bots)
    assert {len(each.calendar_meetings) for each in with_calendar} == {1, 2}
    for bot in with_calendar:
        start, end = planned(bot)
        assert start.timestamp() % QUARTER_S == 0
        assert (end - start).total_seconds() % QUARTER_S == 0
        assert end > start


def test_planned_and_actual_lengths_differ_and_some_meetings_start_late(world: World) -> None:
    over, short, late = 0, 0, 0
    for bot in world.bots:
        recordings = world.recordings_of(bot.id)
        if recordings and bot.calendar_meetings:
            start, end = planned(bot)
            planned_s = (end - start).total_seconds()
            over += recordings[0].planned_s > planned_s + 60
            short += recordings[-1].planned_s < planned_s - 300
            late += (recordings[0].started_at or start) - start > timedelta(minutes=5)

    assert over >= 3
    assert short >= 10
    assert late >= 1


def test_every_source_of_recordings_occurs(world: World) -> None:
    counts = Counter(each.source for each in world.recordings)

    assert counts == {"bot": 52, "desktop_sdk": 1, "mobile_sdk": 1, "direct_connect": 1}


def test_recordings_without_a_bot_refer_to_their_upload_or_connection(world: World) -> None:
    with Sandbox(world, limits=False) as sandbox, client(sandbox) as api:
        listed = [each for each in results(api, "recording/") if each["bot"] is None]

    keys = ("desktop_sdk_upload", "mobile_sdk_upload", "meeting_direct_connect")
    found = [[key for key in keys if each.get(key)] for each in listed]
    assert sorted(map(str, found)) == sorted(f"['{key}']" for key in keys)


def test_finished_media_have_sizes_and_others_none(world: World) -> None:
    media = [each for each in world.artifacts if each.collection.endswith(("_mixed", "_separate"))]
    codes = Counter(each.status.code for each in media if each.size_bytes is None)

    assert codes == {"failed": 3, "processing": 1}
    assert all(0 < (each.size_bytes or 1) < 10**9 for each in media)
    assert all(each.size_bytes is None for each in world.artifacts if each not in media)
    assert {each.expires_at is None for each in media} == {True, False}


def test_passwords_and_tokens_contain_the_marker_wherever_the_api_shows_them(world: World) -> None:
    with Sandbox(world, limits=False) as sandbox, client(sandbox) as api:
        bots, marker = results(api, "bot/"), sandbox.password_marker
        recordings = results(api, "recording/")

    def places(document: Any, path: str = "") -> set[str]:
        if isinstance(document, dict):
            return {each for key, value in document.items() for each in places(value, f"{path}.{key}")}
        if isinstance(document, list):
            return {each for value in document for each in places(value, path)}
        return {path} if isinstance(document, str) and marker in document else set()

    assert places(bots) == {
        *(".meeting_url", ".meeting_url.meeting_password", ".meeting_url.business_meeting_password"),
        *(".meeting_url.meeting_mtid", ".meeting_url.meeting_path"),
        *(".metadata.brief", ".zoom.join_token_url", ".zoom.zak_url", ".status_changes.message"),
        ".recording_config.realtime_endpoints.url",
    }
    assert {".bot.metadata.brief", ".mobile_sdk_upload.metadata.brief"} <= places(recordings)
    assert "SANDBOX-PASSWORD" not in json.dumps([bots, recordings])


def test_calendar_events_show_the_times_of_the_bots_calendar_meetings(world: World) -> None:
    checked = 0
    for event in world.calendar_events.values():
        for bot_id in event.bot_ids:
            bot = world.bot(bot_id)
            if bot.calendar_meetings:
                assert (event.start_at, event.end_at) == planned(bot)
                checked += 1

    assert checked >= 50
