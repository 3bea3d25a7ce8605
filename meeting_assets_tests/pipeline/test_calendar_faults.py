"""`status` and `doctor` say that calendar events are not listed, and what to do, until they are listed again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress

import pytest
import stamina
from rich.console import Console

from meeting_assets.cli.documents.status import status_document
from meeting_assets.console import print_status
from meeting_assets.core.errors import ApiError
from meeting_assets.health.diagnostics.api import diagnose_api
from meeting_assets.health.diagnostics.report import HealthCheck, Severity
from meeting_assets.health.status import Status, status_of
from meeting_assets.sandbox import Fault, Sandbox, empty
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.calendars import calendar_event, read_calendar
from meeting_assets_tests.support.environments import open_test_storage, use_sandbox

PATH = "/api/v2/calendar-events/"
NOT_OFFERED = "Recall.ai offers no calendar events to this API key"
FAULTS = {
    403: NOT_OFFERED,
    404: NOT_OFFERED,
    503: "Recall.ai did not list the calendar events",
    400: "Recall.ai did not list the calendar events",
}


@pytest.fixture(autouse=True)
def calendar(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An API with one event, and settings with calendars on."""
    with Sandbox(empty(), limits=False) as running, stamina.set_testing(True):
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "on")
        running.add_events([calendar_event("only")])
        yield running


def fail(sandbox: Sandbox, status: int) -> None:
    sandbox.inject(Fault(PATH, times=None, status=status, body='{"detail": "not enabled"}'))


def status() -> Status:
    with open_test_storage() as storage:
        return status_of(storage)


def printed(shown: Status) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_status(console, shown, "All days")
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def calendar_check() -> HealthCheck:
    (found,) = [each for each in diagnose_api(read_settings()) if each.subject == "calendar"]
    return found


@pytest.mark.parametrize("code", FAULTS)
def test_status_shows_the_fault_until_a_pass_succeeds(calendar: Sandbox, code: int) -> None:
    fail(calendar, code)
    with suppress(ApiError):
        read_calendar()
    failed = status()
    calendar.clear_faults()
    read_calendar()

    assert FAULTS[code] in (failed.calendar_fault or "")
    assert (failed.calendar_fault or "x") in printed(failed)
    assert status_document(failed).calendar_fault == failed.calendar_fault
    assert status().calendar_fault is None
    assert "calendar" not in printed(status())


def test_status_shows_no_fault_of_a_calendar_that_is_off(calendar: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(calendar, 403)
    read_calendar()

    monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "off")

    assert status().calendar_fault is None


@pytest.mark.parametrize("code", FAULTS)
def test_doctor_warns_of_calendars_that_are_not_listed(calendar: Sandbox, code: int) -> None:
    working = calendar_check()
    fail(calendar, code)

    found = calendar_check()

    assert working == HealthCheck("calendar", Severity.OK, "Recall.ai lists calendar events.")
    assert found.severity is Severity.WARNING
    assert ("MEETING_ASSETS_CALENDAR=off" if code in {403, 404} else "Check the connected calendars") in found.sentence


def test_doctor_does_not_list_calendars_that_are_off(calendar: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "off")

    assert [each.subject for each in diagnose_api(read_settings())] == ["API"]
    assert calendar.stats.list_calls["calendar-events"] == 0
