"""Corrections as CSV (RFC 4180): one line per correction, UTF-8, with a header.

    recording_id,speaker_key,kind,target,author,at,note

Texts are written as `core.csv_cells` describes, so that a spreadsheet evaluates none of them.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, true

from meeting_assets.core.batches import batched
from meeting_assets.core.csv_cells import as_cell, text_of_cell
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.ids import canonical_uuid
from meeting_assets.core.instants import check_year, to_iso8601, utc
from meeting_assets.pipeline.corrections import BATCH, change_corrections, faults_of
from meeting_assets.pipeline.speakers import occurring_keys
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.corrections import CORRECTIONS, InForce, StoredCorrection, read_corrections
from meeting_assets.store.ledger import RECORDINGS

COLUMNS = ("recording_id", *StoredCorrection._fields)
REQUIRED = ("recording_id", "speaker_key", "kind", "target")


class ImportedLine(NamedTuple):
    """A correction read from a line of a file. Author, instant and note are None where the cell is empty."""

    number: int
    recording_id: str
    speaker_key: str
    kind: str
    target: str
    author: str | None
    at: datetime | None
    note: str | None

    def as_correction(self, author: str, at: datetime) -> StoredCorrection:
        """The correction, with defaults for empty cells."""
        return StoredCorrection(
            self.speaker_key, self.kind, self.target, self.author or author, self.at or at, self.note
        )

    def is_in_force(self, held: StoredCorrection | None) -> bool:
        """True if a correction in force is equal in every cell that is not empty."""
        if held is None:
            return False
        return self.as_correction(held.author, held.at)._replace(note=self.note or held.note) == held


@dataclass(slots=True)
class ImportReport:
    """The result of an import: corrections made, lines in force before, and faults, each with its line."""

    made: int = 0
    unchanged: int = 0
    recording_ids: list[str] = field(default_factory=list)
    """The recordings whose corrections changed."""
    faults: list[str] = field(default_factory=list)


def exported_csv(storage: Storage, recording_ids: Collection[str]) -> str:
    """The corrections in force of some recordings, or of all recordings if none is given."""
    condition = CORRECTIONS.c.recording_id.in_(recording_ids) if recording_ids else true()
    return as_csv(storage.database.read(lambda connection: read_corrections(connection, condition)))


def as_csv(corrections: Mapping[str, InForce]) -> str:
    """The CSV of corrections by recording."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for recording_id, in_force in corrections.items():
        for each in in_force.values():
            texts = (*each.statement, each.author, to_iso8601(each.at), each.note or "")
            writer.writerow([recording_id, *map(as_cell, texts)])
    return text.getvalue()


def read_lines(content: bytes) -> tuple[list[ImportedLine], list[str]]:
    """The lines of a CSV file, and the faults of lines that cannot be read. Faults quote no cell.

    Raises:
        SettingsError: the file is no CSV in UTF-8 with the header.
    """
    rows = _rows(content)
    _, header = next(rows, (0, []))
    if sorted(header) != sorted(COLUMNS):
        raise SettingsError(
            f"Nothing was imported: the first line must have these columns, separated by commas: {','.join(COLUMNS)}."
        )
    lines: list[ImportedLine] = []
    faults: list[str] = []
    for number, cells in rows:
        if not cells:
            continue
        try:
            lines.append(_line(number, header, cells))
        except ValueError as error:
            faults.append(f"Line {number}: {error}.")
    return lines, faults


def import_lines(
    storage: Storage, lines: Sequence[ImportedLine], author: str, at: datetime, faults: Sequence[str] = ()
) -> ImportReport:
    """Makes the corrections of a file that are not in force yet; `author` and `at` are the values of empty cells.

    `faults` are those of lines that could not be read.

    All lines are checked before the first one is imported: with a fault, nothing is imported. Then each recording has
    its own transaction. If the database or the raw store fails, some recordings are imported; repeat the import.

    Raises:
        SettingsError: a recording was purged, or its artifacts changed, during the import.
        PayloadError: the copy of a recording's corrections in the raw store is damaged.
        StoreError: database or raw store cannot be written.
    """
    report = ImportReport(faults=[*faults])
    by_recording: dict[str, list[ImportedLine]] = defaultdict(list)
    for line in lines:
        by_recording[line.recording_id].append(line)
    new: dict[str, list[StoredCorrection]] = {}
    for batch in batched(sorted(by_recording), BATCH):
        new |= _checked(storage, {each: by_recording[each] for each in batch}, author, at, report)
    report.faults.sort(key=_number)
    if report.faults:
        return ImportReport(faults=report.faults)
    for recording_id, corrections in new.items():
        if change := change_corrections(storage, recording_id, corrections).count:
            report.made += change
            report.recording_ids.append(recording_id)
    return report


def _checked(
    storage: Storage, lines: Mapping[str, list[ImportedLine]], author: str, at: datetime, report: ImportReport
) -> dict[str, list[StoredCorrection]]:
    """The corrections of some recordings that are not in force yet. Adds faults and unchanged lines to the report."""
    new: dict[str, list[StoredCorrection]] = {}
    with storage.database.reading() as connection:
        stored = {*connection.scalars(select(RECORDINGS.c.recording_id).where(RECORDINGS.c.recording_id.in_(lines)))}
        in_force = read_corrections(connection, CORRECTIONS.c.recording_id.in_(lines))
        for recording_id, of_recording in lines.items():
            if recording_id not in stored:
                report.faults += [f"Line {each.number}: the recording is not stored." for each in of_recording]
                continue
            held = in_force.get(recording_id, {})
            count = Counter(each.speaker_key for each in of_recording)
            twice = [each.number for each in of_recording if count[each.speaker_key] > 1]
            if twice:
                report.faults += [f"Line {number}: another line corrects the same speaker." for number in twice]
                continue
            changed = [each for each in of_recording if not each.is_in_force(held.get(each.speaker_key))]
            report.unchanged += len(of_recording) - len(changed)
            if not changed:
                continue
            wanted = [each.as_correction(author, at) for each in changed]
            after = {**held, **{each.speaker_key: each for each in wanted}}
            faults = faults_of(wanted, after, occurring_keys(connection, recording_id))
            of_line = ((each.number, faults.get(each.speaker_key)) for each in changed)
            report.faults += [f"Line {number}: {fault}." for number, fault in of_line if fault is not None]
            new[recording_id] = wanted
    return new


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file, each with the number of its first line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise SettingsError(f"Nothing was imported: line {number} is not UTF-8.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 1
    try:
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error:
        raise SettingsError(
            f"Nothing was imported: line {number} is no CSV. Quote cells that contain commas, quotes or line breaks."
        ) from None


def _line(number: int, header: Sequence[str], cells: Sequence[str]) -> ImportedLine:
    """Raises a ValueError with the fault of a line."""
    if len(cells) != len(header):
        raise ValueError(f"{len(cells)} cells instead of {len(header)}")
    values = dict(zip(header, map(text_of_cell, cells), strict=True))
    for name in REQUIRED:
        if not values[name]:
            raise ValueError(f"{name} is empty")
    try:
        recording_id = canonical_uuid(values["recording_id"])
    except SettingsError:
        raise ValueError("recording_id is no id of a recording") from None
    author, note = values["author"] or None, values["note"] or None
    statement = values["speaker_key"], values["kind"], values["target"]
    return ImportedLine(number, recording_id, *statement, author, _instant(values["at"]), note)


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        check_year(instant)
    except ValueError:
        raise ValueError("at is no instant such as 2026-03-02T09:30:00Z") from None
    return utc(instant)


def _number(fault: str) -> int:
    return int(fault.removeprefix("Line ").partition(":")[0])
