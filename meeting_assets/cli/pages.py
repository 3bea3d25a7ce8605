"""The command `pages`, which writes the pages and exports that are missing or outdated, and opens the site."""

from __future__ import annotations

import os
import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.cli.options import FirstDay, LastDay, as_date, check_days
from meeting_assets.cli.terminal import err, print_errors, print_line
from meeting_assets.core.errors import NothingStored, SettingsError, StoreError

if TYPE_CHECKING:
    from meeting_assets.pipeline.storage import Storage
    from meeting_assets.publications.publish_report import PublishReport
    from meeting_assets.settings import Settings
    from meeting_assets.store.publications import PublicationStore


def pages(
    is_opening: Annotated[bool, typer.Option("--open", help="open the site in the browser")] = False,
    first: FirstDay = None,
    last: LastDay = None,
) -> None:
    """Writes missing and outdated pages of stored meetings, and the exports of MEETING_ASSETS_EXPORTS.

    Runs do so by themselves; this command also writes what they have not written yet. It prints where the site begins.
    """
    from meeting_assets.cli.opening import opened_for_changes

    first_day, last_day = as_date(first), as_date(last)
    check_days(first_day, last_day)
    settings = read_settings()
    if not settings.pages:
        raise SettingsError("Pages are off. Set MEETING_ASSETS_PAGES=on to write them.")
    _require_meetings(settings)
    with opened_for_changes(settings) as storage:
        report = _publish(storage, settings, first_day or date.min, last_day or date.max)
        site = storage.publications
    total = report.total()
    print_line(f"{total.written:,} files were written, {total.unchanged:,} were up to date, {total.removed:,} removed.")
    print_errors(report.faults)
    print_line(site.location("index.html"))
    if is_opening:
        _open(site)
    if report.faults:
        raise typer.Exit(ExitCode.UNEXPECTED)


def _require_meetings(settings: Settings) -> None:
    """Creates nothing in an empty home.

    Raises:
        NothingStored: there is no database, or it holds no meetings.
    """
    from meeting_assets.pipeline.storage import open_storage_read_only

    try:
        with open_storage_read_only(settings):
            return
    except NothingStored:
        raise
    except StoreError:
        return  # such as a database of an older version, to which the next step adds tables


def _publish(storage: Storage, settings: Settings, first: date, last: date) -> PublishReport:
    """Writes the files of stored meetings day by day, both days included, and the shared pages."""
    from meeting_assets.cli.progress_bars import items_shown
    from meeting_assets.publications.publishing import publish_days, stored_days
    from meeting_assets.publications.shared_publishing import publish_shared

    days = [day for day in storage.database.read(stored_days) if first <= day <= last]
    report = publish_days(storage, settings, [])
    with items_shown(err, "Writing pages of days", len(days), is_quiet=False) as advance:
        for day in days:
            report.add(publish_days(storage, settings, [day]))
            advance()
    report.add(publish_shared(storage, settings))
    return report


def _open(site: PublicationStore) -> None:
    """Opens the site in the browser. Object stores have no address that a browser may read."""
    import webbrowser

    if site.folder is None:
        print_line("The pages are in an object store. Open their address there, or as docs/pages.md describes.")
    elif not _has_display() or not webbrowser.open((site.folder / "index.html").as_uri()):
        print_line("No browser could be started. Open the file above.")


def _has_display() -> bool:
    """False where only a browser in the terminal could be started, such as on a server."""
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")))
