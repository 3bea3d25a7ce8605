"""Missed meetings have a category, a reason and a remedy for every sub code, documented or not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from meeting_assets.core.instants import now
from meeting_assets.pipeline.missed_meeting_codes import EXPLANATIONS
from meeting_assets.pipeline.missed_meetings import PLATFORMS, WITHOUT_CODE, explanation
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.pipeline.test_bots import AT, BOT_ID, TICK, changes, document, observe
from meeting_assets_tests.support.documented_queries import answer
from meeting_assets_tests.support.environments import open_test_storage

pytestmark = pytest.mark.with_tables

DAY = timedelta(days=1)

RECORDING_PERMISSION_DENIED = """
    zoom_local_recording_disabled zoom_local_recording_request_disabled zoom_local_recording_request_disabled_by_host
    zoom_bot_in_waiting_room zoom_host_not_present zoom_local_recording_request_denied_by_host
    zoom_local_recording_denied zoom_local_recording_grant_not_supported zoom_sdk_key_blocked_by_host_admin
"""
CALL_ENDED = """
    call_ended_by_host call_ended_by_platform_idle call_ended_by_platform_max_length
    call_ended_by_platform_waiting_room_timeout timeout_exceeded_waiting_room timeout_exceeded_noone_joined
    timeout_exceeded_everyone_left timeout_exceeded_silence_detected
    timeout_exceeded_only_bots_detected_using_participant_names
    timeout_exceeded_only_bots_detected_using_participant_events timeout_exceeded_in_call_not_recording
    timeout_exceeded_in_call_recording timeout_exceeded_recording_permission_denied timeout_exceeded_max_duration
    bot_kicked_from_call bot_kicked_from_waiting_room bot_received_leave_call timeout_exceeded_only_bots_in_call
    timeout_exceeded_only_bot_detected
"""
FATAL = """
    bot_errored meeting_not_found meeting_not_started meeting_requires_registration meeting_requires_sign_in
    meeting_link_expired meeting_link_invalid meeting_password_incorrect meeting_locked meeting_full meeting_ended
    google_meet_internal_error google_meet_sign_in_failed google_meet_sign_in_captcha_failed google_meet_bot_blocked
    google_meet_sso_sign_in_failed google_meet_sign_in_missing_login_credentials
    google_meet_sign_in_missing_recovery_credentials google_meet_sso_sign_in_missing_login_credentials
    google_meet_sso_sign_in_missing_totp_secret google_meet_video_error google_meet_meeting_room_not_ready
    google_meet_login_not_available google_meet_permission_denied_breakout google_meet_knocking_disabled
    google_meet_organisation_restricted zoom_sdk_credentials_missing zoom_sdk_update_required
    zoom_sdk_app_not_published zoom_email_blocked_by_admin zoom_registration_required zoom_captcha_required
    zoom_account_blocked zoom_invalid_join_token zoom_invalid_signature zoom_internal_error zoom_join_timeout
    zoom_email_required zoom_web_disallowed zoom_connection_failed zoom_error_multiple_device_join
    zoom_meeting_not_accessible zoom_meeting_host_inactive zoom_invalid_webinar_invite microsoft_teams_call_dropped
    microsoft_teams_sign_in_credentials_missing microsoft_teams_sign_in_failed microsoft_teams_internal_error
    microsoft_teams_captcha_detected microsoft_teams_bot_not_invited microsoft_teams_breakout_room_unsupported
    microsoft_teams_event_not_started_for_external microsoft_teams_2fa_required webex_join_meeting_error
    failed_to_launch_in_time
"""
DOCUMENTED = [*RECORDING_PERMISSION_DENIED.split(), *CALL_ENDED.split(), *FATAL.split()]
UNDOCUMENTED = ["google_meet_new", "zoom_new", "microsoft_teams_new", "webex_new", "new", "it's new", "100%_new"]


def missed() -> list[dict[str, Any]]:
    """The rows of the view."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [dict(row) for row in connection.execute(text("SELECT * FROM missed_meetings")).mappings()]


def test_every_documented_sub_code_is_explained() -> None:
    assert EXPLANATIONS.keys() == set(DOCUMENTED)


@pytest.mark.parametrize("code", [*DOCUMENTED, *UNDOCUMENTED, None])
def test_reason_and_remedy_are_sentences(code: str | None) -> None:
    found = explanation(code)

    assert re.fullmatch(r"[a-z_]+", found.category)
    for sentence in (found.reason, found.remedy):
        assert re.fullmatch(r"[A-Z].{10,}\.", sentence), sentence
        assert "  " not in sentence


def test_documented_sentences_differ_from_defaults() -> None:
    defaults = {WITHOUT_CODE.reason, *(explanation(prefix).reason for prefix in PLATFORMS)}

    assert not defaults & {found.reason for found in EXPLANATIONS.values()}


@pytest.mark.parametrize("code", UNDOCUMENTED)
def test_unknown_code_stands_in_its_reason(code: str) -> None:
    assert f" {code}." in explanation(code).reason
    platform = next((name for prefix, name in PLATFORMS.items() if code.startswith(prefix)), "The bot")
    assert explanation(code).reason.startswith(platform)


def test_view_explains_every_code_as_the_function_does(database_url: str) -> None:
    codes = {f"{BOT_ID[:-3]}{number:03x}": code for number, code in enumerate([*DOCUMENTED, *UNDOCUMENTED, None])}
    observe(*(document("joining_call", ("fatal", code), "done", id=bot_id) for bot_id, code in codes.items()))

    rows = {row["bot_id"]: row for row in missed()}

    assert {str(each): tuple(rows[each][name] for name in ("category", "reason", "remedy")) for each in rows} == {
        bot_id: tuple(explanation(code)) for bot_id, code in codes.items()
    }


@pytest.mark.parametrize(
    "codes",
    [(), ("joining_call", "in_waiting_room"), ("joining_call", "in_call_recording", ("call_ended", "x"), "done")],
    ids=["scheduled", "in the waiting room", "recorded"],
)
def test_view_contains_missed_meetings_only(database_url: str, codes: tuple[Any, ...]) -> None:
    observe(document(*codes))

    assert missed() == []


def test_meeting_with_a_stored_recording_is_not_missed(database_url: str) -> None:
    """The recording may have been removed from Recall.ai before the first pass over the bots, or found after it."""
    observe(document("joining_call", ("call_ended", "x"), "done"))
    before = len(missed())
    with open_test_storage() as storage, storage.database.writing() as connection:
        row = {"recording_id": BOT_ID, "bot_id": BOT_ID, "status": "deleted", "created_at": AT, "day": AT.date()}
        connection.execute(table_of(Recordings).insert(), row)
    after = missed()

    observe(document("joining_call", ("call_ended", "x"), "done"), observed_at=AT + TICK)

    assert (before, after, missed()) == (1, [], [])


OTHER_BOT = f"{BOT_ID[:-3]}fff"
EVENT = [{"id": "event", "start_time": AT.isoformat()}]
RECORDED = ("joining_call", "in_call_recording", ("call_ended", "x"), "done")


def ended_bot(bot_id: str, *codes: Any, at: datetime = AT, **fields: Any) -> dict[str, Any]:
    return document(id=bot_id, status_changes=changes(*codes, at=at), **fields)


@pytest.mark.parametrize(
    ("codes", "after", "fields", "is_missed"),
    [
        (RECORDED, timedelta(hours=3), {}, False),
        (RECORDED, -timedelta(hours=3), {}, False),
        (RECORDED, timedelta(hours=3, seconds=1), {}, True),
        (RECORDED, -timedelta(hours=3, seconds=1), {}, True),
        (RECORDED, timedelta(hours=5), {"calendar_meetings": EVENT}, False),
        (RECORDED, timedelta(), {"meeting_url": {"platform": "zoom", "meeting_id": "9"}}, True),
        (RECORDED, timedelta(), {"meeting_url": {"platform": "webex", "meeting_id": "8123456789"}}, True),
        (("joining_call", "fatal"), timedelta(), {}, True),
        (("joining_call", "in_waiting_room"), timedelta(), {}, True),
    ],
)
def test_meeting_that_another_bot_recorded_is_not_missed(
    database_url: str, codes: tuple[Any, ...], after: timedelta, fields: dict[str, Any], is_missed: bool
) -> None:
    observe(ended_bot(BOT_ID, "joining_call", "fatal", calendar_meetings=EVENT))
    observe(ended_bot(OTHER_BOT, *codes, at=AT + after, **fields), at=AT + after)

    assert (BOT_ID in {str(row["bot_id"]) for row in missed()}) is is_missed


@pytest.mark.parametrize(
    ("ended", "config", "category"),
    [
        (("call_ended", "bot_received_leave_call"), {}, "not_intended"),
        (("call_ended", "call_ended_by_host"), None, "not_intended"),
        (("fatal", "meeting_locked"), None, "not_admitted"),
        (("call_ended", "call_ended_by_host"), {}, "ended_early"),
    ],
)
def test_bot_that_was_not_to_record_has_a_category_of_its_own(
    database_url: str, ended: tuple[str, str], config: Any, category: str
) -> None:
    codes = ("joining_call", ended) if ended[0] == "fatal" else ("joining_call", ended, "done")

    observe(document(*codes, recording_config=config))

    (found,) = missed()
    assert found["category"] == category
    assert re.fullmatch(r"[A-Z].{10,}\.", found["reason"])


def observe_missed(*instants: datetime) -> None:
    """Stores a missed bot for each instant at which it ended."""
    for number, at in enumerate(instants):
        ended = changes(("fatal", "meeting_locked"), at=at)
        observe(document(id=f"{BOT_ID[:-3]}{number:03x}", status_changes=ended), at=at + DAY)


def test_weeks_begin_on_monday_and_end_on_sunday(database_url: str) -> None:
    days = [datetime(2025, 12, 20, 12, tzinfo=UTC) + number * DAY for number in range(25)]
    observe_missed(*days)

    found = {str(row["day"]): (str(row["week"]), str(row["week_end"])) for row in missed()}

    mondays = {each.date(): each.date() - each.weekday() * DAY for each in days}
    assert found == {str(day): (str(monday), str(monday + 6 * DAY)) for day, monday in mondays.items()}


def test_query_about_last_week_omits_the_current_week_and_older_weeks(database_url: str) -> None:
    monday = datetime(2026, 1, 12, tzinfo=UTC)
    last_instant = monday + 7 * DAY - TICK
    observe_missed(monday - TICK, monday, last_instant, now())

    (found,) = answer("Why were last week's meetings not recorded?")

    assert (str(found["week"]), found["category"], found["meetings"]) == ("2026-01-12", "not_admitted", 2)
    assert (found["reason"], found["remedy"]) == explanation("meeting_locked")[1:]
