"""The recordings that an evaluation of a check reads, so that its result is about all of them.

At night, a check reads all recordings. A run of `sync_recordings` reads those that can have another result than at the
last evaluation:

    checks of the ledger      all recordings; the ledger is small
    checks of the metrics     those of its days and those written since then; all if the check did not pass
    missing artifacts         all recordings: the result also changes by time and by artifacts of other recordings
    checks of large tables    those written since then, and those with violations then

Other runs can overlap, die before their checks, or contain no checks. Their recordings count as written since then.

A check of large tables with more violations than an evaluation lists stays failed. Its count is then that of the
recordings read, until the night or until they have none left.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple

import dagster as dg
from sqlalchemy import Connection

from meeting_assets.health.changed_recordings import changed_recordings, database_now
from meeting_assets.health.check import MAX_LISTED, RECORDINGS_PER_QUERY, Check, Violation, Violations

MAX_EVALUATIONS_READ = 25
VIOLATIONS = "violations"
"""Metadata key of the number of violations."""
NEWEST = "newest"
"""Metadata key of the table of violations."""
READ_AT = "read_at"
"""Metadata key of the instant of an evaluation, by the clock of the meetings database."""
IS_PARTIAL = "is_partial"
"""Metadata key of an evaluation that does not know the violations of all recordings."""
COLUMNS = dg.TableSchema(
    [
        dg.TableColumn("recording_id", description="id of the recording at Recall.ai"),
        dg.TableColumn("day", description="partition of the recording"),
        dg.TableColumn("about", description="kind of artifact, table, or category of a missed meeting"),
        dg.TableColumn("location", description="position in the payload or table, or start of the violation"),
    ]
)


class Evaluation(NamedTuple):
    """The violations that were found, and which recordings were read if not all."""

    violations: Violations
    scope: str | None = None
    is_partial: bool = False


class Evaluator:
    """Evaluates checks as of one instant, in one transaction; `days` are those of the run, if it has any."""

    def __init__(self, connection: Connection, at: datetime, days: Collection[date] | None) -> None:
        self.read_at = database_now(connection)
        self._connection = connection
        self._at = at
        self._days = days
        self._changed: dict[datetime, frozenset[str]] = {}

    def of_all(self, check: Check) -> Evaluation:
        """Evaluates a check for all recordings."""
        return Evaluation(check.violations(self._connection, self._at))

    def of_days(self, check: Check, last: dg.AssetCheckEvaluation | None) -> Evaluation:
        """Evaluates a check that passed for the days of the run and the recordings that were written since then."""
        before = read_at_of(last)
        if check.always_reads_all or not self._days or last is None or not last.passed or before is None:
            return self.of_all(check)
        written = self._written_since(before)
        if len(written) > RECORDINGS_PER_QUERY:
            return self.of_all(check)
        first, until = min(self._days), max(self._days)
        days = f"{first}" if first == until else f"{first} to {until}"
        found = check.violations(self._connection, self._at, self._days, written)
        return Evaluation(
            found,
            f"Read the recordings of {days}, and those that were written since the last evaluation ({len(written)}). "
            "All others passed in it.",
        )

    def of_written(self, check: Check, last: dg.AssetCheckEvaluation | None) -> Evaluation:
        """Evaluates a check for the recordings that were written since its last evaluation or failed in it."""
        before = read_at_of(last)
        if not self._days or last is None or before is None:
            return self.of_all(check)
        read = self._written_since(before) | listed_recordings(last)
        found = check.violations_of(self._connection, read)
        scope = f"Read the recordings that were written since the last evaluation or failed in it ({len(read)})."
        if knows_all_violations(last):
            return Evaluation(found, f"{scope} All others passed in it.")
        if found.count == 0:
            return self.of_all(check)
        return Evaluation(found, f"{scope} Others can fail, too: all are read at night.", is_partial=True)

    def _written_since(self, since: datetime) -> frozenset[str]:
        if since not in self._changed:
            self._changed[since] = changed_recordings(self._connection, since)
        return self._changed[since]


def last_evaluation(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    """The last evaluation of a check; plans of runs that are in progress or have died are no evaluations."""
    records = instance.event_log_storage.get_asset_check_execution_history(key, MAX_EVALUATIONS_READ)
    return next((each.evaluation for each in records if isinstance(each.evaluation, dg.AssetCheckEvaluation)), None)


def read_at_of(evaluation: dg.AssetCheckEvaluation | None) -> datetime | None:
    """The instant at which an evaluation read the rows; None for evaluations of former versions."""
    value = evaluation.metadata.get(READ_AT) if evaluation is not None else None
    return datetime.fromtimestamp(value.value, UTC) if isinstance(value, dg.TimestampMetadataValue) else None


def knows_all_violations(evaluation: dg.AssetCheckEvaluation) -> bool:
    """Whether every violation of the time of an evaluation is in a recording that it lists."""
    count = evaluation.metadata.get(VIOLATIONS)
    is_listed = count is not None and isinstance(count.value, int) and count.value <= MAX_LISTED
    return IS_PARTIAL not in evaluation.metadata and (evaluation.passed or is_listed)


def listed_recordings(evaluation: dg.AssetCheckEvaluation) -> frozenset[str]:
    """The recordings with violations that an evaluation lists."""
    table = evaluation.metadata.get(NEWEST)
    if not isinstance(table, dg.TableMetadataValue):
        return frozenset()
    return frozenset(str(record.data["recording_id"]) for record in table.records)


def violation_table(violations: Iterable[Violation]) -> dg.TableMetadataValue:
    """The violations that an evaluation lists, without names and titles."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "recording_id": violation.recording_id,
                    "day": violation.day.isoformat() if violation.day else None,
                    "about": violation.source,
                    "location": violation.location,
                }
            )
            for violation in violations
        ],
        schema=COLUMNS,
    )
