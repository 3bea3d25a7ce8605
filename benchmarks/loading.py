"""Time from raw bytes to committed rows: the product, `floor`, `naive` and dlt in alternating rounds."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from benchmarks.fixtures import (
    HOUR_WORDS,
    ROOT,
    TRANSCRIPT_TABLES,
    Fixtures,
    Meetings,
    alternating,
    compared,
    environment,
    out,
    show,
    timed,
)
from meeting_assets.store.database import table_of

KINDS = ("sqlite", "postgresql")
COLUMNS = ("contender", "words/s", "relative speed", "range")
DLT_PYTHON = ROOT / ".venv-dlt" / "bin" / "python"
INSTALL_DLT = (
    ".venv/bin/uv venv --python .venv/bin/python .venv-dlt && .venv/bin/uv pip install --python .venv-dlt/bin/python "
    '"dlt[duckdb,postgres]==1.31.0" pyarrow msgspec'
)
NAIVE_SHARE = 10
"""The naive contender loads one of this many transcripts, because it takes twenty times as long."""


def load(fixtures: Fixtures, *, recordings: int = 30, rounds: int = 5) -> None:
    """Transcripts of a day: floor, ours, naive."""
    meetings = fixtures.meetings(per_day=recordings)
    for kind in KINDS:
        check_rows(fixtures, kind)
        taken = alternating(
            rounds,
            {
                "floor": partial(floor, fixtures, kind, meetings),
                "ours": partial(ours, fixtures, kind, meetings),
                "naive": partial(naive, fixtures, kind, meetings),
            },
        )
        title = f"{kind}: {recordings} transcripts of {HOUR_WORDS:,} words; relative to the floor"
        show(title, COLUMNS, compared(taken, meetings.words, to="floor"))


def date_range(fixtures: Fixtures, *, days: int = 10, per_day: int = 15, rounds: int = 3) -> None:
    """A range of days: floor and ours."""
    meetings = fixtures.meetings(days=days, per_day=per_day)
    for kind in KINDS:
        taken = alternating(
            rounds,
            {
                "floor": partial(floor, fixtures, kind, meetings),
                "ours": partial(ours, fixtures, kind, meetings),
            },
        )
        title = f"{kind}: {days} days of {per_day} transcripts; relative to the floor"
        show(title, COLUMNS, compared(taken, meetings.words, to="floor"))


def dlt(fixtures: Fixtures, *, recordings: int = 20, rounds: int = 2) -> None:
    """dlt in its fastest known configuration, relative to ours."""
    if not DLT_PYTHON.exists():
        out.print(f"dlt is not installed; skipping this benchmark. Install it with:\n  {INSTALL_DLT}")
        return
    meetings = fixtures.meetings(per_day=recordings)
    rivals: dict[str, Callable[[], float]] = {
        "ours, SQLite": lambda: ours(fixtures, "sqlite", meetings),
        "ours, PostgreSQL": lambda: ours(fixtures, "postgresql", meetings),
        "dlt, PostgreSQL, arrow to CSV": lambda: with_dlt(fixtures, "arrow", meetings, kind="postgresql"),
        "dlt, PostgreSQL, pages of rows to CSV": lambda: with_dlt(fixtures, "rows", meetings, kind="postgresql"),
        "dlt, DuckDB, arrow to Parquet": lambda: with_dlt(fixtures, "arrow", meetings),
        "dlt, DuckDB, pages of rows to Parquet": lambda: with_dlt(fixtures, "rows", meetings),
    }
    taken = alternating(rounds, rivals)
    title = f"{recordings} transcripts of {HOUR_WORDS:,} words; relative to ours on PostgreSQL"
    show(title, COLUMNS, compared(taken, meetings.words, to="ours, PostgreSQL"))


def growth(fixtures: Fixtures, *, words: int = 5_000_000, per_day: int = 20, rounds: int = 3) -> None:
    """Loading into an empty database and into one with many rows."""
    meetings = fixtures.meetings(days=rounds, per_day=per_day)
    for kind in KINDS:
        urls = {"empty": fixtures.database(kind, meetings), "full": fixtures.database(kind, meetings)}
        fill(urls["full"], words)
        taken: dict[str, list[float]] = {name: [] for name in urls}
        for number, day in enumerate(meetings.days):
            for name in list(urls)[:: -1 if number % 2 else 1]:
                command = (sys.executable, "-m", "benchmarks.ours", "transcript", day)
                sample = timed(command, environment(meetings.home, database_url=urls[name]))
                taken[name].append(sample.printed_s)
        ratios = [full / empty for empty, full in zip(taken["empty"], taken["full"], strict=True)]
        rows = [[name, f"{1000 * statistics.median(each) / per_day:.0f} ms"] for name, each in taken.items()]
        rows.append(
            ["full relative to empty", f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"]
        )
        show(f"{kind}: a transcript, in a database with no words and with {words:,}", ("database", "time"), rows)
        for url in urls.values():
            fixtures.drop(url)


def size(fixtures: Fixtures, *, recordings: int = 20) -> None:
    """Storage per word: JSON, raw store, and transcript tables with their indexes."""
    meetings = fixtures.meetings(per_day=recordings)
    raw = sum(path.stat().st_size for path in meetings.home.glob("raw/**/*.zst"))
    plain = sum(path.stat().st_size for path in meetings.plain.glob("*/*.json"))
    rows = [["JSON as downloaded", plain / meetings.words], ["raw store, compressed", raw / meetings.words]]
    for kind in KINDS:
        url = fixtures.database(kind, meetings)
        before = bytes_of(url)
        timed(
            (sys.executable, "-m", "benchmarks.ours", "transcript", *meetings.days),
            environment(meetings.home, database_url=url),
        )
        rows.append([f"{kind}, tables and keys", (bytes_of(url) - before) / meetings.words])
        fixtures.drop(url)
    note = "synthetic texts compress too well; 20 real transcripts were compressed by a factor of 11"
    show(f"Bytes per word ({note})", ("where", "bytes"), [[name, f"{each:.1f}"] for name, each in rows])


def floor(fixtures: Fixtures, kind: str, meetings: Meetings) -> float:
    return _fresh(fixtures, kind, None, lambda url: (sys.executable, "-m", "benchmarks.floor", url, meetings.plain))


def ours(fixtures: Fixtures, kind: str, meetings: Meetings, *, kinds: str = "transcript") -> float:
    command = (sys.executable, "-m", "benchmarks.ours", kinds, *meetings.days)
    return _fresh(fixtures, kind, meetings, lambda _: command)


def naive(fixtures: Fixtures, kind: str, meetings: Meetings) -> float:
    """Seconds for all transcripts, extrapolated from a sample."""
    sample_count = max(1, meetings.recordings // NAIVE_SHARE)
    command = (sys.executable, "-m", "benchmarks.naive")
    taken = _fresh(fixtures, kind, None, lambda url: (*command, url, meetings.plain, sample_count))
    return taken * meetings.recordings / sample_count


def with_dlt(fixtures: Fixtures, mode: str, meetings: Meetings, *, kind: str = "duckdb") -> float:
    script = Path(__file__).with_name("dlt_rival.py")
    if kind == "duckdb":
        target = fixtures.folder / f"{uuid4().hex}.duckdb"
        return timed((DLT_PYTHON, script, target, mode, meetings.plain)).printed_s
    # dlt creates its own tables, without keys.
    url = fixtures.database(kind)
    try:
        return timed((DLT_PYTHON, script, for_dlt(url), mode, meetings.plain)).printed_s
    finally:
        fixtures.drop(url)


def for_dlt(url: str) -> str:
    """The URL in the form that dlt requires: the socket as host, and a password, which the server ignores."""
    given = make_url(url)
    return f"postgresql://{given.username}:none@{quote(str(given.query['host']), safe='')}/{given.database}"


def check_rows(fixtures: Fixtures, kind: str) -> None:
    """Exits unless floor and product write the same words and utterances."""
    meetings = fixtures.meetings(per_day=2, words=500)
    found = []
    for command, of in ((("benchmarks.floor",), None), (("benchmarks.ours",), meetings)):
        url = fixtures.database(kind, of)
        arguments = ("transcript", *meetings.days) if of else (url, meetings.plain)
        timed((sys.executable, "-m", *command, *arguments), environment(meetings.home, database_url=url))
        engine = create_engine(url)
        with engine.connect() as connection:
            found.append(
                [
                    sorted(map(tuple, connection.execute(table_of(model).select())), key=repr)
                    for model in TRANSCRIPT_TABLES[1:]
                ]
            )
        engine.dispose()
        fixtures.drop(url)
    if found[0] != found[1] or not found[0][0]:
        sys.exit("floor and product wrote different rows; correct benchmarks/floor.py")


def fill(url: str, words: int) -> None:
    """Inserts transcripts of other recordings by copying one inside the database."""
    engine = create_engine(url)
    columns = "word_index, utterance_index, participant_key, start_s, end_s, text"
    with engine.begin() as connection:
        recording_id, transcript_id = str(uuid4()), str(uuid4())
        rows = [
            (recording_id, transcript_id, index, index // 12, "100", index * 0.4, index * 0.4 + 0.3, "meeting")
            for index in range(HOUR_WORDS)
        ]
        names = table_of(TRANSCRIPT_TABLES[2]).columns.keys()
        connection.execute(
            table_of(TRANSCRIPT_TABLES[2]).insert(), [dict(zip(names, row, strict=True)) for row in rows]
        )
    is_sqlite = engine.dialect.name == "sqlite"
    ids = ":to_recording, :to_transcript" if is_sqlite else "CAST(:to_recording AS uuid), CAST(:to_transcript AS uuid)"
    copy = text(
        f"INSERT INTO transcript_words (recording_id, transcript_id, {columns}) "  # noqa: S608
        f"SELECT {ids}, {columns} FROM transcript_words WHERE recording_id = :from_recording"
    )
    copies = iter(range(words // HOUR_WORDS))
    while batch := list(islice(copies, 50)):
        with engine.begin() as connection:
            for _ in batch:
                ids_of_copy = {"to_recording": str(uuid4()), "to_transcript": str(uuid4())}
                connection.execute(copy, {**ids_of_copy, "from_recording": recording_id})
    engine.dispose()


def bytes_of(url: str) -> int:
    engine = create_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return Path(url.removeprefix("sqlite:///")).stat().st_size
        names = ", ".join(f"'{table_of(model).name}'" for model in TRANSCRIPT_TABLES)
        query = f"SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname IN ({names})"  # noqa: S608
        with engine.connect() as connection:
            return int(connection.exec_driver_sql(query).scalar_one())
    finally:
        engine.dispose()


def _fresh(
    fixtures: Fixtures, kind: str, meetings: Meetings | None, command: Callable[[str], tuple[object, ...]]
) -> float:
    url = fixtures.database(kind, meetings)
    home = meetings.home if meetings else fixtures.folder
    try:
        return timed(command(url), environment(home, database_url=url)).printed_s
    finally:
        fixtures.drop(url)
