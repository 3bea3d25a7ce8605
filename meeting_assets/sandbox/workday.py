"""Simulated workday: while a sandbox serves, about one meeting starts and one finishes every minute.

    starts ──► processing … ──► done, most artifacts with it ──► an async transcript appears ──► it is done
               7 to 9 minutes                                    2 to 15 minutes later           a minute later

Bots join before their meetings and leave after them; each of their status changes sends a webhook. Every 13th minute
another bot is sent that is not admitted.

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

from .bots import missed_bot
from .meeting import Meeting
from .people import BOT_NAME
from .schedule import MEET, TEAMS, WEBEX, ZOOM, slot
from .server import Sandbox
from .world import Artifact, Bot, Json

EVERY = timedelta(minutes=1)
LONGEST = timedelta(minutes=10)
EARLY = timedelta(minutes=3)
"""Bots are sent at most this long before the planned minute of their meeting."""
MISSED_EVERY = 13
MISSED = ("bot_kicked_from_waiting_room", "meeting_password_incorrect", "call_ended_by_platform_waiting_room_timeout")
"""Reasons for which bots are not admitted, in turn."""
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
        self._due: list[tuple[datetime, int, Callable[[], object]]] = []
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
        missed = missed_bot_of(minute, self._seed)
        if missed and _changed_at(missed.status_changes[-1]) > self._started_at:
            self._plan_bot(missed)
        recording, bot = meeting_of(minute, self._seed).build()
        if recording.status.updated_at <= self._started_at:
            return  # finished before this workday started
        late_from = (recording.completed_at or recording.created_at) + LATE
        late = [each for each in recording.artifacts if each.created_at > late_from]
        recording.artifacts = [each for each in recording.artifacts if each.created_at <= late_from]
        if bot:
            self._plan_bot(bot)
        self._schedule(recording.created_at, partial(self._sandbox.begin, recording))
        self._schedule(recording.status.updated_at, partial(self._sandbox.finish, recording.id))
        for artifact in late:
            self._schedule(artifact.created_at, partial(self._appear, artifact))
            self._schedule(artifact.status.updated_at, partial(self._sandbox.finish_artifact, artifact.id))

    def _schedule(self, instant: datetime, change: Callable[[], object]) -> None:
        heappush(self._due, (instant, next(self._order), change))

    def _plan_bot(self, bot: Bot) -> None:
        """Plans the arrival of a bot without status changes, and then its status changes."""
        changes, bot.status_changes = bot.status_changes, []
        self._schedule(bot.created_at, partial(self._sandbox.add_bot, bot))
        for each in changes:
            add = partial(self._sandbox.add_status_change, bot.id, each["code"], each["sub_code"], _changed_at(each))
            self._schedule(_changed_at(each), add)

    def _appear(self, artifact: Artifact) -> None:
        artifact.status = replace(artifact.status, code="processing", updated_at=artifact.created_at)
        self._sandbox.add_artifact(artifact)


def meeting_of(minute: datetime, seed: int = 0) -> Meeting:
    """The meeting planned for a minute; it starts up to 50 s before or 150 s after."""
    number = minute.hour * 60 + minute.minute
    planned = replace(ROTATION[number % len(ROTATION)], start=minute.time())
    return Meeting(seed, minute.date(), FIRST_NUMBER + number, planned)


def missed_bot_of(minute: datetime, seed: int = 0) -> Bot | None:
    """The bot that is sent in a minute and not admitted; None in most minutes."""
    number = minute.hour * 60 + minute.minute
    turn, rest = divmod(number, MISSED_EVERY)
    if rest:
        return None
    key = f"workday/{seed}/{minute.isoformat()}/missed"
    platform = (ZOOM, TEAMS)[turn % 2]
    return missed_bot(key, minute, MISSED[turn % len(MISSED)], platform, metadata={"team": "customer"}, name=BOT_NAME)


def _changed_at(change: Json) -> datetime:
    return datetime.fromisoformat(change["created_at"])


def _minute(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(second=0, microsecond=0)
