"""Loading script without features, as a lower bound: loads transcripts from JSON files and prints the seconds.

    python -m benchmarks.floor DATABASE_URL FOLDER      reads FOLDER/{recording_id}/{transcript_id}.json

One transaction per transcript into the product's tables, without ledger, metrics and validation.
"""

import gc
import sqlite3
import sys
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import psycopg

Tables = dict[str, list[tuple[Any, ...]]]
TYPES = {
    "transcripts": "uuid uuid text text timestamptz bool bool int4 int4 int4",
    "transcript_utterances": "uuid uuid int4 text int8 text text float8 float8 int4 text",
    "transcript_words": "uuid uuid int4 int4 text float8 float8 text",
}

Speaker = msgspec.defstruct("Speaker", [("id", int | None), ("name", str | None, None)], gc=False)
Moment = msgspec.defstruct("Moment", [("relative", float | None, None)], gc=False)
TIMES = [("start_timestamp", Moment | None, None), ("end_timestamp", Moment | None, None)]
Word = msgspec.defstruct("Word", [("text", str), *TIMES], gc=False)
Entry = msgspec.defstruct("Entry", [("participant", Speaker), ("words", list[Word]), ("language_code", str | None)])
DECODER = msgspec.json.Decoder(list[Entry])  # type: ignore[valid-type]


def rows_of(recording_id: str, transcript_id: str, payload: bytes) -> Tables:
    utterances, words, languages = [], [], {}
    for index, entry in enumerate(DECODER.decode(payload)):
        key, times = str(entry.participant.id), []
        for number, word in enumerate(entry.words, len(words)):
            start_s, end_s = word.start_timestamp.relative, word.end_timestamp.relative
            times += (start_s, end_s)
            words.append((recording_id, transcript_id, number, index, key, start_s, end_s, word.text))
        text = " ".join([word.text for word in entry.words])
        languages[entry.language_code or ""] = True
        speaker = (key, entry.participant.id, entry.participant.name, entry.language_code)
        utterances.append(
            (recording_id, transcript_id, index, *speaker, min(times), max(times), len(text.split()), text)
        )
    counts = len(utterances), len(words), sum(row[-2] for row in utterances)
    summary = (recording_id, transcript_id, None, ",".join(languages), None, True, False, *counts)
    return {"transcripts": [summary], "transcript_utterances": utterances, "transcript_words": words}


def sqlite_writer(path: str) -> Callable[[Tables], None]:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=NORMAL")

    def insert(name: str, rows: list[tuple[Any, ...]], rows_per_statement: int) -> None:
        placeholders = ", ".join([f"({', '.join('?' * len(TYPES[name].split()))})"] * rows_per_statement)
        many = [
            tuple(chain.from_iterable(rows[at : at + rows_per_statement]))
            for at in range(0, len(rows), rows_per_statement)
        ]
        connection.executemany(f"INSERT INTO {name} VALUES {placeholders}", many)  # noqa: S608

    def write(tables: Tables) -> None:
        with connection:
            for name, rows in tables.items():
                insert(name, rows[: (whole := len(rows) // 90 * 90)], 90)
                insert(name, rows[whole:], 1)

    return write


class UuidText(psycopg.adapt.Dumper):
    """Sends UUIDs given as text in binary format."""

    format, oid = psycopg.pq.Format.BINARY, 2950
    encoded: dict[str, bytes] = {}  # noqa: RUF012

    def dump(self, obj: str) -> bytes:
        return self.encoded.get(obj) or self.encoded.setdefault(obj, bytes.fromhex(obj.replace("-", "")))


def postgresql_writer(url: str) -> Callable[[Tables], None]:
    connection = psycopg.connect(url, autocommit=True)
    connection.adapters.register_dumper(None, UuidText)

    def write(tables: Tables) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            for name, rows in tables.items():
                with cursor.copy(f"COPY {name} FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(TYPES[name].split())
                    for row in rows:
                        copy.write_row(row)

    return write


if __name__ == "__main__":
    url, folder = sys.argv[1:]
    write = sqlite_writer(url[10:]) if url.startswith("sqlite:///") else postgresql_writer(url.replace("+psycopg", ""))
    gc.disable()
    started = time.perf_counter()
    for path in sorted(Path(folder).glob("*/*.json")):
        write(rows_of(path.parent.name, path.stem, path.read_bytes()))
    print(time.perf_counter() - started)
