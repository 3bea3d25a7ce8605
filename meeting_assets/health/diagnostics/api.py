"""Diagnostics of the API: its availability, the key, and calendar events if MEETING_ASSETS_CALENDAR is on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

from meeting_assets.core.errors import ApiError, ListRefused, Refused, SettingsError
from meeting_assets.core.instants import now
from meeting_assets.health.diagnostics.report import HealthCheck, Severity
from meeting_assets.pipeline.calendar import unavailable_sentence
from meeting_assets.pipeline.storage import access_of
from meeting_assets.recall.calendar_objects import CALENDAR_EVENTS
from meeting_assets.recall.client import Access, RecallClient, encode_query
from meeting_assets.settings import Settings

SUBJECT = "API"
CALENDAR = "calendar"
TIMEOUT_S = 20.0
# The window is short, because only the status of the response matters.
WINDOW = timedelta(minutes=1)


def diagnose_api(settings: Settings) -> Iterator[HealthCheck]:
    """Requests one short list, to check that the API responds and accepts the key."""
    try:
        asyncio.run(_request_list(access_of(settings)))
    except SettingsError as error:
        yield HealthCheck(SUBJECT, Severity.ERROR, str(error))
    except Refused as error:
        yield HealthCheck(SUBJECT, Severity.ERROR, f"{_sentence(error)} {_origin(settings)}", Refused)
    except (ApiError, TimeoutError) as error:
        cause = _sentence(error) if str(error) else f"no response within {TIMEOUT_S:.0f} s."
        advice = "Check the network of this machine and the address."
        sentence = f"It does not answer: {cause} {_origin(settings)} {advice}"
        yield HealthCheck(SUBJECT, Severity.ERROR, sentence, ApiError)
    else:
        yield HealthCheck(SUBJECT, Severity.OK, f"{settings.base_url} accepts the key.")
        if settings.calendar:
            yield _diagnose_calendar(settings)


def _diagnose_calendar(settings: Settings) -> HealthCheck:
    """Requests a list of the events that have just changed. Meetings are stored without calendars, too."""
    try:
        asyncio.run(_request_events(access_of(settings)))
    except ListRefused as error:
        return HealthCheck(CALENDAR, Severity.WARNING, unavailable_sentence(error))
    except (ApiError, TimeoutError) as error:
        cause = _sentence(error) if str(error) else f"no response within {TIMEOUT_S:.0f} s."
        sentence = f"Recall.ai does not list calendar events: {cause} Check the connected calendars at Recall.ai."
        return HealthCheck(CALENDAR, Severity.WARNING, sentence)
    return HealthCheck(CALENDAR, Severity.OK, "Recall.ai lists calendar events.")


def _origin(settings: Settings) -> str:
    if settings.base_url_override:
        return f"The address {settings.base_url} comes from RECALL_BASE_URL, which takes precedence over RECALL_REGION."
    if "region" in settings.model_fields_set:
        return f"The address {settings.base_url} comes from RECALL_REGION {settings.region}."
    return f"The address {settings.base_url} is the default, because RECALL_REGION is not set."


def _sentence(error: Exception) -> str:
    return f"{str(error).removesuffix('.')}."


async def _request_events(access: Access) -> None:
    query = encode_query({"updated_at__gte": now() - WINDOW})
    async with asyncio.timeout(TIMEOUT_S), RecallClient(access) as client:
        await anext(client.list_pages(CALENDAR_EVENTS, query, version="v2"))


async def _request_list(access: Access) -> None:
    until = now()
    window = {"created_at_after": until - WINDOW, "created_at_before": until}
    async with asyncio.timeout(TIMEOUT_S), RecallClient(access) as client:
        async for _ in client.list_objects("recording", window):
            return
