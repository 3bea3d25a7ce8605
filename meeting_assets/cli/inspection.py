"""Commands that inspect a deployment: `status` and `doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.exit_codes import exit_code_of_kinds
from meeting_assets.cli.options import AsJson
from meeting_assets.cli.terminal import hidden_warnings, out, print_json, print_note
from meeting_assets.console import print_diagnostics, print_status
from meeting_assets.core.errors import NothingStored

if TYPE_CHECKING:
    from meeting_assets.health.diagnostics.report import HealthCheck


def status(as_json: AsJson = False) -> None:
    """Counts stored, missing and unreadable artifacts, and lists those that need a person's action."""
    from meeting_assets.health.status import Status, status_of
    from meeting_assets.pipeline.storage import open_storage_read_only

    try:
        with open_storage_read_only(read_settings()) as storage:
            found, note = status_of(storage), None
    except NothingStored as error:
        found, note = Status(), str(error)
    if as_json:
        from meeting_assets.cli.documents.status import status_document

        print_json(status_document(found))
    else:
        print_status(out, found, "All days")
    if note:
        print_note(note)


def doctor(as_json: AsJson = False) -> None:
    """Checks settings, API key and region, database, raw store and Dagster's home, and explains how to fix problems.

    Changes no table and no meeting: probes write to the raw store and to Dagster's storage and are removed again.
    Fails runs whose process has ended.
    """
    with hidden_warnings():
        from meeting_assets.orchestration.operations.doctor import diagnostics

        errors: list[type[Exception]] = []
        found = diagnostics()
        found = replace(found, checks=_collecting(found.checks, errors))
        if as_json:
            from meeting_assets.cli.documents.diagnostics import doctor_document

            print_json(doctor_document(found))
        else:
            print_diagnostics(out, found)
    raise typer.Exit(exit_code_of_kinds(errors))


def _collecting(checks: Iterable[HealthCheck], errors: list[type[Exception]]) -> Iterator[HealthCheck]:
    """Passes health checks on, and adds the errors of failed ones to a list."""
    from meeting_assets.health.diagnostics.report import Severity

    for each in checks:
        if each.severity is Severity.ERROR:
            errors.append(each.error)
        yield each
