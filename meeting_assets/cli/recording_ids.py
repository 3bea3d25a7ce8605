"""Finds the recording that an argument names, and prints suggestions if there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meeting_assets.cli.meeting_texts import printable
from meeting_assets.cli.terminal import print_line
from meeting_assets.core.errors import UsageError

if TYPE_CHECKING:
    from meeting_assets.pipeline.storage import Storage

SEARCH = (
    "`meeting-assets search WORDS` finds meetings by spoken words, `meeting-assets queries latest_meetings` lists ids."
)


def find_recording_or_suggest(storage: Storage, given: str, *, is_quiet: bool) -> str:
    """The id of a stored recording.

    If there is none, prints recordings with a similar id or title on standard output: titles may be confidential, and
    errors may be logged. `is_quiet` leaves them out, where the output is a JSON document.

    Raises:
        UsageError: the argument names no recording, or several.
    """
    from meeting_assets.pipeline.speakers import find_recording
    from meeting_assets.publications.pages.values import shortened
    from meeting_assets.publications.recording_suggestions import suggestions

    try:
        return storage.database.read(lambda connection: find_recording(connection, given))
    except UsageError as error:
        found = [] if is_quiet else storage.database.read(lambda connection: suggestions(connection, given))
        if found:
            print_line("Did you mean one of these recordings?")
        for each in found:
            title = printable(shortened(each.title or "without a title", 80))
            print_line(f"  {each.recording_id}  {each.day}  {title}")
        raise UsageError(f"{error} {SEARCH}") from None
