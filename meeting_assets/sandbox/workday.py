"""Simulated workday: while a sandbox serves, about one meeting starts and one finishes every minute.

    starts ──► processing … ──► done, most artifacts with it ──► an async transcript appears ──► it is done
               7 to 9 minutes                                    2 to 15 minutes later           a minute later

Seed and minute determine the meeting of a minute; the sandbox's clock determines its progress.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from threading import Event, Thread
from types import TracebackType
from typing import Self

from .meeting import Meeting
from .schedule import MEET, TEAMS, WEBEX, ZOOM, slot
from .server import Sandbox
from .world import Artifact, Bot, Recording

EVERY = timedelta(minutes=1)
LONGEST = timedelta(minutes=10)
EARLY = timedelta(minutes=1)
"""Meetings start at most this long before their planned minute."""
LATE = timedelta(minutes=1)
"""Artifacts created later than this after the meeting's end appear then; others are `processing` from its start."""
POLL_INTERVAL_S = 1.0
FIRST_NUMBER = 100
"""Lower numbers are used by the fortnight's meetings of the same day."""

ROTATION = (
    slot("00:00", "standup", ZOOM, 8, 6, "platform", "webcam_left_on"),
    slot("00:00", "sales", TEAMS, 9, 4, "customer"),
    slot("00:00", "one_on_one", MEET, 7, 3, "product", "silent_participant"),
    slot("00:00", "incident", ZOOM, 7, 4, "platform", "chat_to_everyone"),
    slot("00:00", "hiring", TEAMS, 8, 3, "office", "captions"),
    slot("00:00", "review", MEET, 9, 5, "product"),
    slot("00:00", "interview", ZOOM, 8, 4, "product", "hybrid_diarization"),
    slot("00:00", "weekly", WEBEX, 8, 5, "customer"),
    slot("00:00", "japanese", ZOOM, 8, 4, "platform", "japanese_meeting"),
    slot("00:00", "planning", MEET, 9, 5, "platform"),
)


class Workday:
    """Meetings that start, run and finish by the sandbox's clock while the `with` block runs."""

    def __init__(self, sandbox: Sandbox, seed: int = 0) -> None:
        self._sandbox = sandbox
        self._seed = seed
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._started_at = sandbox.clock.now()
        self._planned_until = _minute(self._started_at - LONGEST)
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="workday", daemon=True)

    def __enter__(self) -> Self:
        self.catch_up()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def catch_up(self) -> None:
        """Applies all changes that are due by the sandbox's clock."""
        now = self._sandbox.clock.now()
        while self._planned_until <= now + EARLY:
            self._plan(self._planned_until)
            self._planned_until += EVERY
        while self._due and self._due[0][0] <= now:
            heappop(self._due)[2]()

    def _run(self) -> None:
        while not self._stopping.wait(POLL_INTERVAL_S):
            self.catch_up()

    def _plan(self, minute: datetime) -> None:
        recording, bot = meeting_of(minute, self._seed).build()
        if recording.status.updated_at <= self._started_at:
            return  # finished before this workday started
        late_from = (recording.completed_at or recording.created_at) + LATE
        late = [each for each in recording.artifacts if each.created_at > late_from]
        recording.artifacts = [each for each in recording.artifacts if each.created_at <= late_from]
        changes = bot.status_changes if bot else []
        self._schedule(recording.created_at, partial(self._begin, recording, bot))
        self._schedule(recording.status.updated_at, partial(self._finish, recording, bot, changes))
        for artifact in late:
            self._schedule(artifact.created_at, partial(self._appear, artifact))
            self._schedule(artifact.status.updated_at, partial(self._sandbox.finish_artifact, artifact.id))

    def _schedule(self, instant: datetime, change: Callable[[], None]) -> None:
        heappush(self._due, (instant, next(self._order), change))

    def _begin(self, recording: Recording, bot: Bot | None) -> None:
        if bot:
            recorded = [each["code"] for each in bot.status_changes].index("in_call_recording")
            bot.status_changes = bot.status_changes[: recorded + 1]
        self._sandbox.begin(recording, bot)

    def _finish(self, recording: Recording, bot: Bot | None, changes: list[dict[str, object]]) -> None:
        if bot:
            bot.status_changes = changes
        self._sandbox.finish(recording.id)

    def _appear(self, artifact: Artifact) -> None:
        artifact.status = replace(artifact.status, code="processing", updated_at=artifact.created_at)
        self._sandbox.add_artifact(artifact)


def meeting_of(minute: datetime, seed: int = 0) -> Meeting:
    """The meeting planned for a minute; it starts up to 50 s before or 150 s after."""
    number = minute.hour * 60 + minute.minute
    planned = replace(ROTATION[number % len(ROTATION)], start=minute.time())
    return Meeting(seed, minute.date(), FIRST_NUMBER + number, planned)


def _minute(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(second=0, microsecond=0)
