"""Diagnostics of `doctor`: each fault is a real one, no secret is printed, and nothing is changed."""

from __future__ import annotations

import json
import os
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import StringIO
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
import yaml  # type: ignore[import-untyped]
from rich.console import Console
from sqlalchemy import inspect

from meeting_assets.console import print_diagnostics
from meeting_assets.definitions import definitions
from meeting_assets.health.diagnostics.report import Diagnostics, HealthCheck, Severity
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.operations.doctor import diagnostics
from meeting_assets.orchestration.run_tags import PROCESS
from meeting_assets.orchestration.runs import JOB, dagster_instance
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets.schema.persistent import Meta
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.database import Database, table_of
from meeting_assets_tests.support.commands import command, kill, started
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.ui import until

DAY = date(2026, 3, 2)
SUBJECTS = ["API", "database", "ledger", "raw store", "raw objects", "Dagster home", "events", "daemon", "runs"]
OTHER_REGION = json.dumps(
    {
        "code": "authentication_failed",
        "detail": "Invalid API token, check that it is of us-east-1, us-west-2, eu-central-1 or ap-northeast-1.",
    }
)
HUSH = "hush-90c1"
LONG_S = 60.0

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20)) as running:
        use_sandbox(running, monkeypatch)
        yield running


def findings(subject: str) -> list[HealthCheck]:
    """What an examination finds of one thing."""
    return [each for each in diagnostics().checks if each.subject == subject]


def only_finding(subject: str) -> HealthCheck:
    (found,) = findings(subject)
    return found


@pytest.fixture
def dagster_home() -> None:
    """Each test creates the Dagster home that it needs."""


def dagster_yaml(text: str | None = None) -> Path:
    """Dagster's home with another dagster.yaml, or with the shipped one."""
    prepare_home(read_settings())
    path = read_settings().dagster_home / "dagster.yaml"
    if text is not None:
        path.write_text(text)
    return path


def test_a_healthy_home_is_found_healthy(database_url: str, sandbox: Sandbox) -> None:
    sync_days([DAY])
    dagster_yaml()

    done = command("doctor")

    assert done.returncode == 0, done.stdout + done.stderr
    marked = [line for line in done.stdout.splitlines() if line[:1] in {"✓", "!", "✗"}]
    assert [line[2:].split("  ")[0] for line in marked] == SUBJECTS
    assert [line[0] for line in marked] == ["✓", "✓", "✓", "✓", "✓", "✓", "✓", "!", "✓"]
    assert "daemon-run" not in done.stdout
    assert "meetings from http://127.0.0.1" in done.stdout
    assert "2 recordings; no artifact needs an action" in done.stdout
    assert "No problem has to be fixed." in done.stdout
    assert done.stderr == ""


def test_differences_of_ledger_and_raw_store_are_named(database_url: str, sandbox: Sandbox, home: Path) -> None:
    sync_days([DAY])
    lost, half_written, older, *_ = sorted((home / "raw" / str(DAY)).rglob("*.zst"))
    stranger = older.parent.parent.parent / "transcript" / str(uuid4()) / older.name
    stranger.parent.mkdir(parents=True)
    shutil.copy(older, stranger)
    shutil.copy(older, older.with_name("0" * 64 + ".zst"))
    shutil.copy(half_written, half_written.with_name(half_written.name + "#1"))
    lost.unlink()
    for path in (stranger, half_written.with_name(half_written.name + "#1")):
        os.utime(path, (0, 0))

    found = [f"{each.severity} {each.sentence}" for each in findings("raw objects")]

    assert [each.split()[0] for each in found] == ["error", "warning", "warning", "ok"]
    assert str(lost.relative_to(home / "raw")) in found[0]
    assert str(stranger.relative_to(home / "raw")) in found[1]
    assert f"{half_written.name}#1" in found[2]
    assert "1 of them earlier contents, of 1 day," in found[3]


def test_objects_of_a_write_in_progress_are_not_reported_as_unknown(
    database_url: str, sandbox: Sandbox, home: Path
) -> None:
    sync_days([DAY])
    kept = next((home / "raw" / str(DAY)).rglob("*.zst"))
    shutil.copytree(kept.parent, kept.parent.with_name(str(uuid4())))
    shutil.copy(kept, kept.with_name(kept.name + "#1"))

    assert only_finding("raw objects").severity is Severity.OK


def test_unused_home_is_healthy(sandbox: Sandbox, home: Path) -> None:
    done = command("doctor")

    assert done.returncode == 0, done.stdout
    assert "holds no meetings yet" in done.stdout
    assert "`meeting-assets sync` or `meeting-assets dev` creates it" in done.stdout
    assert not (home / "dagster").exists()


def test_doctor_removes_its_probes(database_url: str, sandbox: Sandbox, home: Path) -> None:
    assert only_finding("database").severity is Severity.OK
    assert only_finding("raw store").severity is Severity.OK

    database = Database.at(database_url)
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    database.close()
    assert [*(home / "raw").iterdir()] == []


def test_doctor_removes_its_probes_from_a_used_database(database_url: str, sandbox: Sandbox) -> None:
    def meta() -> dict[str, str]:
        with open_test_storage() as storage, storage.database.reading() as connection:
            return dict(connection.execute(table_of(Meta).select()).all())

    before = meta()

    assert only_finding("database").severity is Severity.OK

    assert meta() == before


def test_a_wrong_setting_is_the_only_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_REGION", "mars-1")

    done = command("doctor")
    document = json.loads(command("doctor", "--json").stdout)

    assert done.returncode == 1
    assert "✗ settings      RECALL_REGION is wrong" in done.stdout
    assert document["healthy"] is False
    assert [each["subject"] for each in document["findings"]] == ["settings"]


def test_every_setting_is_shown_with_its_origin(sandbox: Sandbox, home: Path) -> None:
    document = json.loads(command("doctor", "--json").stdout)

    assert document["healthy"] is True
    assert set(document["settings"]) == {field.alias for field in Settings.model_fields.values()}
    assert document["settings"]["MEETING_ASSETS_HOME"] == {"value": str(home), "source": "environment"}
    assert document["settings"]["RECALL_API_KEY"] == {"value": "set", "source": "environment"}
    assert document["settings"]["RECALL_BASE_URL"] == {"value": sandbox.url, "source": "environment"}
    assert document["settings"]["MEETING_ASSETS_RAW_URL"] == {"value": str(home / "raw"), "source": "default"}
    assert document["settings"]["RECALL_WEBHOOK_SECRETS"] == {"value": "not set", "source": "default"}


def test_a_key_that_is_missing_is_named(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_API_KEY")

    found = only_finding("API")

    assert found.severity is Severity.ERROR
    assert found.sentence.startswith("RECALL_API_KEY is not set")


def test_a_wrong_key_is_found(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_API_KEY", "not-the-key")

    found = only_finding("API")

    assert found.severity is Severity.ERROR
    assert "check RECALL_API_KEY" in found.sentence
    assert f"The address {sandbox.url} comes from RECALL_BASE_URL" in found.sentence
    assert command("doctor").returncode == 1


def test_a_key_of_another_region_is_found(sandbox: Sandbox) -> None:
    sandbox.inject(Fault("/api/v1/recording/", times=None, status=401, body=OTHER_REGION))

    found = only_finding("API")

    assert found.severity is Severity.ERROR
    assert "RECALL_REGION (a key works in its own region only)" in found.sentence
    assert sandbox.url in found.sentence


@pytest.mark.parametrize(
    ("region", "sentence"),
    [
        ("eu-central-1", "The address https://eu-central-1.recall.ai comes from RECALL_REGION eu-central-1."),
        (None, "The address https://us-east-1.recall.ai is the default, because RECALL_REGION is not set."),
    ],
)
def test_an_api_out_of_reach_is_found_and_its_region_named(
    monkeypatch: pytest.MonkeyPatch, region: str | None, sentence: str
) -> None:
    monkeypatch.setenv("RECALL_API_KEY", HUSH)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    if region:
        monkeypatch.setenv("RECALL_REGION", region)

    found = only_finding("API")

    assert found.severity is Severity.ERROR
    assert "It does not answer" in found.sentence
    assert "no connection" in found.sentence
    assert sentence in found.sentence


@pytest.mark.parametrize("url", ["file:///sys", "/dev/null/raw"])
def test_a_raw_store_that_cannot_be_written_is_found(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", url)

    found = only_finding("raw store")

    assert found.severity is Severity.ERROR
    assert "check MEETING_ASSETS_RAW_URL" in found.sentence


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (f"postgresql://me:{HUSH}@127.0.0.1:1/meetings", "does not answer"),
        ("sqlite:////dev/null/meetings.db", "folder cannot be created"),
        ("sqlite:////proc", "cannot be opened"),
    ],
)
def test_a_database_that_is_down_is_found(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, url: str, cause: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)

    found = only_finding("database")

    assert found.severity is Severity.ERROR
    assert cause in found.sentence
    assert "heck MEETING_ASSETS_DATABASE_URL" in found.sentence
    assert HUSH not in found.sentence


def test_the_meetings_of_another_region_are_found(
    database_url: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_BASE_URL", "https://us-west-2.recall.ai")
    with open_test_storage():
        pass
    use_sandbox(sandbox, monkeypatch)

    for subject in ("database", "raw store"):
        found = only_finding(subject)
        assert found.severity is Severity.ERROR
        assert "It contains meetings from https://us-west-2.recall.ai" in found.sentence
        assert "RECALL_REGION" in found.sentence
    assert command("doctor").returncode == 1


def test_sandbox_meetings_in_a_real_home_are_reported(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_test_storage():
        pass
    monkeypatch.setenv("RECALL_BASE_URL", "https://127.0.0.2:1")

    found = only_finding("database")

    assert found.severity is Severity.ERROR
    assert "They come from a sandbox. Choose another MEETING_ASSETS_HOME for real meetings." in found.sentence


def test_a_database_of_a_newer_version_is_found(sandbox: Sandbox) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        meta = table_of(Meta)
        connection.execute(meta.update().where(meta.c.name == "schema_version").values(value="99"))

    found = only_finding("database")

    assert found.severity is Severity.ERROR
    assert "upgrade meeting_assets" in found.sentence


def test_tables_that_are_missing_are_named(database_url: str, sandbox: Sandbox) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE transcript_words")

    fine, missing = findings("database")

    assert fine.severity is Severity.OK
    assert missing.severity is Severity.WARNING
    assert "transcript_words" in missing.sentence


def test_action_items_are_counted(sandbox: Sandbox) -> None:
    first, second = sandbox.world.recordings
    sandbox.set_payload(first.of("transcript")[0].id, "transcript", b"[7]")
    sandbox.inject(Fault(f"speaker_timeline:{second.of('participant_events')[0].id}", times=None, expired=True))
    sync_days([DAY])

    found = only_finding("ledger")

    assert found.severity is Severity.WARNING
    assert (
        "2 artifacts need a person's action, 1 artifacts are not fetched or not parsed. Run `meeting-assets status`"
        in found.sentence
    )


def test_a_dagster_home_that_is_missing_is_found(sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(home / "elsewhere"))

    found = only_finding("Dagster home")

    assert found.severity is Severity.ERROR
    assert f"DAGSTER_HOME names {home / 'elsewhere'}, which does not exist" in found.sentence
    assert not (home / "elsewhere").exists()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("telemetry: {enabled: false", "is not valid YAML in line 1"),
        ("- telemetry", "is not a mapping of settings"),
        ("telemetri: {enabled: false}", "telemetri (field not defined)"),
        ("run_monitoring: {enabled: true, poll_seconds: 3}", "run_monitoring.poll_seconds (field not defined)"),
        (f"telemetry: {{enabled: {HUSH}}}", "telemetry.enabled (runtime type mismatch)"),
        ("run_launcher: {module: nowhere.at_all, class: Launcher}", "couldn't import module nowhere.at_all"),
        ("run_launcher: {module: os, class: Launcher}", "couldn't find class Launcher"),
        ("run_coordinator: {module: nowhere, class: Coordinator}", "run_coordinator of dagster.yaml cannot be used"),
        (
            f"storage: {{postgres: {{postgres_url: 'postgresql://me:{HUSH}@127.0.0.1:1/dagster'}}}}",
            "couldn't import module dagster_postgres",
        ),
        ("storage: {sqlite: {base_dir: /dev/null/storage}}", "Dagster cannot use"),
    ],
)
def test_a_wrong_dagster_home_is_found(sandbox: Sandbox, text: str, cause: str) -> None:
    dagster_yaml(text)

    errors = [each.sentence for each in findings("Dagster home") if each.severity is Severity.ERROR]

    assert len(errors) == 1
    assert cause in errors[0]
    assert "dagster.yaml" in errors[0]
    assert HUSH not in errors[0]


def test_a_wrong_dagster_home_hides_no_orphaned_run(sandbox: Sandbox) -> None:
    with orphaned_run(sandbox) as run_id:
        path = dagster_yaml()
        path.write_text(f"{path.read_text()}\nrun_launcher: {{module: nowhere, class: Launcher}}\n")

        found = only_finding("runs")

    assert found.severity is Severity.WARNING
    assert run_id in found.sentence


def test_settings_missing_from_dagster_yaml_are_named(sandbox: Sandbox) -> None:
    path = dagster_yaml()
    path.write_text(
        path.read_text().replace("run_monitoring:", "run_retries_before:").partition("run_retries_before")[0]
    )

    lacking, home = findings("Dagster home")

    assert lacking.severity is Severity.WARNING
    assert "run_monitoring" in lacking.sentence
    assert home.severity is Severity.OK


@pytest.mark.parametrize(
    "storage",
    ["storage: {sqlite: {base_dir: {env: DAGSTER_HOME}}}", "run_storage: {module: nowhere, class: Runs}"],
)
def test_another_storage_is_not_reported_as_missing(sandbox: Sandbox, storage: str) -> None:
    shipped = yaml.safe_load(dagster_yaml().read_text())
    dagster_yaml(yaml.safe_dump({key: each for key, each in shipped.items() if key != "storage"}) + storage)

    assert not [each for each in findings("Dagster home") if "lacks" in each.sentence]


def test_a_dagster_home_without_settings_gets_the_shipped_ones(sandbox: Sandbox) -> None:
    path = dagster_yaml()
    path.unlink()

    found, home = findings("Dagster home")

    assert found.severity is Severity.WARNING
    assert home.severity is Severity.OK
    assert path.exists()


def test_relative_dagster_home_is_reported(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    dagster_yaml()
    monkeypatch.setenv("DAGSTER_HOME", "dagster")

    found, home = findings("Dagster home")

    assert found.severity is Severity.WARNING
    assert "not an absolute path" in found.sentence
    assert home.severity is Severity.OK


def test_doctor_shows_the_size_and_the_runs_of_dagsters_storage(sandbox: Sandbox) -> None:
    assert command("sync", "--from", str(DAY), "--to", str(DAY)).returncode == 0
    size_bytes = sum(path.stat().st_size for path in read_settings().dagster_home.rglob("*") if path.is_file())

    found = only_finding("Dagster home")

    assert found.severity is Severity.OK
    assert f"contains {size_bytes / 1e6:.1f} MB" in found.sentence
    assert " and 2 runs." in found.sentence


def test_stopped_daemon_is_reported_with_its_start_command(sandbox: Sandbox) -> None:
    dagster_yaml()

    found = only_finding("daemon")

    assert found.severity is Severity.WARNING
    assert f"DAGSTER_HOME={read_settings().dagster_home} dagster-daemon run" in found.sentence


@contextmanager
def orphaned_run(sandbox: Sandbox) -> Iterator[str]:
    """The run of a sync that was killed in its midst."""
    sandbox.inject(Fault("/api/v1/recording/", times=None, delay_s=LONG_S))
    prepare_home(read_settings())
    sync = started(("sync", "--from", str(DAY), "--to", str(DAY)), os.environ)
    try:
        until(lambda: PROCESS in only_run().tags, "the run's start", within_s=LONG_S)
    finally:
        kill(sync)
    sandbox.clear_faults()
    assert only_run().status is dg.DagsterRunStatus.STARTED
    yield only_run().run_id


def only_run() -> dg.DagsterRun:
    with dagster_instance() as instance:
        runs = instance.get_runs()
    return runs[0] if runs else dg.DagsterRun("none", run_id="none")


def test_an_orphaned_run_is_named_and_failed(sandbox: Sandbox) -> None:
    with orphaned_run(sandbox) as run_id:
        found = only_finding("runs")

    assert found.severity is Severity.WARNING
    assert run_id in found.sentence
    assert only_run().status is dg.DagsterRunStatus.FAILURE
    assert only_finding("runs").severity is Severity.OK


def test_a_run_without_a_heartbeat_is_named(sandbox: Sandbox) -> None:
    settings = read_settings()
    prepare_home(settings)
    job = definitions(settings).resolve_job_def(JOB)
    with dagster_instance() as instance:
        run_id = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id

    found = only_finding("runs")

    assert found.severity is Severity.WARNING
    assert f"no heartbeat and are left to dagster/max_runtime: {run_id}" in found.sentence


def test_settings_are_shown_in_columns_and_as_they_are_documented(sandbox: Sandbox) -> None:
    lines = StringIO()
    print_diagnostics(Console(file=lines, width=200), Diagnostics(diagnostics().settings, iter([])))

    shown = [line.split() for line in lines.getvalue().splitlines() if "_" in line]
    assert len({line.index(" default ") for line in lines.getvalue().splitlines() if " default " in line}) == 1
    assert ["MEETING_ASSETS_INSTANCE_CREDENTIALS", "default", "off"] in shown
    assert "MEETING_ASSETS_MEDIA" not in lines.getvalue()


def test_a_sync_fails_orphaned_runs_before_it_begins(sandbox: Sandbox) -> None:
    with orphaned_run(sandbox) as run_id:
        done = command("sync", "--from", str(DAY), "--to", str(DAY))

    assert done.returncode == 0, done.stderr
    assert f"Run {run_id} was marked as failed, because its process ended" in done.stderr
    with dagster_instance() as instance:
        statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses.pop(run_id) is dg.DagsterRunStatus.FAILURE
    assert set(statuses.values()) == {dg.DagsterRunStatus.SUCCESS}


def test_a_broken_part_hides_no_other(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    dagster_yaml("run_launcher: {module: nowhere, class: Launcher}")
    monkeypatch.setenv("RECALL_API_KEY", "not-the-key")
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", "postgresql://me@127.0.0.1:1/meetings")
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", "/dev/null/raw")

    broken = [each.subject for each in diagnostics().checks if each.severity is Severity.ERROR]

    assert broken == ["API", "database", "raw store", "Dagster home"]


def test_a_raw_store_that_is_broken_does_not_hide_the_ledger(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sync_days([DAY])
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", "/dev/null/raw")

    assert only_finding("ledger").severity is Severity.OK
    assert only_finding("raw store").severity is Severity.ERROR


def test_doctor_prints_no_secret(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    dagster_yaml(f"storage: {{postgres: {{postgres_url: 'postgresql://me:{HUSH}@127.0.0.1:1/dagster'}}}}")
    secrets = ",".join(f"whsec_{b64encode(HUSH.encode()).decode()}" for _ in range(2))
    for name, value in {
        "RECALL_API_KEY": HUSH,
        "RECALL_WEBHOOK_SECRETS": secrets,
        "MEETING_ASSETS_DATABASE_URL": f"postgresql://me:{HUSH}%2F@127.0.0.1:1/meetings?sslpassword={HUSH}",
        "MEETING_ASSETS_RAW_URL": f"foo://{HUSH}:{HUSH}%2F@bucket/raw?token={HUSH}",
        "MEETING_ASSETS_ALERT_URL": f"https://127.0.0.1/services/{HUSH}",
    }.items():
        monkeypatch.setenv(name, value)

    found = [command("doctor"), command("doctor", "--json")]

    assert [each.returncode for each in found] == [1, 1]
    for output in (text for each in found for text in (each.stdout, each.stderr)):
        assert HUSH not in output
        assert b64encode(HUSH.encode()).decode() not in output
    settings = json.loads(found[1].stdout)["settings"]
    assert settings["RECALL_WEBHOOK_SECRETS"]["value"] == "2 set"
    assert settings["MEETING_ASSETS_DATABASE_URL"]["value"] == "postgresql+psycopg://127.0.0.1:1/meetings"
    assert settings["MEETING_ASSETS_RAW_URL"]["value"] == "foo://bucket/raw"
