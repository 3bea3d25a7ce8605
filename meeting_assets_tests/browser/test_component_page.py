"""The page of the component in Dagster's UI, in a project with two workspaces; it also takes the picture of `docs`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from meeting_assets_tests.browser.test_tour import see, take_picture
from meeting_assets_tests.support.browsers import running_chromium
from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.folders import COMPONENT, ROOT, Folder, create_project, scaffold_workspace
from meeting_assets_tests.support.processes import HOST, Processes, listens

pytestmark = pytest.mark.deployment

WORKSPACES = "sales", "support"
NAME = "host"


class ProjectWebserver(Processes):
    """The webserver of a project."""

    def __init__(self, project: Folder) -> None:
        settings = {"DAGSTER_HOME": str(project.path.parent / "dagster"), "RECALL_API_KEY": "planted"}
        super().__init__(project.path, project.environment(settings))
        self._port = free_port()
        self.url = f"http://{HOST}:{self._port}"

    def _start(self) -> None:
        home = Path(self.settings["DAGSTER_HOME"])
        home.mkdir()
        # It leaves out Dagster's invitation to its community, which would cover the page.
        (home / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
        location = {"python_module": {"module_name": f"{NAME}.definitions", "location_name": NAME}}
        workspace = home / "workspace.yaml"
        workspace.write_text(json.dumps({"load_from": [location]}))
        self._launch("dagster-webserver", "-h", HOST, "-p", str(self._port), "-w", str(workspace))
        self._wait(lambda: listens(self._port))


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    project = create_project(tmp_path, [ROOT], NAME)
    for name in WORKSPACES:
        scaffold_workspace(project, name)
    with ProjectWebserver(project) as running, running_chromium() as browser:
        page = browser.new_page(base_url=running.url, viewport={"width": 1600, "height": 1000}, locale="en-US")
        page.goto("/")
        page.get_by_text("Hide navigation").click()
        yield page


def test_component_and_its_two_workspaces_are_shown_in_the_ui(page: Page, tmp_path: Path) -> None:
    library = f"/locations/{NAME}/components/library/packages/meeting_assets/{COMPONENT}"
    page.goto(f"/locations/{NAME}/definitions")
    see(page, *(f"{name}_metrics" for name in WORKSPACES))
    page.goto(library)
    see(page, f"dg scaffold defs {COMPONENT}", "key_prefix", "First parts of all asset keys")
    take_picture(page, "component", tmp_path)

    page.get_by_text("Example", exact=False).last.scroll_into_view_if_needed()
    see(page, "nightly_reconciliation", "sales_meetings")
