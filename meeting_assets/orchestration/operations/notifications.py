"""Notifications and their delivery to the log or to a webhook.

Undelivered notifications wait in an outbox in a sensor's cursor and are retried. Notifications that get too old are
written to the log, so that no alert is lost.
"""

import logging
import time
from dataclasses import dataclass
from html import escape
from typing import Protocol

import httpx
import msgspec
from pydantic import SecretStr

from meeting_assets.core.errors import SettingsError, Transient
from meeting_assets.core.logs import is_json
from meeting_assets.core.urls import without_url_secrets
from meeting_assets.recall.network import SOCKS_ERRORS, Proxies, certificates
from meeting_assets.settings import Settings

POST_TIMEOUT_S = 10.0
POST_FAULTS: tuple[type[Exception], ...] = (httpx.HTTPError, httpx.InvalidURL, OSError, *SOCKS_ERRORS)
# A sensor tick of more than 60 s loses its cursor.
DELIVERY_BUDGET_S = 20.0
GIVE_UP_AFTER_S = 2 * 3600.0
MAX_OUTBOX_LENGTH = 100
MAX_SENTENCE_LENGTH = 300


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """An alert: ids, days, names of checks and a sentence. It has no personal data, titles or text of meetings."""

    text: str
    kind: str
    run_id: str | None = None
    days: list[str] = []
    checks: list[str] = []
    recordings: list[str] = []


class Waiting(msgspec.Struct):
    """A notification in the outbox."""

    notification: Notification
    since_s: float
    """UNIX time of the event."""


class Notifier(Protocol):
    """A channel that delivers notifications."""

    def notify(self, notification: Notification) -> None:
        """Delivers one notification.

        Raises:
            Transient: the notification was not delivered.
        """


@dataclass(frozen=True, slots=True)
class LogNotifier:
    """Writes notifications to the log."""

    logger: logging.Logger

    def notify(self, notification: Notification) -> None:
        self.logger.warning(notification.text)
        if is_json():  # the log of a tick is not written as JSON
            logging.getLogger(__name__).warning(notification.text)


@dataclass(frozen=True, slots=True)
class WebhookNotifier:
    """Posts notifications as JSON; Slack's incoming webhooks show `text`. The URL is a secret."""

    url: SecretStr

    def notify(self, notification: Notification) -> None:
        # Slack interprets these characters as markup.
        document = msgspec.structs.replace(notification, text=escape(notification.text, quote=False))
        url = self.url.get_secret_value()
        try:
            proxy = Proxies.from_environment().proxy_for(httpx.URL(url))
            with (
                httpx.Client(timeout=POST_TIMEOUT_S, proxy=proxy, verify=certificates(), trust_env=False) as client,
                client.stream(
                    "POST",
                    url,
                    content=msgspec.json.encode(document),
                    headers={"Content-Type": "application/json"},
                ) as response,
            ):
                status = response.status_code
        except SettingsError as error:
            raise Transient(str(error)) from None
        except POST_FAULTS as error:
            # Raised without its cause, whose text and request contain the URL.
            raise Transient(f"MEETING_ASSETS_ALERT_URL cannot be reached ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise Transient(f"MEETING_ASSETS_ALERT_URL answered {status}")


def notifier_of(settings: Settings, logger: logging.Logger) -> Notifier:
    """The notifier of the settings: the webhook if its URL is set, else the log."""
    return WebhookNotifier(settings.alert_url) if settings.alert_url else LogNotifier(logger)


def deliver(outbox: list[Waiting], notifier: Notifier, logger: logging.Logger, *, now_s: float) -> list[Waiting]:
    """Delivers an outbox, oldest first, and returns the notifications to retry."""
    left: list[Waiting] = []
    fault = ""
    deadline_s = time.monotonic() + DELIVERY_BUDGET_S
    for waiting in outbox:
        if time.monotonic() > deadline_s:
            left.append(waiting)
            continue
        try:
            notifier.notify(waiting.notification)
        except Transient as error:
            fault = str(error)
            left.append(waiting)
    if fault:
        logger.warning(f"{len(left)} alerts wait: {fault}.")
    return _retained(left, logger, now_s=now_s)


def sentence(text: str) -> str:
    """The first line of a text, shortened, without the query strings of URLs."""
    line = next(iter(text.strip().splitlines()), "")
    safe = without_url_secrets(line.encode(errors="replace")).decode()
    return safe if len(safe) <= MAX_SENTENCE_LENGTH else safe[: MAX_SENTENCE_LENGTH - 1] + "…"


def _retained(left: list[Waiting], logger: logging.Logger, *, now_s: float) -> list[Waiting]:
    young = [waiting for waiting in left if now_s - waiting.since_s < GIVE_UP_AFTER_S][-MAX_OUTBOX_LENGTH:]
    for waiting in left[: len(left) - len(young)]:
        logger.error(f"An alert could not be delivered: {waiting.notification.text}")
    return young
