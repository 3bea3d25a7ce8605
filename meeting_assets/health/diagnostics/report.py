"""Health checks and their severity, as `meeting-assets doctor` reports them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from meeting_assets.core.errors import MeetingAssetsError, SettingsError
from meeting_assets.health.diagnostics.settings import EffectiveSetting


class Severity(StrEnum):
    """The severity of a health check's result."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The result of one check; unless it is ok, the sentence says what to do."""

    subject: str
    severity: Severity
    sentence: str
    error: type[Exception] = SettingsError
    """The class of the error that stops a command, if the severity is `ERROR`."""


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """The effective settings and the health checks, which are executed while they are iterated: once."""

    settings: list[EffectiveSetting]
    checks: Iterator[HealthCheck]


def diagnose(subject: str, checks: Iterable[HealthCheck]) -> Iterator[HealthCheck]:
    """Executes health checks; an exception becomes the last result, so that it hides no other subject."""
    try:
        yield from checks
    except MeetingAssetsError as error:
        yield HealthCheck(subject, Severity.ERROR, str(error), type(error))
    except Exception as error:  # noqa: BLE001 - an unexpected error of one check must not hide the other checks
        sentence = f"The check failed with an unexpected {type(error).__name__}. Report it to the developers."
        yield HealthCheck(subject, Severity.ERROR, sentence, type(error))


def shown_size(size_bytes: int) -> str:
    """A size in the largest fitting unit.

    >>> shown_size(999), shown_size(1_500_000)
    ('999 B', '1.5 MB')
    """
    amount, units = float(size_bytes), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
