"""Common way to load transcripts: pydantic models, then a session of SQLModel objects. Prints the seconds.

    python -m benchmarks.naive DATABASE_URL FOLDER [COUNT]

Files, tables and rows are those of `benchmarks.floor`; one transaction per transcript.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pydantic import BaseModel, TypeAdapter
from sqlmodel import Session, SQLModel, create_engine

from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords


class Speaker(BaseModel):
    id: int | None
    name: str | None = None


class Moment(BaseModel):
    relative: float | None = None


class Word(BaseModel):
    text: str
    start_timestamp: Moment
    end_timestamp: Moment


class Entry(BaseModel):
    participant: Speaker
    words: list[Word]
    language_code: str | None = None


ENTRIES = TypeAdapter(list[Entry])


def rows_of(recording_id: str, transcript_id: str, payload: bytes) -> list[SQLModel]:
    ids = {"recording_id": recording_id, "transcript_id": transcript_id}
    rows: list[SQLModel] = []
    timed_units = words = 0
    entries = ENTRIES.validate_json(payload)
    for index, entry in enumerate(entries):
        key = str(entry.participant.id)
        for word in entry.words:
            times = {"start_s": word.start_timestamp.relative, "end_s": word.end_timestamp.relative}
            rows.append(
                TranscriptWords(
                    **ids, word_index=timed_units, utterance_index=index, participant_key=key, **times, text=word.text
                )
            )
            timed_units += 1
        text = " ".join(word.text for word in entry.words)
        words += len(text.split())
        rows.append(
            TranscriptUtterances(
                **ids,
                utterance_index=index,
                participant_key=key,
                participant_id=entry.participant.id,
                speaker_name=entry.participant.name,
                language_code=entry.language_code,
                start_s=min(word.start_timestamp.relative or 0.0 for word in entry.words),
                end_s=max(word.end_timestamp.relative or 0.0 for word in entry.words),
                word_count=len(text.split()),
                text=text,
            )
        )
    counts = {"utterance_count": len(entries), "timed_unit_count": timed_units, "word_count": words}
    rows.append(Transcripts(**ids, language_codes="en", is_primary=True, is_unspaced=False, **counts))
    return rows


def main(url: str, folder: str, count: str = "-1") -> None:
    engine = create_engine(url)
    paths = sorted(Path(folder).glob("*/*.json"))
    started = time.perf_counter()
    for path in paths[: int(count) if int(count) > 0 else None]:
        with Session(engine) as session:
            session.add_all(rows_of(path.parent.name, path.stem, path.read_bytes()))
            session.commit()
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
