"""Output of `speakers`: the speakers of a recording as a table.

Texts of a meeting are printed on standard output only, never as notes or errors, because those may be logged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from meeting_assets.cli.documents.speakers import undo_command
from meeting_assets.cli.key_tables import KeyTable
from meeting_assets.cli.meeting_texts import printable
from meeting_assets.cli.terminal import out, print_line
from meeting_assets.core.correction_kinds import ASSIGN, SAME_AS
from meeting_assets.metrics.speakers import Speaker
from meeting_assets.pipeline.corrections import Change
from meeting_assets.pipeline.corrections_csv import ImportReport
from meeting_assets.pipeline.speakers import SpeakersOfRecording
from meeting_assets.store.corrections import StoredCorrection

COLUMNS = ("speaker", "participant", "name", "method", "evidence", "runner-up", "words")
NUMBERS = frozenset({"evidence", "runner-up", "words"})
"""Columns that are left out where a source has none of these numbers."""
WRAPPED = frozenset({"name", "method"})
UNKNOWN = "·"
VERBS = {ASSIGN: "is participant", SAME_AS: "is the same speaker as"}


def print_speakers(found: SpeakersOfRecording) -> None:
    """Prints the resolution of each speaker, and the corrections in force with the commands that undo them."""
    print_line(f"Speakers of {found.recording_id}")
    for source, rows in groupby(found.resolved, lambda each: each.source):
        out.print(f"[bold]{source}[/bold]", highlight=False)
        _print_table([[*_cells(each)] for each in rows])
    if not found.resolved:
        print_line(
            "No speaker is known. Run `meeting-assets rebuild --outdated`, or check that the recording has a "
            "transcript."
        )
    if found.participants:
        named = ", ".join(_participant(key, name) for key, name in found.participants.items())
        print_line(f"Participants: {named}")
    for correction in found.corrections:
        print_line(_sentence(correction, found))
        print_line(f"  {undo_command(found.recording_id, correction.speaker_key)}")
    if found.is_outdated:
        print_line("The resolution is outdated. Run `meeting-assets rebuild --outdated`.")


def print_undoable(found: SpeakersOfRecording) -> None:
    """Prints the commands that undo the corrections in force."""
    if not found.corrections:
        print_line("No correction is in force.")
    for each in found.corrections:
        print_line(undo_command(found.recording_id, each.speaker_key))


def print_change(change: Change) -> None:
    """Prints the numbers of corrections made, undone and adopted."""
    print_line(f"Corrections made: {len(change.made)}, undone: {len(change.undone)}.")
    if change.adopted:
        print_line(
            f"Corrections of an interrupted command that now apply, too: {len(change.adopted)}. They are listed below."
        )


def print_import(report: ImportReport) -> None:
    """Prints the numbers of imported corrections."""
    print_line(f"Corrections made: {report.made}, in force before: {report.unchanged}.")
    if report.adopted:
        print_line(f"Corrections of an interrupted command that now apply, too: {report.adopted}.")


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Prints the speakers of one source."""
    shown = [
        number
        for number, heading in enumerate(COLUMNS)
        if heading not in NUMBERS or {row[number] for row in rows} != {UNKNOWN}
    ]
    table = KeyTable([COLUMNS[number] for number in shown], numbers=NUMBERS, texts=WRAPPED)
    table.print([[row[number] for number in shown] for row in rows])


def _cells(row: Speaker) -> Iterator[str]:
    yield printable(row.speaker_key)
    yield printable(row.participant_key or UNKNOWN)
    yield printable(row.name or UNKNOWN)
    yield row.method
    for share in (row.evidence, row.runner_up):
        yield f"{share * 100:.0f} %" if share is not None else UNKNOWN
    yield f"{row.word_count:,}" if row.word_count is not None else UNKNOWN


def _participant(key: str, name: str | None) -> str:
    return printable(f"{key} ({name})" if name else key)


def _sentence(correction: StoredCorrection, found: SpeakersOfRecording) -> str:
    key, kind, target = correction.statement
    note = f" ({correction.note})" if correction.note else ""
    absent = "" if key in found.occurring.speakers else " No source names this speaker any more."
    day = correction.at.date()
    verb = VERBS.get(kind, "is named")
    return printable(f"Correction: {key} {verb} {target}, by {correction.author} on {day}{note}.{absent} Undo:")
