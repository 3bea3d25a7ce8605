"""The machine's own Chromium for tests of pages, and what a page does in it: errors, dialogs and requests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

COMMANDS = "chromium", "chromium-browser", "google-chrome"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SERIOUS = ("serious", "critical")
# Without `preload`, axe asks for the stylesheet again, which the page's content security policy forbids.
AXE_OPTIONS = {"resultTypes": ["violations"], "preload": False}


@dataclass
class Behaviour:
    """What went wrong in a page, and the addresses that it asked for."""

    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def dismiss(self, dialog: Dialog) -> None:
        """Records a dialog and closes it."""
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    @property
    def network_requests(self) -> list[str]:
        return [each for each in self.requests if not each.startswith(("file:", "data:"))]


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser; the test is skipped on machines without Chromium."""
    command = next(filter(None, map(shutil.which, COMMANDS)), None)
    if command is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def watched_page(browser: Browser, **options: Any) -> Iterator[tuple[Page, Behaviour]]:
    """A tab whose console, dialogs and requests are recorded; nothing may have gone wrong when it closes."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "timezone_id": "UTC", **options})
    page, behaviour = context.new_page(), Behaviour()
    page.on("console", lambda message: behaviour.faults.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: behaviour.faults.append(str(error)))
    page.on("dialog", behaviour.dismiss)
    page.on("request", lambda request: behaviour.requests.append(request.url))
    try:
        yield page, behaviour
    finally:
        context.close()
    assert behaviour.faults == []
    assert behaviour.network_requests == []


def serious_violations(page: Page) -> list[str]:
    """The serious and critical violations of accessibility that axe-core finds, with their elements."""
    found = Axe().run(page, options=AXE_OPTIONS).response["violations"]
    return [
        f"{each['id']}: {json.dumps([node['html'][:120] for node in each['nodes'][:3]])}"
        for each in found
        if each["impact"] in SERIOUS
    ]
