"""Exit codes of the commands, for scripts and schedulers. `docs/commands.md` describes them for users.

If several codes apply, the command ends with the lowest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING

from meeting_assets.core import errors

if TYPE_CHECKING:
    from meeting_assets.orchestration.runs import RunOutcome
    from meeting_assets.orchestration.sync import SyncReport


class ExitCode(IntEnum):
    """The result of a command."""

    DONE = 0
    UNEXPECTED = 1
    """A fault of this package."""
    USAGE = 2
    """The arguments are wrong. Click's own usage errors have this code, too."""
    SETTINGS = 3
    """A setting or the API key is wrong."""
    INCOMPLETE = 4
    """Something is missing; the same command or the next scheduled run retries it."""
    UNAVAILABLE = 5
    """The API, the database, a store or a disk cannot be used."""
    REFUSED = 6
    """The command refused, or did not complete what it was asked for."""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM ended the command."""
    NO_READER = 141
    """The reader of the output has ended; other programs end by SIGPIPE then, which shells show as 141."""


CODES: Mapping[type[BaseException], ExitCode] = {
    errors.UsageError: ExitCode.USAGE,
    errors.SettingsError: ExitCode.SETTINGS,
    errors.Refused: ExitCode.SETTINGS,
    errors.CommandRefused: ExitCode.REFUSED,
    errors.StoreRefused: ExitCode.REFUSED,
    errors.StoreError: ExitCode.UNAVAILABLE,
    errors.ApiError: ExitCode.UNAVAILABLE,
    KeyboardInterrupt: ExitCode.INTERRUPTED,
    BrokenPipeError: ExitCode.NO_READER,
}
"""The codes of classes of errors and of their subclasses. All other errors are unexpected."""


def exit_code_of(kind: type[BaseException]) -> ExitCode:
    """The exit code of a class of errors: that of the nearest class in `CODES`.

    >>> exit_code_of(errors.ListRefused).name, exit_code_of(errors.Transient).name, exit_code_of(ValueError).name
    ('SETTINGS', 'UNAVAILABLE', 'UNEXPECTED')
    """
    return next((CODES[each] for each in kind.__mro__ if each in CODES), ExitCode.UNEXPECTED)


def exit_code_of_kinds(kinds: Iterable[type[BaseException]]) -> ExitCode:
    """The lowest exit code of some errors; `DONE` without errors."""
    return min(map(exit_code_of, kinds), default=ExitCode.DONE)


def exit_code_of_sync(report: SyncReport) -> ExitCode:
    """The exit code of a sync: that of its failed runs, else whether all available artifacts are stored."""
    if failed := [code for run in report.runs for code in _codes_of_run(run)]:
        return min(failed)
    return ExitCode.DONE if report.is_complete else ExitCode.INCOMPLETE


def _codes_of_run(run: RunOutcome) -> list[ExitCode]:
    if run.succeeded:
        return []
    kinds = [getattr(errors, name, Exception) for name in run.error_names]
    return [exit_code_of(kind) for kind in kinds] or [ExitCode.UNEXPECTED]
