"""Parsed rows survive both databases, including edge cases of the wire format."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.artifacts.wire import decoded
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.database import Database, schema_of, table_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.support.payload_properties import as_read
from meeting_assets_tests.support.payloads import ADA, SOURCE, encoded
from meeting_assets_tests.support.plausible_payloads import PLAUSIBLE

pytestmark = pytest.mark.with_tables

TEXT = "tab\tline\nreturn\rback\\slash \\. \\N \\x41 quote\"' 😀 é 会議 \x7f \x01 \u2028 \ufeff {} []"
NUL, LONE = "a\u0000b", "a\ud800b"
NOBODY = {"id": None}
LABEL = {"id": None, "name": "".join(random.Random(1).choices(string.ascii_letters, k=9_000))}
SMALLEST, LARGEST = {"id": -(2**63), "name": TEXT}, {"id": 2**63 - 1, "name": NUL}

MOMENTS: list[dict[str, Any] | None] = [
    None,
    {},
    {"relative": 0.1 + 0.2, "absolute": "2026-03-02T23:59:59.999999-14:00"},
    {"relative": -9e12, "absolute": "0002-01-01T00:00:00.000001+14:00"},
    {"relative": 5e-324, "absolute": "9998-12-31T23:59:59.999999-14:00"},
    {"relative": -0.0, "absolute": "1883-11-18T12:00:00"},
]
SPEAKERS: list[dict[str, Any]] = [ADA, NOBODY, LABEL, SMALLEST, LARGEST, {"id": None, "name": LONE}]
PAIRS = list(zip(SPEAKERS, MOMENTS, strict=True))
JSON: dict[str, Any] = {TEXT: [TEXT, NUL, LONE, 2**64, 1e308, -0.0, True, None, {}, []], NUL: {"": ""}}

PARTS = [
    {"id": TEXT, "participant": speaker, "start_timestamp": when, "duration": 9e12, "type": NUL}
    for speaker, when in PAIRS
]
PAYLOADS: dict[str, Any] = {
    "participants": [
        SPEAKERS[0] | {"is_host": True, "extra_data": JSON, "email": TEXT, "platform": TEXT},
        SPEAKERS[1] | {"is_host": False, "extra_data": None, "email": None},
        SPEAKERS[2] | {"is_host": None, "extra_data": "text", "email": ""},
        SPEAKERS[3] | {"extra_data": 0.1, "email": LABEL["name"]},
        SPEAKERS[4] | {"extra_data": [], "email": NUL},
        SPEAKERS[5] | {"extra_data": False, "email": LONE},
    ],
    "participant_events": [
        {
            "id": TEXT,
            "action": "chat_message",
            "participant": speaker,
            "timestamp": when,
            "data": {"text": TEXT, "to": LONE},
        }
        for speaker, when in PAIRS
    ],
    "speaker_timeline": [
        {"participant": speaker, "start_timestamp": when, "end_timestamp": MOMENTS[-index]}
        for index, (speaker, when) in enumerate(PAIRS)
    ],
    "transcript": [
        {
            "participant": speaker,
            "language_code": TEXT,
            "words": [{"text": text, "start_timestamp": when, "end_timestamp": MOMENTS[2]} for text in (TEXT, NUL, "")],
        }
        for speaker, when in PAIRS
    ],
    "provider_data": {
        "parts": [
            {
                "type": TEXT,
                "created_at": (when or {}).get("absolute"),
                "source_audio": {"type": LONE, "offset": (when or {}).get("relative"), "participant": speaker},
                "data": JSON,
            }
            for speaker, when in PAIRS
        ]
    },
    "video_separate": PARTS,
    "audio_separate": PARTS,
}


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database; the session of PostgreSQL has another time zone."""
    monkeypatch.setenv("PGTZ", "America/St_Johns")
    database = Database.at(database_url)
    yield database
    database.close()


@pytest.mark.parametrize("artifact", ARTIFACTS.values(), ids=lambda artifact: artifact.kind)
def test_rows_survive_the_database(artifact: Artifact, database: Database) -> None:
    document, _ = decoded(encoded(PAYLOADS.get(artifact.kind, PLAUSIBLE[artifact.kind][0])), artifact.wire)
    rows = artifact.rows(document, SOURCE)
    set_up_database(database, schema_of(dict.fromkeys(artifact.tables, artifact.kind)))

    with database.writing() as connection:
        for model, rows_of_table in zip(artifact.tables, rows.by_table, strict=True):
            insert_rows(connection, model, rows_of_table)

    for model, rows_of_table in zip(artifact.tables, rows.by_table, strict=True):
        with database.reading() as connection:
            found = list(map(tuple, connection.execute(select(table_of(model)))))
        assert sorted(found, key=repr) == sorted((as_read(model, row) for row in rows_of_table), key=repr)
