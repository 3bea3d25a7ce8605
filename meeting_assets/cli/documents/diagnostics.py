"""The document of `doctor --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from meeting_assets.health.diagnostics.report import Diagnostics


class SettingValue(Struct, frozen=True):
    """An effective setting."""

    value: Annotated[str, Meta(description="the value; secrets are hidden")]
    source: Annotated[str, Meta(description="`environment` or `default`")]


class CheckResult(Struct, frozen=True):
    """The result of one health check."""

    subject: Annotated[str, Meta(description="subject of the check, such as `database`")]
    severity: Annotated[
        Literal["ok", "warning", "error"], Meta(description="`ok`, `warning` or `error`; an error has to be fixed")
    ]
    sentence: Annotated[str, Meta(description="the result, and unless it is ok, the action to take")]


class DoctorDocument(Struct, frozen=True, tag_field="schema", tag="meeting_assets/doctor/1"):
    """The effective settings and all health checks: `doctor --json`."""

    is_healthy: Annotated[bool, Meta(description="whether no check has the severity `error`")]
    settings: Annotated[dict[str, SettingValue], Meta(description="settings by environment variable")]
    checks: Annotated[list[CheckResult], Meta(description="results in the order of the checks")]


def doctor_document(diagnostics: Diagnostics) -> DoctorDocument:
    """Executes the health checks, and returns the document of their results."""
    results = [CheckResult(each.subject, each.severity.value, each.sentence) for each in diagnostics.checks]
    settings = {each.name: SettingValue(each.value, each.source) for each in diagnostics.settings}
    return DoctorDocument(all(each.severity != "error" for each in results), settings, results)
