"""Neither the key, nor a signature, nor a meeting's password is found anywhere after a run with errors in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import zstandard
from sqlalchemy import select

from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets.sandbox.calendar_event import GOOGLE, OUTLOOK
from meeting_assets.sandbox.world import PASSWORD as MARKER
from meeting_assets.sandbox.world import identifier
from meeting_assets.schema.bots import BotStatusChanges
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.calendars import calendar_event
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage, use_sandbox

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


def plant_passwords(sandbox: Sandbox) -> None:
    """Puts the password of a meeting into every place in which the API can show it."""
    link = f"https://northwind.zoom.us/j/8123456789?pwd={MARKER}"
    # The sandbox shows the marker before passwords.
    urls: list[tuple[Any, str]] = [
        ({"platform": "zoom", "meeting_id": "8123456789", "meeting_password": "1"}, f"{MARKER}1"),
        ({"platform": "microsoft_teams", "meeting_id": "2", "business_meeting_password": "2"}, f"{MARKER}2"),
        ({"platform": "webex", "meeting_subdomain": "northwind", "meeting_mtid": f"m{MARKER}"}, f"m{MARKER}"),
        (link, MARKER),
    ]
    metadata = {"brief": link, "meeting_password": MARKER}
    for recording, (url, wrong) in zip(sandbox.world.recordings, urls, strict=True):
        bot = sandbox.world.bot(str(recording.bot_id))
        bot.meeting_url, bot.metadata, recording.metadata = url, metadata, metadata
        bot.status_changes[0]["message"] = f"Passcode: {MARKER}. Joining {link.removeprefix('https://')}"
        bot.status_changes[-1]["message"] = f"{wrong} is refused"
        bot.zoom = {"join_token_url": link, "zak_url": link, "obf_token": MARKER}
        bot.recording_config = {"realtime_endpoints": [{"type": "webhook", "url": link, "events": []}]}
        bot.calendar_meetings = [{"id": identifier("event"), "start_time": "2026-03-02T09:00:00Z", "url": link}]
        for listed in recording.of("meeting_metadata"):
            listed.details["data"] = {"title": f"Weekly {link}", "zoom": {"meeting_uuid": "u=="}, "join_url": link}
    sandbox.add_events(
        calendar_event(n, platform=platform, title=f"Weekly {link}", bot_ids=(str(each.bot_id),))
        for n, (platform, each) in enumerate(zip([GOOGLE, OUTLOOK] * 2, sandbox.world.recordings, strict=True))
    )


def messages() -> list[str]:
    """The messages of the stored status changes."""
    changes = table_of(BotStatusChanges)
    query = select(changes.c.message).where(changes.c.message.is_not(None))
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [*connection.scalars(query.order_by(changes.c.bot_id, changes.c.change_index))]


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
        plant_passwords(sandbox)
        monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "on")
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
        # The API clears the meeting URL some days after the meeting.
        for bot in sandbox.world.bots:
            bot.meeting_url = None
        monkeypatch.setenv("MEETING_ASSETS_LOG_FORMAT", "json")
        output["as JSON"] = sync()
        monkeypatch.setenv("MEETING_ASSETS_LOG_FORMAT", "text")
        sandbox.inject(Fault("/api/v1/recording/", times=None, status=500))
        output["api down"] = sync("--json")
        sandbox.clear_faults()
        monkeypatch.setenv("RECALL_API_KEY", KEY + "-wrong")
        output["wrong key"] = sync()
        secrets = [KEY, WEBHOOK_SECRET, PASSWORD, sandbox.signature_marker, sandbox.password_marker]

    assert messages() == ["Passcode: … Joining northwind.zoom.us/j/8123456789", "… is refused"] * 4
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
