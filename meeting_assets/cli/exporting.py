"""The command `export`, which writes meetings in standard formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.local_files import STANDARD_STREAM, file_errors_named, replace_file, write_standard_output
from meeting_assets.cli.options import as_date, check_days
from meeting_assets.cli.terminal import err, print_line, print_note
from meeting_assets.core.errors import UsageError
from meeting_assets.core.export_formats import EXPORT_FORMATS

if TYPE_CHECKING:
    from meeting_assets.pipeline.storage import Storage
    from meeting_assets.publications.exports.format import ExportFormat
    from meeting_assets.publications.meeting_text import MeetingText

FORMAT_NAMES = ", ".join(EXPORT_FORMATS)


def export(
    recordings: Annotated[
        list[str] | None,
        typer.Argument(metavar="RECORDING", help="ids of recordings, or the beginnings of their ids"),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="FORMAT", help=f"{FORMAT_NAMES}; may be repeated (default: vtt)"),
    ] = None,
    target: Annotated[
        str, typer.Option("--to", metavar="DIR", help="folder of the files; - for standard output")
    ] = ".",
    first_day: Annotated[
        datetime | None,
        typer.Option("--first-day", formats=["%Y-%m-%d"], metavar="DAY", help="all recordings from this day on (UTC)"),
    ] = None,
    last_day: Annotated[
        datetime | None,
        typer.Option("--last-day", formats=["%Y-%m-%d"], metavar="DAY", help="... up to this day, included"),
    ] = None,
) -> None:
    """Writes recordings as subtitles, text, chunks for language models, or tables, one file per recording and format.

    Names are those of `meeting-assets speakers`, corrections included.
    """
    from meeting_assets.pipeline.storage import open_storage_read_only

    chosen = _formats(formats or ["vtt"])
    days = _days(recordings, as_date(first_day), as_date(last_day))
    settings = read_settings()
    with open_storage_read_only(settings) as storage:
        recording_ids = _recording_ids(storage, recordings or [], days)
        if target == STANDARD_STREAM:
            _print_only(storage, recording_ids, chosen)
        else:
            write_files(storage, recording_ids, chosen, Path(target))


def _formats(names: Sequence[str]) -> list[ExportFormat]:
    from meeting_assets.publications.exports import FORMATS

    unknown = [name for name in names if name not in FORMATS]
    if unknown:
        raise UsageError(f"Unknown format {', '.join(unknown)}. Use one of {', '.join(FORMATS)}.")
    return [FORMATS[name] for name in dict.fromkeys(names)]


def _days(given: Sequence[str] | None, first: date | None, last: date | None) -> tuple[date, date] | None:
    """The first and last day of a range; None if recordings are named instead."""
    if given:
        if first or last:
            raise UsageError("Name recordings or give a range of days, not both.")
        return None
    if first is None:
        raise UsageError("Name a recording, or give --first-day.")
    check_days(first, last, names=("--first-day", "--last-day"))
    return first, last or date.max


def _recording_ids(storage: Storage, given: Sequence[str], days: tuple[date, date] | None) -> list[str]:
    from meeting_assets.pipeline.speakers import find_recording
    from meeting_assets.publications.reading import recordings_of_days

    with storage.database.reading() as connection:
        if days is not None:
            if found := recordings_of_days(connection, *days):
                return found
            raise UsageError(
                "No recording of these days is stored. Give other days, or run `meeting-assets sync` for them."
            )
        return [*dict.fromkeys(find_recording(connection, each) for each in given)]


def _print_only(storage: Storage, recording_ids: Sequence[str], chosen: Sequence[ExportFormat]) -> None:
    """Prints one recording in one format: several files cannot be told apart in one stream."""
    if len(recording_ids) != 1 or len(chosen) != 1:
        raise UsageError("Standard output takes one recording and one format. Give a folder with --to.")
    meeting = _meeting(storage, recording_ids[0])
    if meeting is None:
        raise UsageError(f"Recording {recording_ids[0]} was purged: nothing to export.")
    if not chosen[0].has_content(meeting):
        raise UsageError(f"Recording {meeting.recording_id} has no {chosen[0].content}: nothing to export.")
    write_standard_output(chosen[0].write(meeting))


def write_files(storage: Storage, recording_ids: Sequence[str], chosen: Sequence[ExportFormat], folder: Path) -> None:
    """Writes the files of some recordings into a folder, and says how many were and were not written."""
    from meeting_assets.cli.progress_bars import items_shown

    with file_errors_named(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
    written, purged, without = 0, 0, Counter[str]()
    with items_shown(err, "Exporting recordings", len(recording_ids), is_quiet=False) as advance:
        for recording_id in recording_ids:
            meeting = _meeting(storage, recording_id)
            if meeting is None:
                purged += 1
            else:
                written += _write_meeting(meeting, chosen, folder, without)
            advance()
    for content, count in without.items():
        owner = "its recording has" if count == 1 else "their recordings have"
        print_note(f"{_were(count, 'file')} not written: {owner} no {content}.")
    if purged:
        print_note(f"{_were(purged, 'recording')} not exported: purged during the export.")
    print_line(f"{_were(written, 'file')} written to {folder}.")


def _write_meeting(meeting: MeetingText, chosen: Sequence[ExportFormat], folder: Path, without: Counter[str]) -> int:
    """Writes the files of a meeting, and returns their number. Counts formats without content by their content."""
    written = 0
    for each in chosen:
        if not each.has_content(meeting):
            without[each.content] += 1
            continue
        path = folder / each.file_name(meeting)
        with file_errors_named(str(path)):
            replace_file(path, each.write(meeting).encode())
        written += 1
    return written


def _were(count: int, noun: str) -> str:
    return f"1 {noun} was" if count == 1 else f"{count} {noun}s were"


def _meeting(storage: Storage, recording_id: str) -> MeetingText | None:
    """The text of a recording; None if it was purged since the command started."""
    from meeting_assets.publications.reading import read_meeting

    return storage.database.read_snapshot(lambda connection: read_meeting(connection, recording_id))
