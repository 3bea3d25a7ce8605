"""Loading with dlt, configured for speed as its documentation recommends. Prints the seconds.

    .venv-dlt/bin/python benchmarks/dlt_rival.py TARGET MODE FOLDER

TARGET is the URL of a PostgreSQL database (loaded from CSV) or the path of a DuckDB file (loaded from Parquet); these
are the fastest formats. Files and rows are those of `benchmarks.floor`.

MODE `arrow` passes pyarrow tables to dlt, which it does not normalise; `rows` passes pages of dictionaries. Rows are
appended without keys; dlt's `merge`, which would give the product's guarantees, takes longer.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# Workers as in the performance page of dlt's documentation; telemetry is off.
os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "NORMALIZE__WORKERS": "2",
    "NORMALIZE__START_METHOD": "spawn",
    "LOAD__WORKERS": "8",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "100000",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
}

import dlt
import msgspec
import pyarrow as pa


class Speaker(msgspec.Struct, gc=False):
    id: int | None
    name: str | None = None


class Moment(msgspec.Struct, gc=False):
    relative: float | None = None


class Word(msgspec.Struct, gc=False):
    text: str
    start_timestamp: Moment
    end_timestamp: Moment


class Entry(msgspec.Struct):
    participant: Speaker
    words: list[Word]
    language_code: str | None = None


DECODER = msgspec.json.Decoder(list[Entry])
WORDS = (
    "recording_id",
    "transcript_id",
    "word_index",
    "utterance_index",
    "participant_key",
    "start_s",
    "end_s",
    "text",
)
UTTERANCES = (
    *("recording_id", "transcript_id", "utterance_index", "participant_key", "participant_id", "speaker_name"),
    *("language_code", "start_s", "end_s", "word_count", "text"),
)


def rows_of(path: Path) -> dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    recording_id, transcript_id = path.parent.name, path.stem
    words: list[tuple[Any, ...]] = []
    utterances: list[tuple[Any, ...]] = []
    for index, entry in enumerate(DECODER.decode(path.read_bytes())):
        key = str(entry.participant.id)
        times: list[float] = []
        for number, word in enumerate(entry.words, len(words)):
            start_s, end_s = word.start_timestamp.relative, word.end_timestamp.relative
            times += (start_s, end_s)
            words.append((recording_id, transcript_id, number, index, key, start_s, end_s, word.text))
        text = " ".join([word.text for word in entry.words])
        speaker = (key, entry.participant.id, entry.participant.name, entry.language_code)
        utterances.append(
            (recording_id, transcript_id, index, *speaker, min(times), max(times), len(text.split()), text)
        )
    return {"transcript_words": (WORDS, words), "transcript_utterances": (UTTERANCES, utterances)}


def pages(folder: Path, mode: str) -> Iterator[Any]:
    for path in sorted(folder.glob("*/*.json")):
        for table, (names, rows) in rows_of(path).items():
            if mode == "arrow":
                page: Any = pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
            else:
                page = [dict(zip(names, row, strict=True)) for row in rows]
            yield dlt.mark.with_table_name(page, table)


def main(target: str, mode: str, folder: str) -> None:
    with TemporaryDirectory() as working:
        destination: Any = dlt.destinations.duckdb(target)
        if is_postgresql := target.startswith("postgresql://"):
            destination = dlt.destinations.postgres(target)
        pipeline = dlt.pipeline("rival", destination=destination, dataset_name="rival", pipelines_dir=working)
        resource = dlt.resource(pages(Path(folder), mode), name="transcript_words", write_disposition="append")
        started = time.perf_counter()
        pipeline.run(resource, loader_file_format="csv" if is_postgresql else "parquet")
        print(time.perf_counter() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
