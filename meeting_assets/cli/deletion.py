"""The command `purge`, which deletes recordings permanently."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.cli.terminal import print_errors, print_line
from meeting_assets.core.errors import CommandRefused, SettingsError, StoreError, UsageError
from meeting_assets.core.ids import canonical_uuid

if TYPE_CHECKING:
    from meeting_assets.health.fingerprints import Fingerprints
    from meeting_assets.health.purge_verification import Remains
    from meeting_assets.pipeline.storage import Storage
    from meeting_assets.settings import Settings


def purge(
    recordings: Annotated[list[str] | None, typer.Argument(metavar="RECORDING", help="ids of recordings")] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="purge all recordings older than MEETING_ASSETS_RETENTION_DAYS")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="purge without asking; required where there is no terminal")
    ] = False,
) -> None:
    """Deletes recordings permanently, prevents another download, and (without `--expired`) verifies the deletion."""
    from meeting_assets.pipeline.storage import open_storage
    from meeting_assets.store.database_id import bind_ids

    if expired == bool(recordings):
        raise UsageError("Name the recordings to purge, or give --expired: exactly one of the two.")
    if not yes and not sys.stdin.isatty():
        raise CommandRefused("Nothing was purged: there is no terminal to confirm. Give --yes.")
    settings = read_settings()
    if expired and settings.retention_days is None:
        raise SettingsError("MEETING_ASSETS_RETENTION_DAYS is not set, so no recording expires. Set it to purge.")
    with open_storage(settings) as storage:
        # Binds no new database: if a setting names an empty one by mistake, the real one would keep its rows.
        bind_ids(storage.database, storage.raw)
        if expired:
            raise typer.Exit(_purge_expired(settings, storage, is_asking=not yes))
        raise typer.Exit(_purge_recordings(settings, storage, recordings or [], is_asking=not yes))


def verify_purge(settings: Settings, storage: Storage, fingerprints: Fingerprints) -> Remains:
    """Searches for remains. Rewrites a SQLite database if unused pages contain deleted rows, and searches again."""
    from meeting_assets.health.purge_verification import find_remains
    from meeting_assets.store.scrub import rewrite

    remains = find_remains(storage, settings, fingerprints)
    if remains.deleted_text_count and rewrite(storage.database):
        remains = find_remains(storage, settings, fingerprints)
    return remains


def _purge_recordings(settings: Settings, storage: Storage, recordings: list[str], *, is_asking: bool) -> ExitCode:
    """Purges recordings, verifies the deletion, and returns the exit code."""
    from meeting_assets.health.fingerprints import fingerprints_of
    from meeting_assets.pipeline.deletion.recordings import day_and_bot_at_api, purge, stored_recording
    from meeting_assets.store.tombstones import ASKED_FOR

    stored = [stored_recording(storage, each) for each in dict.fromkeys(map(canonical_uuid, recordings))]
    days = {each.recording_id: each.day for each in stored}
    bots: dict[str, str] = {}
    for recording_id in (each.recording_id for each in stored if not each.is_known):
        days[recording_id], bot_id = day_and_bot_at_api(settings, recording_id)
        bots |= {recording_id: bot_id} if bot_id is not None else {}
    _confirm([each.as_sentence() for each in stored], is_asking=is_asking)
    fingerprints = fingerprints_of(storage, days, bots)
    report = purge(storage, days, ASKED_FOR, days=days, bots=bots)
    pages = _republish(settings, storage)
    print_line(report.as_sentence())
    remains = verify_purge(settings, storage, fingerprints)
    print_line(remains.as_sentence(is_scrubbed=report.is_scrubbed))
    print_errors([*report.obstacles, *pages.sentences])
    return _exit_code(pages, is_complete=not (report.obstacles or remains.found))


def _purge_expired(settings: Settings, storage: Storage, *, is_asking: bool) -> ExitCode:
    """Purges all recordings older than the retention, and returns the exit code."""
    from meeting_assets.pipeline.deletion.confirmed_date import confirmed_today
    from meeting_assets.pipeline.deletion.retention import expired, retain
    from meeting_assets.pipeline.deletion.tombstone_sync import synchronize_tombstones
    from meeting_assets.pipeline.storage import access_of

    synchronize_tombstones(storage)
    today = confirmed_today(storage, access_of(settings) if settings.api_key is not None else None)
    found = expired(storage, today.day)
    clocks = f"Today is {today.day}, the earliest date of these clocks: {today.as_sentence()}."
    _confirm([clocks, found.as_sentence()], is_asking=is_asking and bool(found.days))
    report, _ = retain(storage, today, limit=len(found.recordings), budget_s=math.inf, is_released=True)
    pages = _republish(settings, storage)
    print_line(report.as_sentence())
    remaining = expired(storage, today.day)
    print_errors([*report.obstacles, *pages.sentences])
    if remaining.days:
        print_errors([f"Some of it was not purged. {remaining.as_sentence()} Run the same command again."])
    return _exit_code(pages, is_complete=not (report.obstacles or remaining.days))


@dataclass(frozen=True, slots=True)
class _Republishing:
    """The result of writing the shared pages again."""

    obstacle: str | None = None
    """Why the store cannot be written."""
    bugs: Sequence[str] = ()
    """Faults of this package in single pages."""
    error: Exception | None = None
    """An unexpected error that ended the writing."""

    @property
    def sentences(self) -> list[str]:
        """Sentences for the user; empty if all pages were written."""
        faults = [*([self.obstacle] if self.obstacle else []), *self.bugs]
        advice = "The shared pages were not written again. Run `meeting-assets pages` when that is corrected."
        return [*faults, advice] if faults or self.error else []


def _republish(settings: Settings, storage: Storage) -> _Republishing:
    """Writes the shared pages again without the purged recordings.

    Raises nothing: the recordings are deleted already, and the report and the verification must follow. `_exit_code`
    raises an unexpected error after them.
    """
    from meeting_assets.publications.shared_publishing import republish_shared

    try:
        return _Republishing(bugs=republish_shared(storage, settings).faults)
    except StoreError as error:
        return _Republishing(obstacle=str(error))
    except Exception as error:  # noqa: BLE001 - raised again by `_exit_code`
        return _Republishing(error=error)


def _exit_code(pages: _Republishing, *, is_complete: bool) -> ExitCode:
    """The exit code of a purge; raises an unexpected error of `_republish`."""
    if pages.error is not None:
        raise pages.error
    if pages.bugs:
        return ExitCode.UNEXPECTED
    return ExitCode.DONE if is_complete and pages.obstacle is None else ExitCode.REFUSED


def _confirm(sentences: list[str], *, is_asking: bool) -> None:
    """Prints the recordings that would be deleted, and asks for a confirmation."""
    for sentence in sentences:
        print_line(sentence)
    if is_asking and not typer.confirm("Delete all of this permanently?"):
        raise CommandRefused("Nothing was purged, because it was not confirmed.")
