"""Neither the key, nor a signature, nor a meeting's password is found anywhere after a run with errors in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg
import pytest
import zstandard

from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import use_sandbox

DAY = date(2026, 3, 2)
KEY = "key-5f0d2c9ab1e74e0f"
WEBHOOK_SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
PASSWORD = "pw-40c1d99e"
PLANTED = "planted-71c04d5e"
NAME, SAID = "Ana Ruiz", "we should check the numbers"


def sync(*options: str) -> str:
    """The output of a sync in a process of its own."""
    done = command("sync", "--from", str(DAY), "--to", str(DAY), *options)
    return done.stdout + done.stderr


def in_files(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path).encode() + path.read_bytes()


def in_raw_store(home: Path) -> Iterator[bytes]:
    for path in (home / "raw").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            yield zstandard.ZstdDecompressor().decompress(content) if path.suffix == ".zst" else content


def in_database(url: str, home: Path) -> Iterator[bytes]:
    if url.startswith("sqlite"):
        yield from (path.read_bytes() for path in home.glob("meetings.db*"))
        return
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'meetings'").fetchall()
        assert len(tables) > 10
        for (table,) in tables:
            rows = connection.execute(f'SELECT t::text FROM "{table}" AS t').fetchall()
            yield "\n".join(row[0] for row in rows).encode()


def plant_in_database(url: str, home: Path) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(home / "meetings.db")) as database, database:
            database.execute("UPDATE recordings SET title = ?", (PLANTED,))
        return
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE recordings SET title = %s", (PLANTED,))


@sqlite_first
def test_no_secret_is_found_anywhere(database_url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=4, words=20), api_key=KEY) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        victims = [each.of("transcript")[0].id for each in sandbox.world.recordings]
        sandbox.set_payload(victims[0], "transcript", b"no JSON at all")
        sandbox.inject(Fault(f"transcript:{victims[1]}", times=None, expired=True))
        sandbox.inject(Fault(f"transcript:{victims[2]}", times=None, status=500))
        sandbox.inject(Fault(f"provider_data:{victims[3]}", times=None, reset=True))
        monkeypatch.setenv("RECALL_WEBHOOK_SECRETS", f"whsec_{WEBHOOK_SECRET}")
        if database_url.startswith("postgresql"):
            monkeypatch.setenv(
                "MEETING_ASSETS_DATABASE_URL", database_url.replace("postgres:@", f"postgres:{PASSWORD}@")
            )
        output = {"first": sync()}
        monkeypatch.setenv("MEETING_ASSETS_LOG_FORMAT", "json")
        output["as JSON"] = sync()
        monkeypatch.setenv("MEETING_ASSETS_LOG_FORMAT", "text")
        sandbox.inject(Fault("/api/v1/recording/", times=None, status=500))
        output["api down"] = sync("--json")
        sandbox.clear_faults()
        monkeypatch.setenv("RECALL_API_KEY", KEY + "-wrong")
        output["wrong key"] = sync()
        secrets = [KEY, WEBHOOK_SECRET, PASSWORD, sandbox.signature_marker, sandbox.password_marker]

    assert "no longer accepted" in output["first"]
    assert '"recording_id"' in output["as JSON"]
    assert "answered 500" in output["api down"]
    assert "RECALL_API_KEY" in output["wrong key"]
    places: Mapping[str, Callable[[], Iterator[bytes]]] = {
        "output": lambda: (text.encode() for text in output.values()),
        "database": lambda: in_database(database_url, home),
        "raw store": lambda: in_raw_store(home),
        "Dagster's storage and logs": lambda: in_files(home / "dagster"),
        "home": lambda: in_files(home),
    }
    for location, read in places.items():
        for secret in secrets:
            assert not any(secret.encode() in content for content in read()), f"a secret is in the {location}"

    for location in ("output", "Dagster's storage and logs"):
        assert not any(each.encode() in content for content in places[location]() for each in (NAME, SAID)), location
    assert any(NAME.encode() in content for content in in_database(database_url, home))

    output["planted"] = PLANTED
    plant_in_database(database_url, home)
    raw = next((home / "raw").rglob("*.zst"))
    raw.write_bytes(zstandard.ZstdCompressor().compress(PLANTED.encode()))
    (home / "dagster" / "planted").write_text(PLANTED)
    for location, read in places.items():
        assert any(PLANTED.encode() in content for content in read()), f"the search is blind in the {location}"
