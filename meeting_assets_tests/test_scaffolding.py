"""`dg scaffold` adds workspaces to a project of `create-dagster`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meeting_assets_tests.support.folders import COMPONENT, ROOT, add_module, create_project

KEY = "planted-api-key"
REPORT = """
import dagster as dg


@dg.asset(deps=[dg.AssetKey(["sales_meetings", "meeting_metrics"])])
def report(): ...
"""


@pytest.mark.deployment
def test_dg_scaffolds_two_workspaces_into_a_project(tmp_path: Path) -> None:
    project = create_project(tmp_path / "empty", [ROOT])
    add_module(project, "report", REPORT)
    for name in ("sales_meetings", "support_meetings"):
        project.output("dg", "scaffold", "defs", COMPONENT, name, RECALL_API_KEY=KEY)

    project.output("dg", "check", "yaml", RECALL_API_KEY=KEY)
    project.output("dg", "check", "defs", RECALL_API_KEY=KEY)
    listed = project.output("dg", "list", "defs", "--json", RECALL_API_KEY=KEY)

    written = (project.path / "src/host/defs/sales_meetings/defs.yaml").read_text()
    assert "{{ env.RECALL_API_KEY }}" in written
    assert "key_prefix: sales_meetings" in written
    keys = {each["asset_key"] for each in json.loads(listed)["assets"]}
    assert {"report", "sales_meetings/meeting_metrics", "support_meetings/meeting_metrics"} <= keys
    assert KEY not in listed
    assert not (project.path / "data").exists()
