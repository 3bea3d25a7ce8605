"""`dg scaffold` adds workspaces to a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

KEY, PASSWORD, SIGNATURE = "planted-api-key", "planted-password", "planted-webhook"
TIMEOUT_S = 240
COMMANDS = Path(sys.executable).parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an asset of its own, in the layout of `create-dagster`."""
    folder = tmp_path / "host"
    files = {
        "pyproject.toml": (
            '[project]\nname = "host"\nversion = "1"\n[tool.dg]\ndirectory_type = "project"\n'
            '[tool.dg.project]\nroot_module = "host"\n'
        ),
        "src/host/__init__.py": "",
        "src/host/definitions.py": (
            "from pathlib import Path\nimport dagster as dg\n\n@dg.definitions\ndef defs():\n"
            "    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)\n"
        ),
        "src/host/defs/__init__.py": "",
        "src/host/defs/report.py": (
            'import dagster as dg\n\n@dg.asset(deps=[dg.AssetKey(["sales_meetings", "meeting_metrics"])])\n'
            "def report(): ...\n"
        ),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def dagster_command(project: Path, *command: str) -> str:
    """The output of a command in the project."""
    own = {
        "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(project / "src"),
        "MEETING_ASSETS_HOME": str(project / "data"),
        "RECALL_API_KEY": KEY,
    }
    ended = subprocess.run(
        command, cwd=project, env=os.environ | own, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.deployment
def test_dg_scaffolds_two_workspaces_into_a_project(project: Path) -> None:
    for name in ("sales_meetings", "support_meetings"):
        dagster_command(project, "dg", "scaffold", "defs", "meeting_assets.MeetingAssetsComponent", name)

    dagster_command(project, "dg", "check", "yaml")
    dagster_command(project, "dg", "check", "defs")
    listed = dagster_command(project, "dg", "list", "defs", "--json")

    written = (project / "src/host/defs/sales_meetings/defs.yaml").read_text()
    assert "{{ env.RECALL_API_KEY }}" in written
    assert "key_prefix: sales_meetings" in written
    keys = {each["asset_key"] for each in json.loads(listed)["assets"]}
    assert {"report", "sales_meetings/meeting_metrics", "support_meetings/meeting_metrics"} <= keys
    assert KEY not in listed
    assert not (project / "data").exists()
