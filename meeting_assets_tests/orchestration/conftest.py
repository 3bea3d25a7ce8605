"""Every test here finds Dagster's home made."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _made(dagster_home: Path) -> None:
    """Uses it."""
