"""`doctor` prints each diagnosis and setting, leaks no secret, and leaves nothing behind."""

from __future__ import annotations

import json
from base64 import b64encode
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from meeting_assets.console import print_diagnostics
from meeting_assets.health.diagnostics.report import Diagnostics, Severity
from meeting_assets.orchestration.operations.doctor import diagnostics
from meeting_assets.sandbox import Sandbox
from meeting_assets.settings import Settings
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.diagnoses import DAY, HUSH, dagster_yaml
from meeting_assets_tests.support.snapshots import sync_once

SUBJECTS = [
    "API",
    "database",
    "ledger",
    "raw store",
    "raw objects",
    "publications",
    "Dagster home",
    "events",
    "daemon",
    "runs",
]

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


def test_a_healthy_home_is_found_healthy(database_url: str, sandbox: Sandbox) -> None:
    sync_once("doctor", [DAY])
    dagster_yaml()

    done = command("doctor")

    assert done.returncode == 0, done.stdout + done.stderr
    marked = [line for line in done.stdout.splitlines() if line[:1] in {"✓", "!", "✗"}]
    assert [line[2:].split("  ")[0] for line in marked] == SUBJECTS
    assert [line[0] for line in marked] == ["✓", "✓", "✓", "✓", "✓", "✓", "✓", "✓", "!", "✓"]
    assert "daemon-run" not in done.stdout
    assert "meetings from http://127.0.0.1" in done.stdout
    assert "2 recordings; no artifact needs an action" in done.stdout
    assert "No problem has to be fixed." in done.stdout
    assert done.stderr == ""


def test_unused_home_is_healthy(sandbox: Sandbox, home: Path) -> None:
    done = command("doctor")

    assert done.returncode == 0, done.stdout
    assert "contains no meetings yet" in done.stdout
    assert "`meeting-assets sync` or `meeting-assets dev` creates it" in done.stdout
    assert not (home / "dagster").exists()


def test_a_wrong_setting_is_the_only_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_REGION", "mars-1")

    done = command("doctor")
    document = json.loads(command("doctor", "--json").stdout)

    assert done.returncode == 3
    assert "✗ settings      RECALL_REGION is wrong" in done.stdout
    assert document["is_healthy"] is False
    assert [each["subject"] for each in document["checks"]] == ["settings"]


def test_every_setting_is_shown_with_its_origin(sandbox: Sandbox, home: Path) -> None:
    document = json.loads(command("doctor", "--json").stdout)

    assert document["is_healthy"] is True
    assert set(document["settings"]) == {field.alias for field in Settings.model_fields.values()}
    assert document["settings"]["MEETING_ASSETS_HOME"] == {"value": str(home), "source": "environment"}
    assert document["settings"]["RECALL_API_KEY"] == {"value": "set", "source": "environment"}
    assert document["settings"]["RECALL_BASE_URL"] == {"value": sandbox.url, "source": "environment"}
    assert document["settings"]["MEETING_ASSETS_RAW_URL"] == {"value": str(home / "raw"), "source": "default"}
    assert document["settings"]["RECALL_WEBHOOK_SECRETS"] == {"value": "not set", "source": "default"}


def test_settings_are_shown_in_columns_and_as_they_are_documented(sandbox: Sandbox) -> None:
    lines = StringIO()
    print_diagnostics(Console(file=lines, width=200), Diagnostics(diagnostics().settings, iter([])))

    shown = [line.split() for line in lines.getvalue().splitlines() if "_" in line]
    assert len({line.index(" default ") for line in lines.getvalue().splitlines() if " default " in line}) == 1
    assert ["MEETING_ASSETS_INSTANCE_CREDENTIALS", "default", "off"] in shown
    assert ["MEETING_ASSETS_MEDIA", "default", "not", "set"] in shown


def test_a_broken_part_hides_no_other(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    dagster_yaml("run_launcher: {module: nowhere, class: Launcher}")
    monkeypatch.setenv("RECALL_API_KEY", "not-the-key")
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", "postgresql://me@127.0.0.1:1/meetings")
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", "/dev/null/raw")

    broken = [each.subject for each in diagnostics().checks if each.severity is Severity.ERROR]

    assert broken == ["API", "database", "raw store", "Dagster home"]


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

    assert [each.returncode for each in found] == [3, 3]
    for output in (text for each in found for text in (each.stdout, each.stderr)):
        assert HUSH not in output
        assert b64encode(HUSH.encode()).decode() not in output
    settings = json.loads(found[1].stdout)["settings"]
    assert settings["RECALL_WEBHOOK_SECRETS"]["value"] == "2 set"
    assert settings["MEETING_ASSETS_DATABASE_URL"]["value"] == "postgresql+psycopg://127.0.0.1:1/meetings"
    assert settings["MEETING_ASSETS_RAW_URL"]["value"] == "foo://bucket/raw"
