"""A day of meetings with distinctive texts, and a search for them in everything that is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
import pytest
import zstandard

from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT

DAY = date(2026, 3, 2)
NAME, EMAIL, TITLE = "Zerlina Quibblethorpe", "zerlina@quibblethorpe.example", "Quarterly marmalade review"
SAID, CHATTED, HEARD = "the marmalade contains no oranges at all", "who ordered the oranges", "provider heard marmalade"
UNREAD = "this payload was never read by anybody"
PLANTED = (NAME, EMAIL, TITLE, CHATTED, HEARD, UNREAD)
SHARED = "Wilhelmina Everywhere"


@contextmanager
def planted_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Three meetings: the planted texts are in the first one; one person attends the first two."""
    monkeypatch.setenv("RECALL_LIST_CALLS_PER_MINUTE", "6000")
    with Sandbox(uniform(DAY, recordings=3, words=40), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        _plant_texts(running)
        yield running


def _plant_texts(sandbox: Sandbox) -> None:
    first, second, _ = sandbox.world.recordings
    (events,), (transcript,) = first.of("participant_events"), first.of("transcript")
    people = sandbox.payload(events.id, "participants")
    person = {"id": 900, "name": NAME, "is_host": False, "platform": "desktop", "extra_data": None, "email": EMAIL}
    shared = person | {"id": 901, "name": SHARED, "email": None}
    sandbox.set_payload(events.id, "participants", json.dumps([*json.loads(people), person, shared]).encode())
    chat = {
        "id": "0199e7e6-c3a5-57dd-9f99-4c47c2a5daa5",
        "action": "chat_message",
        "participant": person,
        "timestamp": {"absolute": "2026-03-02T00:00:09Z", "relative": 7.0},
        "data": {"text": CHATTED, "to": "everyone"},
    }
    sandbox.set_payload(events.id, "participant_events", json.dumps([chat]).encode())
    words = [
        {"text": word, "start_timestamp": {"relative": n * 1.0}, "end_timestamp": {"relative": n + 0.5}}
        for n, word in enumerate(SAID.split())
    ]
    sandbox.set_payload(transcript.id, "transcript", json.dumps([{"participant": person, "words": words}]).encode())
    sandbox.set_payload(transcript.id, "provider_data", json.dumps([{"type": "x", "text": HEARD}]).encode())
    sandbox.set_payload(first.of("video_separate")[0].id, "video_separate", json.dumps([{"what": UNREAD}]).encode())
    first.of("meeting_metadata")[0].details["data"]["title"] = TITLE
    (others,) = second.of("participant_events")
    body = json.loads(sandbox.payload(others.id, "participants"))
    sandbox.set_payload(others.id, "participants", json.dumps([*body, shared]).encode())


def locations(home: Path, url: str) -> Iterator[tuple[str, bytes]]:
    """The bytes of every file and row; raw objects also decompressed."""
    for path in sorted(home.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield str(path), str(path).encode() + content
            if path.suffix == ".zst":
                yield f"{path}, unpacked", zstandard.ZstdDecompressor().decompressobj().decompress(content)
    if not url.startswith("sqlite"):
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            for (table,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'meetings'"
            ).fetchall():
                rows = connection.execute(f'SELECT t::text FROM meetings."{table}" AS t').fetchall()
                yield table, "\n".join(row[0] for row in rows).encode()


def locations_of(home: Path, url: str, wanted: str) -> set[str]:
    variants = {wanted.encode(), json.dumps(wanted)[1:-1].encode()}
    return {location for location, content in locations(home, url) if any(each in content for each in variants)}
