"""The command `export`, which writes meetings in standard formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from meeting_assets.cli.audio_exporting import AudioExporter
from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.local_files import STANDARD_STREAM, file_errors_named, replace_file, write_standard_output
from meeting_assets.cli.options import as_date, check_days
from meeting_assets.cli.terminal import err, print_line, print_note
from meeting_assets.core.errors import UsageError
from meeting_assets.core.export_formats import AUDIO_FORMATS, EXPORT_FORMATS

if TYPE_CHECKING:
    from meeting_assets.pipeline.storage import Storage
    from meeting_assets.publications.exports.audio import AudioExport
    from meeting_assets.publications.exports.format import ExportFormat
    from meeting_assets.publications.meeting_text import MeetingText

    Format: TypeAlias = ExportFormat | AudioExport

FORMAT_NAMES = ", ".join((*EXPORT_FORMATS, *AUDIO_FORMATS))


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
    """Writes recordings as subtitles, text, chunks for language models, tables or audio.

    One file per recording and format. Names are those of `meeting-assets speakers`, corrections included. Audio (wav,
    mp3) is mixed from the stored audio of the participants, in sync with the transcript.
    """
    from meeting_assets.pipeline.storage import open_storage_read_only

    chosen = _formats(formats or ["vtt"])
    days = _days(recordings, as_date(first_day), as_date(last_day))
    settings = read_settings()
    with open_storage_read_only(settings) as storage:
        recording_ids = _recording_ids(storage, recordings or [], days)
        if target == STANDARD_STREAM:
            _print_only(storage, recording_ids, chosen, AudioExporter(settings, storage))
        else:
            write_files(storage, recording_ids, chosen, Path(target), AudioExporter(settings, storage))


def _formats(names: Sequence[str]) -> list[Format]:
    from meeting_assets.publications.exports import FORMATS
    from meeting_assets.publications.exports.audio import AUDIO

    known: Mapping[str, Format] = {**FORMATS, **AUDIO}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"Unknown format {', '.join(unknown)}. Use one of {', '.join(known)}.")
    return [known[name] for name in dict.fromkeys(names)]


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


def _print_only(storage: Storage, recording_ids: Sequence[str], chosen: Sequence[Format], audio: AudioExporter) -> None:
    """Prints one recording in one format: several files cannot be told apart in one stream."""
    from meeting_assets.publications.exports.audio import AudioExport

    if len(recording_ids) != 1 or len(chosen) != 1:
        raise UsageError("Standard output takes one recording and one format. Give a folder with --to.")
    meeting = _meeting(storage, recording_ids[0])
    if meeting is None:
        raise UsageError(f"Recording {recording_ids[0]} was purged: nothing to export.")
    form = chosen[0]
    if isinstance(form, AudioExport):
        audio.print(meeting, form)
    elif not form.has_content(meeting):
        raise UsageError(f"Recording {meeting.recording_id} has no {form.content}: nothing to export.")
    else:
        write_standard_output(form.write(meeting))


def write_files(
    storage: Storage,
    recording_ids: Sequence[str],
    chosen: Sequence[Format],
    folder: Path,
    audio: AudioExporter | None = None,
) -> None:
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
                written += _write_meeting(meeting, chosen, folder, audio, without)
            advance()
    for content, count in without.items():
        owner = "its recording has" if count == 1 else "their recordings have"
        print_note(f"{_were(count, 'file')} not written: {owner} {content}.")
    if purged:
        print_note(f"{_were(purged, 'recording')} not exported: purged during the export.")
    print_line(f"{_were(written, 'file')} written to {folder}.")


def _write_meeting(
    meeting: MeetingText, chosen: Sequence[Format], folder: Path, audio: AudioExporter | None, without: Counter[str]
) -> int:
    """Writes the files of a meeting, and returns their number. Counts formats without content by their content."""
    from meeting_assets.publications.exports.audio import NO_AUDIO, AudioExport

    written = 0
    for each in chosen:
        path = folder / each.file_name(meeting)
        with file_errors_named(str(path)):
            if isinstance(each, AudioExport):
                is_written, missing = bool(audio and audio.write(meeting, each, folder)), NO_AUDIO
            else:
                is_written, missing = each.has_content(meeting), f"no {each.content}"
                if is_written:
                    replace_file(path, each.write(meeting).encode())
        written += is_written
        if not is_written:
            without[missing] += 1
    return written


def _were(count: int, noun: str) -> str:
    return f"1 {noun} was" if count == 1 else f"{count} {noun}s were"


def _meeting(storage: Storage, recording_id: str) -> MeetingText | None:
    """The text of a recording; None if it was purged since the command started."""
    from meeting_assets.publications.reading import read_meeting

    return storage.database.read_snapshot(lambda connection: read_meeting(connection, recording_id))
