"""Diagnostics of the API origin: the stored meetings come from the API that the settings name."""

from __future__ import annotations

from urllib.parse import urlsplit

from meeting_assets.core.errors import StoreRefused
from meeting_assets.core.urls import LOOPBACK
from meeting_assets.health.diagnostics.report import HealthCheck, Severity
from meeting_assets.pipeline.storage import origin_of
from meeting_assets.settings import Settings


def diagnose_origin(subject: str, stored_origin: str | None, settings: Settings, description: str) -> HealthCheck:
    """Compares the origin of the meetings in a database or raw store with the settings.

    `description` starts the sentence of a check that is ok.
    """
    if stored_origin is None:
        return HealthCheck(subject, Severity.OK, f"{description}; it contains no meetings yet.")
    origin = origin_of(settings.base_url)
    if stored_origin == origin:
        return HealthCheck(subject, Severity.OK, f"{description}; it contains meetings from {stored_origin}.")
    if urlsplit(stored_origin).hostname in LOOPBACK:
        advice = "They come from a sandbox. Choose another MEETING_ASSETS_HOME for real meetings."
    else:
        advice = "Choose another MEETING_ASSETS_HOME, or set RECALL_REGION or RECALL_BASE_URL to their origin."
    # Without a key nothing is fetched, so meetings of two origins cannot be mixed.
    severity = Severity.ERROR if settings.api_key else Severity.WARNING
    sentence = f"It contains meetings from {stored_origin}, but the settings name {origin}. {advice}"
    return HealthCheck(subject, severity, sentence, StoreRefused)
