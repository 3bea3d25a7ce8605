"""Diagnoses of `doctor` by subject, and Dagster homes to diagnose."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from meeting_assets.health.diagnostics.report import HealthCheck
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.operations.doctor import diagnostics
from meeting_assets.settings import read_settings

DAY = date(2026, 3, 2)
HUSH = "hush-90c1"


def findings(subject: str) -> list[HealthCheck]:
    """The health checks of one subject."""
    return [each for each in diagnostics().checks if each.subject == subject]


def only_finding(subject: str) -> HealthCheck:
    """The health check of a subject that has exactly one."""
    (found,) = findings(subject)
    return found


def dagster_yaml(text: str | None = None) -> Path:
    """Creates Dagster's home with a given dagster.yaml, or with the shipped one; returns the path of the file."""
    prepare_home(read_settings())
    path = read_settings().dagster_home / "dagster.yaml"
    if text is not None:
        path.write_text(text)
    return path
