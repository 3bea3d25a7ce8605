"""The command `speakers`, which shows how speakers were resolved, and corrects them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from meeting_assets.cli.authors import author_or_login
from meeting_assets.cli.csv_files import read_csv, write_csv
from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.cli.opening import opened_for_changes
from meeting_assets.cli.options import AsJson
from meeting_assets.cli.terminal import print_errors, print_json
from meeting_assets.core.correction_kinds import ASSIGN, NAME, SAME_AS
from meeting_assets.core.errors import UsageError
from meeting_assets.core.instants import now

if TYPE_CHECKING:
    from meeting_assets.pipeline.speakers import Occurring, SpeakersOfRecording
    from meeting_assets.settings import Settings
    from meeting_assets.store.corrections import StoredCorrection

FORMS = {ASSIGN: "--assign KEY=PARTICIPANT", SAME_AS: "--same-as KEY=KEY", NAME: "--name KEY=NAME"}
LONE_RECORDING = "Name one recording: `meeting-assets speakers RECORDING`."


def speakers(
    recordings: Annotated[
        list[str] | None, typer.Argument(metavar="RECORDING", help="id of a recording, or the beginning of its id")
    ] = None,
    assign: Annotated[
        list[str] | None, typer.Option(metavar="KEY=PARTICIPANT", help="the speaker KEY is this participant")
    ] = None,
    same_as: Annotated[
        list[str] | None, typer.Option(metavar="KEY=KEY", help="the first speaker is the second one")
    ] = None,
    name: Annotated[list[str] | None, typer.Option(metavar="KEY=NAME", help="the speaker KEY has this name")] = None,
    undo: Annotated[list[str] | None, typer.Option(metavar="KEY", help="undo the correction of this speaker")] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="reason of the corrections")] = None,
    author: Annotated[str | None, typer.Option(metavar="NAME", help="author (default: the login name)")] = None,
    export_to: Annotated[
        str | None, typer.Option("--export", metavar="FILE", help="write corrections as CSV; - for standard output")
    ] = None,
    import_from: Annotated[
        str | None,
        typer.Option("--import", metavar="FILE", help="add corrections of a CSV file; - for standard input"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Shows how the speakers of a recording were resolved to participants. Corrects them, and undoes corrections.

    Options that correct may be repeated. The metrics of the recording and the trends are derived again at once.
    """
    given = recordings or []
    options = _Options({ASSIGN: assign or [], SAME_AS: same_as or [], NAME: name or []}, undo or [], note, author)
    _check_use(options, given, export_to, import_from, as_json=as_json)
    settings = read_settings()
    if export_to is not None:
        _export(settings, given, export_to)
    elif import_from is not None:
        raise typer.Exit(_import(settings, import_from, author, as_json=as_json))
    elif options.is_change:
        raise typer.Exit(_change(settings, given[0], options, as_json=as_json))
    else:
        _show(settings, given[0], as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Options:
    """The options that correct speakers."""

    wanted: Mapping[str, Sequence[str]]
    """The given texts by kind."""
    undo: Sequence[str]
    note: str | None
    author: str | None

    @property
    def is_correction(self) -> bool:
        return any(self.wanted.values())

    @property
    def is_change(self) -> bool:
        return self.is_correction or bool(self.undo)


def _check_use(
    options: _Options, given: Sequence[str], export_to: str | None, import_from: str | None, *, as_json: bool
) -> None:
    """Raises a UsageError for options that exclude each other."""
    is_export, is_import = export_to is not None, import_from is not None
    if is_export + is_import + options.is_change > 1:
        raise UsageError("Use only one of --export, --import, and corrections.")
    if options.note is not None and not options.is_correction:
        raise UsageError("--note belongs to --assign, --same-as or --name. Give one of them.")
    if options.author is not None and not (options.is_correction or is_import):
        raise UsageError("--author belongs to --assign, --same-as, --name or --import. Give one of them.")
    if is_export and as_json:
        raise UsageError("--export writes CSV. Omit --json.")
    if is_import and given:
        raise UsageError("--import takes the recordings from the file. Omit their ids.")
    if not (is_export or is_import) and len(given) != 1:
        raise UsageError(LONE_RECORDING)


def _show(settings: Settings, given: str, *, as_json: bool) -> None:
    from meeting_assets.cli.documents.speakers import speakers_document
    from meeting_assets.cli.speaker_table import print_speakers
    from meeting_assets.pipeline.speakers import find_recording, speakers_of
    from meeting_assets.pipeline.storage import open_storage_read_only

    with open_storage_read_only(settings) as storage:
        recording_id = storage.database.read(lambda connection: find_recording(connection, given))
        found = speakers_of(storage, recording_id)
    if as_json:
        print_json(speakers_document(found))
    else:
        print_speakers(found)


def _change(settings: Settings, given: str, options: _Options, *, as_json: bool) -> ExitCode:
    """Makes and undoes corrections, derives the metrics, and prints the new resolution; returns the exit code."""
    from meeting_assets.cli.documents.speakers import speakers_document
    from meeting_assets.cli.speaker_table import print_change, print_speakers
    from meeting_assets.pipeline.corrections import change_corrections, derive_corrected
    from meeting_assets.pipeline.speakers import find_recording, speakers_of

    with opened_for_changes(settings) as storage:
        recording_id = storage.database.read(lambda connection: find_recording(connection, given))
        found = speakers_of(storage, recording_id)
        made = _corrections(options, found.occurring, recording_id)
        _check_undo(options.undo, found, as_json=as_json)
        change = change_corrections(storage, recording_id, made, options.undo)
        faults = derive_corrected(storage, [recording_id])
        after = speakers_of(storage, recording_id)
    if as_json:
        print_json(speakers_document(after, change))
    else:
        print_change(change)
        print_speakers(after)
    print_errors(_derive_errors(faults))
    return ExitCode.UNEXPECTED if faults else ExitCode.DONE


def _check_undo(undo: Sequence[str], found: SpeakersOfRecording, *, as_json: bool) -> None:
    """Raises a UsageError if a speaker has no correction to undo, and prints those that have one."""
    from meeting_assets.cli.documents.speakers import speakers_document
    from meeting_assets.cli.speaker_table import print_undoable

    if not {*undo} - {each.speaker_key for each in found.corrections}:
        return
    if as_json:
        print_json(speakers_document(found))
    else:
        print_undoable(found)
    raise UsageError("Nothing was changed: --undo names a speaker without a correction.")


def _export(settings: Settings, given: Sequence[str], target: str) -> None:
    from meeting_assets.pipeline.corrections_csv import exported_csv
    from meeting_assets.pipeline.speakers import find_recording
    from meeting_assets.pipeline.storage import open_storage_read_only

    with open_storage_read_only(settings) as storage:
        ids = storage.database.read(lambda connection: [find_recording(connection, each) for each in given])
        content = exported_csv(storage, ids)
    write_csv(target, content, what="corrections")


def _import(settings: Settings, source: str, author: str | None, *, as_json: bool) -> ExitCode:
    """Makes the corrections of a CSV file, derives the metrics, and returns the exit code."""
    from meeting_assets.cli.documents.speakers import speakers_import_document
    from meeting_assets.cli.speaker_table import print_import
    from meeting_assets.pipeline.corrections import derive_corrected
    from meeting_assets.pipeline.corrections_csv import import_lines, read_lines

    content = read_csv(source)
    lines, line_faults = read_lines(content)
    with opened_for_changes(settings) as storage:
        report = import_lines(storage, lines, author_or_login(author), now(), line_faults)
        if report.faults:
            advice = "Nothing was imported. Correct these lines and import the file again."
            print_errors([*map(str, report.faults), advice])
            return ExitCode.USAGE
        faults = derive_corrected(storage, report.recording_ids)
    if as_json:
        print_json(speakers_import_document(report))
    else:
        print_import(report)
    print_errors([*report.failures, *_derive_errors(faults)])
    if faults:
        return ExitCode.UNEXPECTED
    return ExitCode.REFUSED if report.failures else ExitCode.DONE


def _corrections(options: _Options, occurring: Occurring, recording_id: str) -> list[StoredCorrection]:
    """The corrections of the options."""
    from meeting_assets.store.corrections import StoredCorrection

    if not options.is_correction:
        return []
    by, at = author_or_login(options.author), now()
    found = []
    for kind, texts in options.wanted.items():
        for number, text in enumerate(texts, start=1):
            try:
                key, target = split_statement(kind, text, occurring)
            except ValueError as error:
                option = f"{FORMS[kind].partition(' ')[0]} number {number}" if len(texts) > 1 else FORMS[kind]
                advice = f"`meeting-assets speakers {recording_id}` lists speakers and participants."
                raise UsageError(f"Nothing was changed: {option}: {error}. {advice}") from None
            found.append(StoredCorrection(key, kind, target, by, at, options.note))
    return found


def split_statement(kind: str, text: str, occurring: Occurring) -> tuple[str, str]:
    """Splits an option at the `=` between a speaker of the recording and its target, which may contain `=`, too.

    Raises:
        ValueError: there is no such place, or more than one. The message quotes nothing of the text.
    """
    from meeting_assets.pipeline.correction_faults import NO_PARTICIPANT, NO_SPEAKER, NO_TARGET

    signs = [index for index, character in enumerate(text) if character == "="]
    if not signs:
        raise ValueError(f"it has no `=`; write {FORMS[kind]}")
    begun = [(text[:index], text[index + 1 :]) for index in signs if text[:index] in occurring.speakers]
    if not begun:
        raise ValueError(NO_SPEAKER)
    targets = {ASSIGN: occurring.participants, SAME_AS: occurring.speakers}.get(kind)
    found = [(key, target) for key, target in begun if targets is None or target in targets]
    if not found:
        raise ValueError(NO_PARTICIPANT if kind == ASSIGN else NO_TARGET)
    if len(found) > 1:
        raise ValueError("it can be read in several ways; use --import, where speaker and target have a cell each")
    key, target = found[0]
    return key, target.strip() if kind == NAME else target


def _derive_errors(faults: list[str]) -> list[str]:
    advice = "The corrections are stored. Run `meeting-assets rebuild --outdated` to derive the metrics again."
    return [*faults, advice] if faults else []
