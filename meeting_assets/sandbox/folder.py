"""Real meetings from folders, each with a `meeting.json` and payload files.

Payloads are served unchanged except for their absolute times, which move with the meeting to its new day.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from .recording_builder import build_recording
from .recording_spec import RecordingSpec, TranscriptSpec
from .world import KINDS, Bot, Recording, World

FIRST_HOUR = 8
HOURS = 12
COMPLETE_COLLECTIONS = frozenset({"participant_events"})
"""Collections whose artifacts have all URLs as soon as they are `done`; a missing URL would mean "not yet"."""
ABSOLUTE = re.compile(rb'("absolute"\s*:\s*")([^"]+)(")')


def from_folder(folder: Path | str, first_day: date | None = None, per_day: int = 4) -> World:
    """Meetings below `folder` in order of folder name, `per_day` on each of consecutive UTC days.

    Without `first_day` the last of these days is yesterday. A kind without a file has no artifact, with one exception:
    if one of the three files of the participant events exists, an empty list is served for each missing one.
    """
    found = sorted((each.parent for each in Path(folder).rglob("meeting.json")), key=lambda each: (each.name, each))
    count = -(-len(found) // per_day)
    first = first_day or datetime.now(UTC).date() - timedelta(days=count)
    recordings: list[Recording] = []
    bots: list[Bot] = []
    sources: dict[str, Path] = {}
    for meeting, created_at in zip(found, _hours(first, per_day), strict=False):
        recording, bot = _meeting(meeting, str(meeting.relative_to(folder)), created_at)
        recordings.append(recording)
        bots += [bot] if bot else []
        sources[recording.id] = meeting
    return World(recordings, bots, [first + timedelta(days=n) for n in range(count)], sources)


def _hours(first: date, per_day: int) -> Iterator[datetime]:
    """Yields `per_day` instants for each day from `first` on, spread over working hours."""
    opening = datetime.combine(first, time(FIRST_HOUR), UTC)
    index = 0
    while True:
        day, n = divmod(index, per_day)
        yield opening + timedelta(days=day, hours=HOURS * n / per_day)
        index += 1


def _meeting(folder: Path, name: str, created_at: datetime) -> tuple[Recording, Bot | None]:
    about = json.loads((folder / "meeting.json").read_bytes())
    # Shifted by whole seconds, so that times with milliseconds keep their digits.
    started_at = created_at.replace(microsecond=0) + timedelta(seconds=12)
    first_started_at = datetime.fromisoformat(about["started_at"]).astimezone(UTC)
    shift = started_at - first_started_at.replace(microsecond=0)
    existing = {kind for kinds in KINDS.values() for kind in kinds if (folder / f"{kind}.json").exists()}
    spec = RecordingSpec(
        key=f"folder/{name}/{created_at.date()}",
        created_at=created_at,
        started_at=first_started_at + shift,
        duration_s=float(about["duration_s"]),
        title=folder.name,
        transcripts=[TranscriptSpec("assembly_ai_async", after_s=60)] if "transcript" in existing else [],
        separate=tuple(kind for kind in ("video_separate", "audio_separate") if kind in existing),
        metadata={"source": name},
    )

    def payload(kind: str, _: int) -> bytes:
        return moved((folder / f"{kind}.json").read_bytes(), shift) if kind in existing else b"[]"

    recording, bot = build_recording(spec, payload)
    for artifact in recording.artifacts:
        kept = {*artifact.payloads} & existing
        if kept and artifact.collection in COMPLETE_COLLECTIONS:
            continue
        artifact.payloads = {kind: p for kind, p in artifact.payloads.items() if kind in kept}
    recording.artifacts = [each for each in recording.artifacts if each.collection not in KINDS or each.payloads]
    return recording, bot


def moved(body: bytes, shift: timedelta) -> bytes:
    """Payload with all absolute times moved by `shift`; the number of decimals stays the same.

    >>> moved(b'{"absolute": "2026-01-05T09:00:00.250Z", "relative": 0.25}', timedelta(days=1))
    b'{"absolute": "2026-01-06T09:00:00.250Z", "relative": 0.25}'
    """

    def move(found: re.Match[bytes]) -> bytes:
        text = found[2].decode()
        decimals = len(text.rstrip("Z").partition(".")[2])
        instant = datetime.fromisoformat(text).replace(tzinfo=None) + shift
        digits = f".{instant:%f}"[: decimals + 1] if decimals else ""
        return found[1] + f"{instant:%Y-%m-%dT%H:%M:%S}{digits}Z".encode() + found[3]

    return ABSOLUTE.sub(move, body)
