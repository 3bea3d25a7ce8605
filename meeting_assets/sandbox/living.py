"""A workspace that lives: while a sandbox serves, a meeting begins about every minute, and another one ends.

    begins ──► processing … ──► done, most artifacts with it ──► an async transcript appears ──► it is done
               7 to 9 minutes                                    2 to 15 minutes later           a minute later

Which meeting belongs to a minute depends on seed and minute alone; only the clock decides how far things have come.
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

from .agenda import MEET, TEAMS, WEBEX, ZOOM, at
from .meeting import Meeting
from .server import Sandbox
from .world import Artifact, Bot, Recording

EVERY = timedelta(minutes=1)
LONGEST = timedelta(minutes=10)
EARLY = timedelta(minutes=1)
"""A meeting begins up to this much before its minute."""
LATE = timedelta(minutes=1)
"""What is made later than this after the end appears only then; all else is processing while the meeting goes on."""
LOOK_S = 1.0
FIRST_NUMBER = 100
"""The numbers below belong to the fortnight's meetings of the day."""

ROTATION = (
    at("00:00", "standup", ZOOM, 8, 6, "platform", "webcam_left_on"),
    at("00:00", "sales", TEAMS, 9, 4, "customer"),
    at("00:00", "one_on_one", MEET, 7, 3, "product", "silent_participant"),
    at("00:00", "incident", ZOOM, 7, 4, "platform", "chat_to_everyone"),
    at("00:00", "hiring", TEAMS, 8, 3, "office", "captions"),
    at("00:00", "review", MEET, 9, 5, "product"),
    at("00:00", "interview", ZOOM, 8, 4, "product", "hybrid_diarization"),
    at("00:00", "weekly", WEBEX, 8, 5, "customer"),
    at("00:00", "japanese", ZOOM, 8, 4, "platform", "japanese_meeting"),
    at("00:00", "planning", MEET, 9, 5, "platform"),
)


class Workday:
    """The meetings of a living workspace; they go on while its `with` block runs, by the sandbox's clock."""

    def __init__(self, sandbox: Sandbox, seed: int = 0) -> None:
        self._sandbox = sandbox
        self._seed = seed
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._opened_at = sandbox.clock.now()
        self._planned_until = _minute(self._opened_at - LONGEST)
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
        """Lets happen what is due by the clock."""
        now = self._sandbox.clock.now()
        while self._planned_until <= now + EARLY:
            self._plan(self._planned_until)
            self._planned_until += EVERY
        while self._due and self._due[0][0] <= now:
            heappop(self._due)[2]()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            self.catch_up()

    def _plan(self, minute: datetime) -> None:
        recording, bot = meeting_of(minute, self._seed).framed()
        if recording.status.updated_at <= self._opened_at:
            return  # it was over before anybody looked
        late_from = (recording.completed_at or recording.created_at) + LATE
        late = [each for each in recording.artifacts if each.created_at > late_from]
        recording.artifacts = [each for each in recording.artifacts if each.created_at <= late_from]
        changes = bot.status_changes if bot else []
        self._at(recording.created_at, partial(self._begin, recording, bot))
        self._at(recording.status.updated_at, partial(self._finish, recording, bot, changes))
        for artifact in late:
            self._at(artifact.created_at, partial(self._appear, artifact))
            self._at(artifact.status.updated_at, partial(self._sandbox.finish_artifact, artifact.id))

    def _at(self, instant: datetime, happens: Callable[[], None]) -> None:
        heappush(self._due, (instant, next(self._order), happens))

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
    """The meeting planned for a minute; it begins a little before or after."""
    number = minute.hour * 60 + minute.minute
    slot = replace(ROTATION[number % len(ROTATION)], start=minute.time())
    return Meeting(seed, minute.date(), FIRST_NUMBER + number, slot)


def _minute(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(second=0, microsecond=0)
