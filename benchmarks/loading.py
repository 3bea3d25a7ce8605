"""Raw bytes to committed rows: the product beside the floor, dlt and what most scripts do, in alternating rounds."""

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

from benchmarks.stage import (
    HOUR_WORDS,
    ROOT,
    TRANSCRIPT_TABLES,
    Meetings,
    Stage,
    alternating,
    compared,
    environment,
    out,
    show,
    timed,
)
from meeting_assets.store.database import table_of

KINDS = ("sqlite", "postgresql")
COLUMNS = ("contender", "words/s", "against it", "range")
DLT_PYTHON = ROOT / ".venv-dlt" / "bin" / "python"
INSTALL_DLT = (
    ".venv/bin/uv venv --python .venv/bin/python .venv-dlt && .venv/bin/uv pip install --python .venv-dlt/bin/python "
    '"dlt[duckdb,postgres]==1.31.0" pyarrow msgspec'
)
NAIVE_SHARE = 10
"""Of so many transcripts the naive contender loads one: it takes twenty times as long for each."""


def load(stage: Stage, *, recordings: int = 30, rounds: int = 5) -> None:
    """Transcripts of a day: floor, ours, naive."""
    meetings = stage.meetings(per_day=recordings)
    for kind in KINDS:
        check_rows(stage, kind)
        taken = alternating(
            rounds,
            {
                "floor": partial(floor, stage, kind, meetings),
                "ours": partial(ours, stage, kind, meetings),
                "naive": partial(naive, stage, kind, meetings),
            },
        )
        title = f"{kind}: {recordings} transcripts of {HOUR_WORDS:,} words; against the floor"
        show(title, COLUMNS, compared(taken, meetings.words, to="floor"))


def span(stage: Stage, *, days: int = 10, per_day: int = 15, rounds: int = 3) -> None:
    """A range of days against the floor."""
    meetings = stage.meetings(days=days, per_day=per_day)
    for kind in KINDS:
        taken = alternating(
            rounds,
            {
                "floor": partial(floor, stage, kind, meetings),
                "ours": partial(ours, stage, kind, meetings),
            },
        )
        title = f"{kind}: {days} days of {per_day} transcripts; against the floor"
        show(title, COLUMNS, compared(taken, meetings.words, to="floor"))


def dlt(stage: Stage, *, recordings: int = 20, rounds: int = 2) -> None:
    """dlt in its best configuration found, against ours."""
    if not DLT_PYTHON.exists():
        out.print(f"dlt is not installed, and is left out. To install it beside the product:\n  {INSTALL_DLT}")
        return
    meetings = stage.meetings(per_day=recordings)
    rivals: dict[str, Callable[[], float]] = {
        "ours, SQLite": lambda: ours(stage, "sqlite", meetings),
        "ours, PostgreSQL": lambda: ours(stage, "postgresql", meetings),
        "dlt, PostgreSQL, arrow to CSV": lambda: with_dlt(stage, "arrow", meetings, kind="postgresql"),
        "dlt, PostgreSQL, pages of rows to CSV": lambda: with_dlt(stage, "rows", meetings, kind="postgresql"),
        "dlt, DuckDB, arrow to Parquet": lambda: with_dlt(stage, "arrow", meetings),
        "dlt, DuckDB, pages of rows to Parquet": lambda: with_dlt(stage, "rows", meetings),
    }
    taken = alternating(rounds, rivals)
    title = f"{recordings} transcripts of {HOUR_WORDS:,} words; against ours on PostgreSQL"
    show(title, COLUMNS, compared(taken, meetings.words, to="ours, PostgreSQL"))


def growth(stage: Stage, *, words: int = 5_000_000, per_day: int = 20, rounds: int = 3) -> None:
    """The same days into an empty database and into one that holds many words."""
    meetings = stage.meetings(days=rounds, per_day=per_day)
    for kind in KINDS:
        urls = {"empty": stage.database(kind, meetings), "full": stage.database(kind, meetings)}
        fill(urls["full"], words)
        taken: dict[str, list[float]] = {name: [] for name in urls}
        for number, day in enumerate(meetings.days):
            for name in list(urls)[:: -1 if number % 2 else 1]:
                command = (sys.executable, "-m", "benchmarks.ours", "transcript", "1", day)
                sample = timed(command, environment(meetings.home, database_url=urls[name]))
                taken[name].append(sample.said_s)
        ratios = [full / empty for empty, full in zip(taken["empty"], taken["full"], strict=True)]
        rows = [[name, f"{1000 * statistics.median(each) / per_day:.0f} ms"] for name, each in taken.items()]
        rows.append(["full against empty", f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"])
        show(f"{kind}: a transcript, in a database with no words and with {words:,}", ("database", "takes"), rows)
        for url in urls.values():
            stage.drop(url)


def size(stage: Stage, *, recordings: int = 20) -> None:
    """Bytes kept per word: raw, and in the tables of transcripts with their indexes."""
    meetings = stage.meetings(per_day=recordings)
    raw = sum(path.stat().st_size for path in meetings.home.glob("raw/**/*.zst"))
    plain = sum(path.stat().st_size for path in meetings.plain.glob("*/*.json"))
    rows = [["JSON as downloaded", plain / meetings.words], ["raw store, compressed", raw / meetings.words]]
    for kind in KINDS:
        url = stage.database(kind, meetings)
        before = bytes_of(url)
        timed(
            (sys.executable, "-m", "benchmarks.ours", "transcript", "1", *meetings.days),
            environment(meetings.home, database_url=url),
        )
        rows.append([f"{kind}, tables and keys", (bytes_of(url) - before) / meetings.words])
        stage.drop(url)
    note = "made-up texts repeat, so that the raw store's share is too small; 20 real transcripts compress 11 fold"
    show(f"Bytes per word ({note})", ("where", "bytes"), [[name, f"{each:.1f}"] for name, each in rows])


def floor(stage: Stage, kind: str, meetings: Meetings) -> float:
    return _fresh(stage, kind, None, lambda url: (sys.executable, "-m", "benchmarks.floor", url, meetings.plain))


def ours(stage: Stage, kind: str, meetings: Meetings, *, kinds: str = "transcript") -> float:
    command = (sys.executable, "-m", "benchmarks.ours", kinds, *meetings.days)
    return _fresh(stage, kind, meetings, lambda _: command)


def naive(stage: Stage, kind: str, meetings: Meetings) -> float:
    """Seconds for all, from a few."""
    few = max(1, meetings.recordings // NAIVE_SHARE)
    command = (sys.executable, "-m", "benchmarks.naive")
    taken = _fresh(stage, kind, None, lambda url: (*command, url, meetings.plain, few))
    return taken * meetings.recordings / few


def with_dlt(stage: Stage, mode: str, meetings: Meetings, *, kind: str = "duckdb") -> float:
    script = Path(__file__).with_name("dlt_rival.py")
    if kind == "duckdb":
        target = stage.folder / f"{uuid4().hex}.duckdb"
        return timed((DLT_PYTHON, script, target, mode, meetings.plain)).said_s
    # In a database of its own, like ours; dlt makes its own tables, without keys.
    url = stage.database(kind)
    try:
        return timed((DLT_PYTHON, script, for_dlt(url), mode, meetings.plain)).said_s
    finally:
        stage.drop(url)


def for_dlt(url: str) -> str:
    """The URL with a host, which is the server's socket, and a password, which nobody asks for: dlt insists on both."""
    given = make_url(url)
    return f"postgresql://{given.username}:none@{quote(str(given.query['host']), safe='')}/{given.database}"


def check_rows(stage: Stage, kind: str) -> None:
    """Floor and product must write the same words and utterances; else nothing is compared."""
    meetings = stage.meetings(per_day=2, words=500)
    found = []
    for command, of in ((("benchmarks.floor",), None), (("benchmarks.ours",), meetings)):
        url = stage.database(kind, of)
        arguments = ("transcript", "1", *meetings.days) if of else (url, meetings.plain)
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
        stage.drop(url)
    if found[0] != found[1] or not found[0][0]:
        sys.exit("the floor's rows are not the product's")


def fill(url: str, words: int) -> None:
    """Transcripts of other recordings, copied inside the database from one."""
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


def _fresh(stage: Stage, kind: str, meetings: Meetings | None, command: Callable[[str], tuple[object, ...]]) -> float:
    url = stage.database(kind, meetings)
    home = meetings.home if meetings else stage.folder
    try:
        return timed(command(url), environment(home, database_url=url)).said_s
    finally:
        stage.drop(url)
