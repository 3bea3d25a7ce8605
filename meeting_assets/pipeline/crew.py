"""A crew: processes that load artifacts of a large day beside this one, since parsing takes a whole core.

Each member does for some artifacts what a run of its own would do, under the same lock of the same ledger rows; so a
member that dies leaves nothing half done, and its artifacts are done by this process. A member ends when its input
does, which is also when this process is killed.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from threading import Condition, Thread
from types import TracebackType
from typing import IO, Self

import msgspec

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.core import errors
from meeting_assets.core.errors import MeetingAssetsError, StoreError
from meeting_assets.core.logs import FIELDS
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.pipeline.replace import LoadReport, load_together
from meeting_assets.pipeline.run_heartbeat import RunHeartbeat, heartbeat_of
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import attempts
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database
from meeting_assets.store.ledger import Key
from meeting_assets.store.raw import RawStore
from meeting_assets.store.worklist import LoadTask

WORTH_BYTES = 100_000_000
"""Of payloads for each member: two seconds of work, twice what it takes a member to start."""
MOST_PROCESSES = 4
"""Each takes some 100 MB."""
BYTES_AT_ONCE, MOST_AT_ONCE = 4_000_000, 100
"""Of payloads in one transaction, whose fixed cost is that of 200 kB. 8 MB take more memory, and no less time."""

logger = logging.getLogger(__name__)


class _Order(msgspec.Struct):
    """What a member is told at its start, over its input: the URL may hold a password."""

    kind: str
    database_url: str
    database_schema: str
    raw_url: str
    instance_credentials: bool
    bot_names: frozenset[str]
    run: tuple[str, ProcessIdentity] | None
    """The run that the member works for, and the process that its heartbeats name."""


class _Line(msgspec.Struct):
    """What a member logged."""

    level: int
    text: str
    about: dict[str, str]


class _Answer(msgspec.Struct):
    """What a member says of what it was handed."""

    report: LoadReport
    error: tuple[str, str] | None = None
    """Class and text of the error of ours that stops it."""
    said: list[_Line] = []


def worthwhile_size(artifact: Artifact, entries: Sequence[LoadTask], storage: Storage) -> int:
    """How many processes the work is worth, this one included, and there is room for.

    One where a database has one writer; inside a worker of a pool (Celery's), which has brothers on the other cores;
    and where another process cannot find what is to be loaded.
    """
    is_findable = ARTIFACTS.get(artifact.kind) is artifact and storage.raw.url
    if storage.database.is_sqlite or multiprocessing.current_process().daemon or not is_findable:
        return 1
    worth = 1 + sum(entry.size_bytes or 0 for entry in entries) // WORTH_BYTES
    return min(worth, len(entries), _cores(), MOST_PROCESSES) or 1


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew:
    """Helpers of this process for one list of artifacts; `next` is what this process itself is to do."""

    def __init__(self, artifact: Artifact, storage: Storage, entries: Sequence[LoadTask], *, helpers: int) -> None:
        self._artifact = artifact
        self._order = _Order(
            artifact.kind,
            storage.database.url,
            storage.database.namespace.name,
            storage.raw.url,
            storage.raw.instance_credentials,
            storage.bot_names,
            heartbeat.identity if (heartbeat := heartbeat_of(storage.database)) is not None else None,
        )
        self._storage = storage
        # What may have ended the process before comes last, what did so most often at the very end.
        self._left = [*reversed(entries)]
        self._left.sort(key=lambda entry: entry.load_attempts or 0, reverse=True)
        self._marked: dict[Key, LoadTask] = {}
        """Artifacts whose loading has begun, which is recorded, and has not ended."""
        self._helpers = helpers
        self._changed = Condition()
        self._report = LoadReport()
        self.error: MeetingAssetsError | None = None
        """What has stopped a member, and is to stop all."""
        self.in_hand = 0
        """How many artifacts the members are at."""
        self._is_over = False
        self._members: list[subprocess.Popen[bytes]] = []
        self._threads: list[Thread] = []

    def __enter__(self) -> Self:
        for _ in range(self._helpers):
            thread = Thread(target=self._lead, args=(self._started(),), name="crew", daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_over = True
            self._left.clear()
        for member in self._members:
            # It has nothing to do, or after an error nobody waits for it: what it has not committed is not there.
            member.kill()
            member.wait()
        for thread in self._threads:
            thread.join()
        # They count one more where the database is what has stopped them.
        with suppress(StoreError):
            self._call_off()
        for member in self._members:
            for pipe in (member.stdin, member.stdout):
                with suppress(BrokenPipeError):
                    if pipe:
                        pipe.close()

    def next(self) -> list[LoadTask]:
        """What this process is to load next, together; nothing when all that others had is done, too.

        Raises:
            StoreError: what stopped a member.
        """
        with self._changed:
            while self.in_hand and self.error is None and (not self._left or self._is_suspect_next()):
                self._changed.wait()
            if self.error is not None:
                raise self.error
            taken = self._taken()
        return self._begun(taken)

    def following(self) -> list[LoadTask]:
        """More for this process, if there is any right now; a suspect is loaded while nothing else is in memory."""
        with self._changed:
            taken = [] if self._is_suspect_next() else self._taken()
        return self._begun(taken)

    def note_ended(self, entries: Sequence[LoadTask]) -> None:
        """Notes that loading these has ended, whatever came of it."""
        with self._changed:
            for entry in entries:
                self._marked.pop(entry.key, None)

    def _is_suspect_next(self) -> bool:
        """Whether the next artifact is one whose loading may have ended a process."""
        return bool(self._left and self._left[-1].load_attempts)

    def _begun(self, entries: list[LoadTask]) -> list[LoadTask]:
        """Records that loading these begins: one that ends the process leaves its mark."""
        if entries:
            with self._changed:
                self._marked |= {entry.key: entry for entry in entries}
            _mark(self._storage.database, entries)
        return entries

    @retry_on_conflict
    def _call_off(self) -> None:
        """Removes the marks of loads that were interrupted."""
        if self._marked:
            with self._storage.database.writing() as connection:
                attempts.note_not_loaded(connection, self._marked.values())

    def _taken(self) -> list[LoadTask]:
        """The next that go together, by whoever holds the lock."""
        taken: list[LoadTask] = []
        recordings: set[str] = set()
        size_bytes = 0
        while self._left and len(taken) < MOST_AT_ONCE:
            entry = self._left[-1]
            size_bytes += entry.size_bytes or 0
            # Where one artifact of a recording counts, the rows of a former one go before those of the next come.
            has_former = entry.key.recording_id in recordings and not self._artifact.allows_multiple
            if taken and (size_bytes > BYTES_AT_ONCE or has_former or entry.load_attempts):
                break
            taken.append(self._left.pop())
            recordings.add(entry.key.recording_id)
            if entry.load_attempts:
                break  # loaded alone, so that what ends the process is known
        return taken

    def finished(self) -> LoadReport:
        """What the members did."""
        return self._report

    def _started(self) -> subprocess.Popen[bytes]:
        code = f"from {__name__} import serve; serve()"
        member = subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._members.append(member)
        return member

    def _lead(self, member: subprocess.Popen[bytes]) -> None:
        """Hands one artifact after the other to a member, from a thread of its own."""
        assert member.stdin
        assert member.stdout
        handed: list[LoadTask] = []
        try:
            _write(member.stdin, self._order)
            # Only one that is ready is handed something: until then this process does it all.
            _read(member.stdout)
            while handed := self._handed():
                _write(member.stdin, handed)
                answer = msgspec.json.decode(_read(member.stdout), type=_Answer)
                done, handed = handed, []
                self._note(answer, done)
        except (OSError, EOFError, msgspec.MsgspecError):
            if not self._is_over:
                logger.warning("a process that helped to load has ended early; this one does its work")
        finally:
            self._give_back(handed)

    def _handed(self) -> list[LoadTask]:
        with self._changed:
            taken = [] if self.error is not None or self._is_suspect_next() else self._taken()
            self.in_hand += len(taken)
            self._marked |= {entry.key: entry for entry in taken}
            return taken

    def _give_back(self, entries: Sequence[LoadTask]) -> None:
        """Returns the artifacts of an ended worker to the queue, as suspects."""
        with self._changed:
            self.in_hand -= len(entries)
            if not self._is_over:
                suspects = [each._replace(load_attempts=(each.load_attempts or 0) + 1) for each in entries]
                self._left[:0] = reversed(suspects)
                for each in entries:
                    self._marked.pop(each.key, None)
            self._changed.notify_all()

    def _note(self, answer: _Answer, entries: Sequence[LoadTask]) -> None:
        for line in answer.said:
            logger.log(line.level, "%s", line.text, extra=line.about)
        if answer.error is None:
            self.note_ended(entries)
        with self._changed:
            self.in_hand -= len(entries)
            self._report.add(answer.report)
            if answer.error is not None:
                name, text = answer.error
                kind: type[MeetingAssetsError] = getattr(errors, name)
                self.error = kind(text)
            self._changed.notify_all()


def serve() -> None:
    """Loads what the leader's pipe says, until it ends; the member's whole life."""
    # The leader is told to stop, and says so by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that somebody prints is an answer
    order = msgspec.json.decode(orders.readline(), type=_Order)
    said = _Said()
    logging.getLogger("meeting_assets").addHandler(said)
    logging.getLogger("meeting_assets").setLevel(logging.INFO)
    logging.getLogger("meeting_assets").propagate = False
    # A leader that is gone wants no answer.
    with suppress(BrokenPipeError):
        answers.write(b"ready\n")
        answers.flush()
        database: Database | None = None
        try:
            for line in orders:
                entries = msgspec.json.decode(line, type=list[LoadTask])
                report = LoadReport()
                error: tuple[str, str] | None = None
                try:
                    database = database or _database_of(order)
                    raw = RawStore.at(order.raw_url, instance_credentials=order.instance_credentials)
                    place = Storage(database, raw, bot_names=order.bot_names)
                    _mark(database, entries)
                    reads = [partial(place.raw.read, each.raw_key, each.sha256, each.size_bytes) for each in entries]
                    load_together(ARTIFACTS[order.kind], [*zip(entries, reads, strict=True)], place, report)
                except MeetingAssetsError as fault:
                    error = type(fault).__name__, str(fault)
                _write(answers, _Answer(report, error, said.taken()))
        finally:
            if database is not None:
                database.close()


def _database_of(order: _Order) -> Database:
    """A database whose transactions are committed only if the run was not declared orphaned."""
    database = Database.at(order.database_url, order.database_schema)
    if order.run is not None:
        run_id, process = order.run
        # It is not started: without a recent heartbeat, every transaction writes one and depends on it.
        database.before_commit = RunHeartbeat(run_id, lambda: database, process).before_commit
    return database


@retry_on_conflict
def _mark(database: Database, entries: Sequence[LoadTask]) -> None:
    """Records that loading these begins."""
    with database.writing() as connection:
        attempts.note_loading(connection, entries)


class _Said(logging.Handler):
    """What was logged since the last answer; the leader says it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: list[_Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        about = {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        self._lines.append(_Line(record.levelno, record.getMessage(), about))

    def taken(self) -> list[_Line]:
        lines, self._lines = self._lines, []
        return lines


def _write(pipe: IO[bytes], message: object) -> None:
    pipe.write(msgspec.json.encode(message) + b"\n")
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes:
    line = pipe.readline()
    if not line:
        raise EOFError
    return line
