"""Checks cover all days: a violation is reported until it is fixed, independent of later runs.

Every run of `sync_recordings` evaluates all checks, and reads the recordings alone whose result can have changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import select

from meeting_assets.artifacts.transcript import TranscriptWords
from meeting_assets.core.instants import now
from meeting_assets.health.check import MAX_LISTED, Check
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.media_checks import media_checks
from meeting_assets.health.metric_checks import metric_checks
from meeting_assets.health.table_checks import table_checks
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.orchestration.assets import evaluations as evaluations_module
from meeting_assets.orchestration.assets.evaluations import Evaluator, last_evaluation
from meeting_assets.orchestration.assets.ingestion_check import YESTERDAY_WAS_INGESTED
from meeting_assets.orchestration.workspace import CHECK_TABLES
from meeting_assets.sandbox import Recording, Sandbox, combined, uniform
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.runs import run_once, run_successfully
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT

DAY_5, DAY_6 = date(2026, 3, 5), date(2026, 3, 6)
ONE_DAY, BOTH_DAYS = "checks of a day", "checks of two days"
UNREADABLE = b'[{"participant": 7}]'
METRICS, QUALITY = table_of(MeetingMetrics), table_of(DataQuality)
WORDS = table_of(TranscriptWords)
METRIC_CHECK = "meeting_metrics", "every_meetings_numbers_add_up"
MISSING_CHECK = "data_quality", "nothing_that_is_measured_is_missing"
COUNT_CHECK = "participants", "every_counted_row_is_there"
WORD_CHECK = "transcript_words", "words_lie_inside_their_utterance"
QUARANTINE_CHECK = "transcript_words", "nothing_is_quarantined"

Evaluations = dict[tuple[str, str], dg.AssetCheckEvaluation]

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    days = [uniform(DAY_5, recordings=2), uniform(DAY_6, recordings=1)]
    with Sandbox(combined(days), download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


def evaluations(run_id: str) -> Evaluations:
    """The evaluations of a run, by asset and check."""
    with dg.DagsterInstance.get() as instance:
        events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    said = [entry.dagster_event.asset_check_evaluation_data for entry in events if entry.dagster_event]
    return {(each.asset_key.to_user_string(), each.check_name): each for each in said}


def named(evaluation: dg.AssetCheckEvaluation) -> list[dict[str, object]]:
    """The rows of the table of a failed check."""
    table = evaluation.metadata["newest"]
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]


def test_check_reports_a_violation_of_another_day_until_it_is_fixed(sandbox: Sandbox, defs: dg.Definitions) -> None:
    broken = next(each for each in sandbox.world.recordings if each.day == DAY_5)
    transcript = broken.of("transcript")[0]
    readable = sandbox.payload(transcript.id, "transcript")
    sandbox.set_payload(transcript.id, "transcript", UNREADABLE)
    sync_days([DAY_5])

    next_day = run_successfully(defs, [DAY_6])
    sandbox.reissue(transcript.id, {"transcript": readable})
    fixed = run_successfully(defs, [DAY_5])

    evaluation = evaluations(next_day.run_id)[QUARANTINE_CHECK]
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert evaluation.metadata["violations"].value == 1
    assert named(evaluation) == [
        {
            "recording_id": broken.id,
            "day": DAY_5.isoformat(),
            "about": "transcript",
            "location": "[0].participant: expected object, got int",
        }
    ]
    assert evaluations(fixed.run_id)[QUARANTINE_CHECK].passed


def all_checks() -> list[Check]:
    return [*ledger_checks(), *media_checks([]), *metric_checks(), *table_checks()]


def test_every_run_of_days_evaluates_all_checks(defs: dg.Definitions) -> None:
    outcome = run_successfully(defs, [DAY_6])

    found = evaluations(outcome.run_id)
    assert set(found) == {(check.table, check.name) for check in all_checks()}
    assert all(each.passed for each in found.values())


@pytest.mark.deployment
def test_a_range_evaluates_them_once(defs: dg.Definitions) -> None:
    outcome = run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])

    with dg.DagsterInstance.get() as instance:
        events = instance.all_logs(outcome.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert len(events) == len(all_checks())


def set_silence(day: date, silence_s: float) -> None:
    """Derives metrics of a day with these seconds of silence. A violation results unless they are right."""
    of_day = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day == day)
    values = {"silence_s": silence_s, "derived_at": now()}
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(METRICS.update().where(METRICS.c.recording_id.in_(of_day)).values(values))


def silence_s(day: date) -> float:
    query = select(METRICS.c.silence_s).join(RECORDINGS, RECORDINGS.c.recording_id == METRICS.c.recording_id)
    with open_test_storage() as storage, storage.database.reading() as connection:
        return float(connection.scalars(query.where(RECORDINGS.c.day == day)).first() or 0)


def nightly_checks(defs: dg.Definitions) -> Evaluations:
    """The evaluations of a run of the nightly job."""
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def(CHECK_TABLES).execute_in_process(instance=instance)
    assert result.success
    return evaluations(result.run_id)


def test_run_without_new_rows_reads_the_metrics_of_its_days_alone(defs: dg.Definitions) -> None:
    run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])
    set_silence(DAY_5, 1e6)
    age_rows()

    of_another_day = run_successfully(defs, [DAY_6])
    of_the_day = run_successfully(defs, [DAY_5])

    assert evaluations(of_another_day.run_id)[METRIC_CHECK].passed
    assert not evaluations(of_the_day.run_id)[METRIC_CHECK].passed


def test_metric_check_finds_rows_of_a_run_that_ended_before_its_checks(defs: dg.Definitions) -> None:
    run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])
    age_rows()
    set_silence(DAY_5, 1e6)

    next_day = evaluations(run_successfully(defs, [DAY_6]).run_id)[METRIC_CHECK]

    assert next_day.metadata["violations"].value == 2
    assert {row["day"] for row in named(next_day)} == {DAY_5.isoformat()}


def test_metric_check_finds_a_violation_that_an_overlapping_run_found_first(defs: dg.Definitions) -> None:
    """Both runs read the same evaluation, and the run without wrong numbers stores its result last."""
    run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])
    age_rows()
    check = next(each for each in metric_checks() if (each.table, each.name) == METRIC_CHECK)
    with dg.DagsterInstance.get() as instance:
        last = last_evaluation(instance, dg.AssetCheckKey(dg.AssetKey(check.table), check.name))
    set_silence(DAY_5, 1e6)

    first = evaluations(run_successfully(defs, [DAY_5]).run_id)[METRIC_CHECK]
    with open_test_storage() as storage, storage.database.reading() as connection:
        second = Evaluator(connection, now(), [DAY_6]).of_days(check, last)

    assert last is not None
    assert last.passed
    assert first.metadata["violations"].value == second.violations.count == 2
    assert {each.day for each in second.violations.newest} == {DAY_5}
    assert second.scope == (
        "Read the recordings of 2026-03-06, and those that were written since the last evaluation (2). "
        "All others passed in it."
    )


def test_metric_check_reads_all_recordings_after_more_were_written_than_a_query_names(
    defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])
    monkeypatch.setattr(evaluations_module, "RECORDINGS_PER_QUERY", 1)

    evaluation = evaluations(run_successfully(defs, [DAY_6]).run_id)[METRIC_CHECK]

    assert evaluation.passed
    assert evaluation.description is None


def test_missing_artifact_of_an_unchanged_recording_of_another_day_is_found(defs: dg.Definitions) -> None:
    """An artifact that is awaited becomes missing by time alone."""
    run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])
    of_day = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day == DAY_5)
    with open_test_storage() as storage, storage.database.writing() as connection:
        is_of_day = QUALITY.c.recording_id.in_(of_day)
        connection.execute(QUALITY.update().where(is_of_day).values(missing_kinds="speaker_timeline"))
    age_rows()

    evaluation = evaluations(run_successfully(defs, [DAY_6]).run_id)[MISSING_CHECK]

    assert evaluation.metadata["violations"].value == 2
    assert {row["day"] for row in named(evaluation)} == {DAY_5.isoformat()}


def test_failing_metric_check_covers_all_days_until_it_passes(defs: dg.Definitions) -> None:
    run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])
    right = silence_s(DAY_5)
    set_silence(DAY_5, 1e6)

    at_night = nightly_checks(defs)
    next_day = run_successfully(defs, [DAY_6])
    set_silence(DAY_5, right)
    after_the_fix = run_successfully(defs, [DAY_6])

    assert at_night[METRIC_CHECK].metadata["violations"].value == 2
    assert evaluations(next_day.run_id)[METRIC_CHECK].metadata["violations"].value == 2
    assert {row["day"] for row in named(evaluations(next_day.run_id)[METRIC_CHECK])} == {DAY_5.isoformat()}
    assert evaluations(after_the_fix.run_id)[METRIC_CHECK].passed


def test_first_evaluation_of_a_metric_check_covers_all_days(defs: dg.Definitions) -> None:
    """A database can be older than the history of runs."""
    sync_days([DAY_5, DAY_6])
    set_silence(DAY_5, 1e6)

    outcome = run_successfully(defs, [DAY_6])

    assert evaluations(outcome.run_id)[METRIC_CHECK].metadata["violations"].value == 2


def age_rows() -> None:
    """Moves the times of all rows into the past, so that no recording counts as written."""
    yesterday = now() - timedelta(days=1)
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(LEDGER.update().values(modified_at=yesterday))
        connection.execute(METRICS.update().values(derived_at=yesterday))


def set_row_count(recording: Recording, row_count: int, modified_at: datetime) -> None:
    """Sets the number of participants in the ledger. A violation results unless it is right."""
    is_row = LEDGER.c.recording_id == recording.id, LEDGER.c.kind == "participants"
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(LEDGER.update().where(*is_row).values(row_count=row_count, modified_at=modified_at))


def set_word_ends(days: Sequence[date], by_s: float) -> None:
    """Moves the ends of all words. They then lie outside their utterances."""
    of_days = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.in_(days))
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(WORDS.update().where(WORDS.c.recording_id.in_(of_days)).values(end_s=WORDS.c.end_s + by_s))


def test_a_run_finds_rows_of_any_day_that_were_written_since_the_last_evaluation(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])
    age_rows()
    of_day_5 = next(each for each in sandbox.world.recordings if each.day == DAY_5)
    set_row_count(of_day_5, 77, now())

    run = run_successfully(defs, [DAY_6])

    found = evaluations(run.run_id)
    assert [key for key, each in found.items() if not each.passed] == [COUNT_CHECK]
    assert [row["recording_id"] for row in named(found[COUNT_CHECK])] == [of_day_5.id]
    assert (found[COUNT_CHECK].description or "").endswith("(1). All others passed in it.")


def test_table_check_that_failed_at_night_fails_until_the_fault_is_repaired(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    """The nightly job alone reads recordings that were not written since the last evaluation."""
    run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])
    age_rows()
    of_day_5 = next(each for each in sandbox.world.recordings if each.day == DAY_5)
    long_ago = now() - timedelta(days=1)

    set_row_count(of_day_5, 77, long_ago)
    runs = [evaluations(run_successfully(defs, [DAY_6]).run_id)[COUNT_CHECK]]
    at_night = nightly_checks(defs)[COUNT_CHECK]
    runs += [evaluations(run_successfully(defs, [DAY_6]).run_id)[COUNT_CHECK] for _ in range(2)]
    set_row_count(of_day_5, 3, long_ago)
    runs.append(evaluations(run_successfully(defs, [DAY_6]).run_id)[COUNT_CHECK])

    assert not at_night.passed
    assert at_night.description is None
    assert [each.metadata["violations"].value for each in runs] == [0, 1, 1, 0]
    assert [(each.description or "")[-29:] for each in runs] == [
        f"({read}). All others passed in it." for read in (0, 1, 1, 1)
    ]


def test_run_names_the_limit_of_its_result_if_more_rows_fail_than_an_evaluation_lists(defs: dg.Definitions) -> None:
    run_once(BOTH_DAYS, defs, [DAY_5, DAY_6])
    age_rows()

    set_word_ends([DAY_5, DAY_6], 1e6)
    at_night = nightly_checks(defs)[WORD_CHECK]
    partial = evaluations(run_successfully(defs, [DAY_6]).run_id)[WORD_CHECK]
    set_word_ends([DAY_6], -1e6)
    after_a_repair = evaluations(run_successfully(defs, [DAY_6]).run_id)[WORD_CHECK]
    set_word_ends([DAY_5], -1e6)
    after_both = evaluations(run_successfully(defs, [DAY_6]).run_id)[WORD_CHECK]

    counts = [int(str(each.metadata["violations"].value)) for each in (at_night, partial, after_a_repair, after_both)]
    assert counts[0] == counts[1] + counts[2] > MAX_LISTED
    assert {row["day"] for row in named(partial)} == {DAY_6.isoformat()}
    assert (partial.description or "").endswith("(1). Others can fail, too: all are read at night.")
    assert {row["day"] for row in named(after_a_repair)} == {DAY_5.isoformat()}
    assert after_a_repair.description is None
    assert after_both.passed


@pytest.mark.parametrize("days", [[DAY_6], [DAY_5, DAY_6]], ids=["a single day", "a range"])
def test_no_check_is_shown_as_not_evaluated_after_a_run(defs: dg.Definitions, days: list[date]) -> None:
    run_once(ONE_DAY, defs, [DAY_5])
    run = run_successfully(defs, days)

    with dg.DagsterInstance.get() as instance:
        newest = {check: instance.get_latest_materialization_event(dg.AssetKey(check.table)) for check in all_checks()}

    assert {entry.run_id for entry in newest.values() if entry} == {run.run_id}
    assert {(check.table, check.name) for check in newest} == evaluations(run.run_id).keys()


def test_nightly_job_evaluates_all_checks(defs: dg.Definitions) -> None:
    run_once(ONE_DAY, defs, [DAY_5])
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(LEDGER.update().where(LEDGER.c.kind == "participants").values(row_count=77))

    found = nightly_checks(defs)

    yesterday = "recordings", YESTERDAY_WAS_INGESTED
    assert set(found) == {yesterday} | {(check.table, check.name) for check in all_checks()}
    failed = [key for key, each in found.items() if not each.passed and key != yesterday]
    assert failed == [COUNT_CHECK]
    assert {row["location"] for row in named(found[failed[0]])} == {"77 rows expected, 3 found"}


def test_single_materialized_assets_evaluate_only_their_own_checks(defs: dg.Definitions) -> None:
    sync_days([DAY_6])
    job = defs.resolve_implicit_global_asset_job_def()

    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance, partition_key=DAY_6.isoformat(), asset_selection=[dg.AssetKey("participants")]
        )

    assert result.success
    assert set(evaluations(result.run_id)) == {
        ("participants", "nothing_is_quarantined"),
        ("participants", "every_counted_row_is_there"),
    }


def test_the_severity_says_whether_numbers_are_wrong_or_data_gets_lost(sandbox: Sandbox, defs: dg.Definitions) -> None:
    sandbox.add_recording(sandbox.world.recordings[0].created_at + timedelta(minutes=5), processing=True)

    outcome = run_successfully(defs, [DAY_5])

    stuck = evaluations(outcome.run_id)["recordings", "nothing_is_stuck_at_the_api"]
    assert (stuck.passed, stuck.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_every_check_description_says_how_to_fix_a_violation(defs: dg.Definitions) -> None:
    checks = all_checks()

    assert all("To fix" in check.description or "compare both" in check.description for check in checks)
    specs = {(spec.asset_key.to_user_string(), spec.name): spec.description for spec in _specs(defs)}
    assert "To fix" in (specs.pop(("recordings", YESTERDAY_WAS_INGESTED)) or "")
    assert specs == {(check.table, check.name): check.description for check in checks}


def _specs(defs: dg.Definitions) -> Iterator[dg.AssetCheckSpec]:
    for checks in defs.asset_checks or ():
        assert isinstance(checks, dg.AssetChecksDefinition)
        yield from checks.check_specs
