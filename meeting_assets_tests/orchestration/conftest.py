"""Every test here finds Dagster's home made."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from meeting_assets.definitions import definitions
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.sandbox import Sandbox
from meeting_assets.settings import read_settings


@pytest.fixture(autouse=True)
def _made(dagster_home: Path) -> None:
    """Uses it."""


@pytest.fixture
def defs(sandbox: Sandbox) -> dg.Definitions:
    """What Dagster is told, for the module's own `sandbox`."""
    settings = read_settings()
    prepare_home(settings)
    return definitions(settings)
