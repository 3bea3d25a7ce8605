"""Imports, before commands are forked, the modules that most of them import while they run.

Without it, every command that opens a Dagster instance would spend 0.4 s of CPU on 280 imports.
"""

# ruff: noqa: F401
from __future__ import annotations

from tempfile import TemporaryDirectory

import alembic.command
import alembic.config
import anyio.to_thread
import h11
import httpcore
import rich.traceback
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite
import structlog
from dagster import instance_for_test

import meeting_assets.cli
import meeting_assets.console
import meeting_assets.definitions
import meeting_assets.orchestration.sync

# Dagster imports its storage when an instance is first used. This instance is closed before the first fork.
with TemporaryDirectory() as folder, instance_for_test(temp_dir=folder) as instance:
    instance.get_runs(limit=1)
