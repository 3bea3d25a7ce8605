"""The floor: what a script written for speed alone does. Transcripts as files of JSON become rows of three tables.

    python -m benchmarks.floor DATABASE_URL FOLDER

One transaction per transcript; no ledger, no metrics, no checks of what comes. The tables are there already, with the
product's own DDL. A file is FOLDER/{recording_id}/{transcript_id}.json.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg


class Speaker(msgspec.Struct, gc=False):
    id: int | None
    name: str | None = None


class Moment(msgspec.Struct, gc=False):
    relative: float | None = None


class Word(msgspec.Struct, gc=False):
    text: str
    start_timestamp: Moment | None = None
    end_timestamp: Moment | None = None


class Entry(msgspec.Struct):
    participant: Speaker
    words: list[Word]
    language_code: str | None = None


DECODER = msgspec.json.Decoder(list[Entry])
Tables = dict[str, list[tuple[Any, ...]]]


def rows_of(recording_id: str, transcript_id: str, payload: bytes) -> Tables:
    utterances: list[tuple[Any, ...]] = []
    words: list[tuple[Any, ...]] = []
    languages: dict[str, None] = {}
    for index, entry in enumerate(DECODER.decode(payload)):
        key, times = str(entry.participant.id), []
        for word in entry.words:
            start_s = word.start_timestamp.relative if word.start_timestamp else None
            end_s = word.end_timestamp.relative if word.end_timestamp else None
            times += (start_s, end_s)
            words.append((recording_id, transcript_id, len(words), index, key, start_s, end_s, word.text))
        text = " ".join([word.text for word in entry.words])
        languages[entry.language_code or ""] = None
        who = (key, entry.participant.id, entry.participant.name, entry.language_code)
        utterances.append(
            (recording_id, transcript_id, index, *who, min(times), max(times), len(text.split()), text)
        )
    total = sum(row[-2] for row in utterances)
    head = (recording_id, transcript_id, None, ",".join(languages), None, True, False)
    summary = (*head, len(utterances), len(words), total)
    return {"transcripts": [summary], "transcript_utterances": utterances, "transcript_words": words}


def sqlite_writer(path: str) -> Callable[[Tables], None]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=NORMAL")

    def write(tables: Tables) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for name, rows in tables.items():
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        connection.execute("COMMIT")

    return write


def postgresql_writer(url: str) -> Callable[[Tables], None]:
    connection = psycopg.connect(url, autocommit=True)

    def write(tables: Tables) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            for name, rows in tables.items():
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)

    return write


def main(url: str, folder: str) -> None:
    sqlite = url.startswith("sqlite:///")
    write = sqlite_writer(url.removeprefix("sqlite:///")) if sqlite else postgresql_writer(url.replace("+psycopg", ""))
    paths: Iterator[Path] = iter(sorted(Path(folder).glob("*/*.json")))
    started = time.perf_counter()
    for path in paths:
        write(rows_of(path.parent.name, path.stem, path.read_bytes()))
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
