"""Checks cover all days: a violation is reported until it is fixed, independent of later runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pytest

from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.metric_checks import metric_checks
from meeting_assets.health.table_checks import table_checks
from meeting_assets.orchestration.assets.ingestion_check import YESTERDAY_WAS_INGESTED
from meeting_assets.orchestration.workspace import CHECK_TABLES
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.store.ledger import LEDGER
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.runs import run_successfully

DAY_5, DAY_6 = date(2026, 3, 5), date(2026, 3, 6)
UNREADABLE = b'[{"participant": 7}]'
QUARANTINE_CHECK = "transcript_words", "nothing_is_quarantined"

Evaluations = dict[tuple[str, str], dg.AssetCheckEvaluation]

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(combined([uniform(DAY_5, recordings=2), uniform(DAY_6, recordings=1)])) as running:
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


def test_every_run_evaluates_exactly_the_checks_of_the_ledger(defs: dg.Definitions) -> None:
    outcome = run_successfully(defs, [DAY_6])

    found = evaluations(outcome.run_id)
    assert set(found) == {(check.table, check.name) for check in ledger_checks()}
    assert all(each.passed for each in found.values())


@pytest.mark.deployment
def test_a_range_evaluates_them_once(defs: dg.Definitions) -> None:
    outcome = run_successfully(defs, [DAY_5, DAY_6])

    with dg.DagsterInstance.get() as instance:
        events = instance.all_logs(outcome.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert len(events) == len(ledger_checks())


def test_checks_of_tables_have_their_own_job(defs: dg.Definitions) -> None:
    sync_days([DAY_5])
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(LEDGER.update().where(LEDGER.c.kind == "participants").values(row_count=77))

    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def(CHECK_TABLES).execute_in_process(instance=instance)

    found = evaluations(result.run_id)
    assert result.success
    yesterday = "recordings", YESTERDAY_WAS_INGESTED
    assert set(found) == {yesterday} | {(check.table, check.name) for check in [*table_checks(), *metric_checks()]}
    failed = [key for key, each in found.items() if not each.passed and key != yesterday]
    assert failed == [("participants", "every_counted_row_is_there")]
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
    checks = [*ledger_checks(), *table_checks(), *metric_checks()]

    assert all("To fix" in check.description or "compare both" in check.description for check in checks)
    specs = {(spec.asset_key.to_user_string(), spec.name): spec.description for spec in _specs(defs)}
    assert "To fix" in (specs.pop(("recordings", YESTERDAY_WAS_INGESTED)) or "")
    assert specs == {(check.table, check.name): check.description for check in checks}


def _specs(defs: dg.Definitions) -> Iterator[dg.AssetCheckSpec]:
    for checks in defs.asset_checks or ():
        assert isinstance(checks, dg.AssetChecksDefinition)
        yield from checks.check_specs
