"""Corrections as CSV: one line per correction, as `core.csv_lines` describes.

recording_id,speaker_key,kind,target,author,at,note
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, true

from meeting_assets.core.batches import batched
from meeting_assets.core.csv_lines import CsvFault, CsvLine, csv_lines, csv_text, instant_of
from meeting_assets.core.errors import MeetingAssetsError, UsageError
from meeting_assets.core.ids import canonical_uuid
from meeting_assets.core.instants import to_iso8601
from meeting_assets.pipeline.correction_faults import faults_of
from meeting_assets.pipeline.corrections import change_corrections
from meeting_assets.pipeline.speakers import occurring_keys
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.corrections import CORRECTIONS, InForce, StoredCorrection, read_corrections
from meeting_assets.store.ledger import RECORDINGS

BATCH = 500
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
    adopted: int = 0
    """Corrections that only the raw store had (`pipeline.corrections`)."""
    recording_ids: list[str] = field(default_factory=list)
    """The recordings whose corrections were imported."""
    recording_count: int = 0
    """The number of recordings with corrections to import."""
    failure: MeetingAssetsError | None = None
    """The error that stopped the import."""
    faults: list[CsvFault] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        """Sentences about an import that was stopped; empty if it was not."""
        if self.failure is None:
            return []
        count = len(self.recording_ids)
        advice = f"{count} of {self.recording_count} recordings were imported. Import the file again."
        return [str(self.failure), advice]


def exported_csv(storage: Storage, recording_ids: Collection[str]) -> str:
    """The corrections in force of some recordings, or of all recordings if none is given."""
    condition = CORRECTIONS.c.recording_id.in_(recording_ids) if recording_ids else true()
    return as_csv(storage.database.read(lambda connection: read_corrections(connection, condition)))


def as_csv(corrections: Mapping[str, InForce]) -> str:
    """The CSV of corrections by recording."""
    return csv_text(
        COLUMNS,
        (
            (recording_id, *each.statement, each.author, to_iso8601(each.at), each.note or "")
            for recording_id, in_force in corrections.items()
            for each in in_force.values()
        ),
    )


def read_lines(content: bytes) -> tuple[list[ImportedLine], list[CsvFault]]:
    """The lines of a CSV file, and the faults of lines that cannot be read.

    Raises:
        UsageError: the file is no CSV in UTF-8 with the header.
    """
    read, faults = csv_lines(content, COLUMNS)
    lines: list[ImportedLine] = []
    for each in read:
        try:
            lines.append(_line(each))
        except ValueError as error:
            faults.append(CsvFault(each.number, str(error)))
    return lines, faults


def import_lines(
    storage: Storage, lines: Sequence[ImportedLine], author: str, at: datetime, faults: Sequence[CsvFault] = ()
) -> ImportReport:
    """Makes the corrections of a file that are not in force yet; `author` and `at` are the values of empty cells.

    `faults` are those of lines that could not be read.

    All lines are checked before the first one is imported: with a fault, nothing is imported. Then each recording has
    its own transaction. If one fails, the import stops with `ImportReport.failure`, and corrections of the recordings
    before it stay: the caller derives their metrics.
    """
    report = ImportReport(faults=[*faults])
    by_recording: dict[str, list[ImportedLine]] = defaultdict(list)
    for line in lines:
        by_recording[line.recording_id].append(line)
    new: dict[str, list[StoredCorrection]] = {}
    for batch in batched(sorted(by_recording), BATCH):
        new |= _checked(storage, {each: by_recording[each] for each in batch}, author, at, report)
    if report.faults:
        return ImportReport(faults=sorted(report.faults))
    report.recording_count = len(new)
    for recording_id, corrections in new.items():
        try:
            change = change_corrections(storage, recording_id, corrections)
        except MeetingAssetsError as error:
            report.failure = error
            break
        report.made += len(change.made)
        report.adopted += len(change.adopted)
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
                report.faults += [CsvFault(each.number, "the recording is not stored") for each in of_recording]
                continue
            held = in_force.get(recording_id, {})
            count = Counter(each.speaker_key for each in of_recording)
            twice = [each.number for each in of_recording if count[each.speaker_key] > 1]
            if twice:
                report.faults += [CsvFault(number, "another line corrects the same speaker") for number in twice]
                continue
            changed = [each for each in of_recording if not each.is_in_force(held.get(each.speaker_key))]
            report.unchanged += len(of_recording) - len(changed)
            if not changed:
                continue
            wanted = [each.as_correction(author, at) for each in changed]
            after = {**held, **{each.speaker_key: each for each in wanted}}
            faults = faults_of(wanted, after, occurring_keys(connection, recording_id))
            of_line = ((each.number, faults.get(each.speaker_key)) for each in changed)
            report.faults += [CsvFault(number, fault) for number, fault in of_line if fault is not None]
            new[recording_id] = wanted
    return new


def _line(line: CsvLine) -> ImportedLine:
    """Raises a ValueError with the fault of a line."""
    texts = line.texts
    for name in REQUIRED:
        if not texts[name]:
            raise ValueError(f"{name} is empty")
    try:
        recording_id = canonical_uuid(texts["recording_id"])
    except UsageError:
        raise ValueError("recording_id is no id of a recording") from None
    author, note = texts["author"] or None, texts["note"] or None
    statement = texts["speaker_key"], texts["kind"], texts["target"]
    return ImportedLine(line.number, recording_id, *statement, author, instant_of(texts["at"]), note)
