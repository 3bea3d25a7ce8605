"""Fourteen days of sample meetings, determined by seed and dates."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from .clock import iso
from .fortnight_calendar import fortnight_events
from .meeting import Meeting
from .people import BOT_NAME
from .recording_builder import meeting_url
from .schedule import no_show, slots_of
from .world import Bot, Recording, World, identifier

DAYS = 14


def fortnight(last_day: date, seed: int = 0, *, has_labels: bool = True) -> World:
    """About fifty meetings in the fourteen days up to `last_day`, with every quirk of `QUIRKS`.

    Seed and date determine a meeting, so fortnights of consecutive days share thirteen days. Without labels, all
    transcripts name their speakers by participant ids; the words are the same.
    """
    days = [last_day - timedelta(days=n) for n in reversed(range(DAYS))]
    recordings: list[Recording] = []
    bots: list[Bot] = []
    meetings: list[Meeting] = []
    for day in days:
        for number, slot in enumerate(slots_of(day)):
            meetings.append(Meeting(seed, day, number, slot, has_labels=has_labels))
            recording, bot = meetings[-1].build()
            recordings.append(recording)
            if bot and bots and bot.id == bots[-1].id:
                _merge_bot(bots[-1], bot)
            elif bot:
                bots.append(bot)
        bots += _no_shows(seed, day)
    recorded = {each.bot_id for each in recordings}
    missed = [bot for bot in bots if bot.id not in recorded]
    return World(recordings, bots, days, calendar_events=fortnight_events(seed, days, meetings, missed))


def _merge_bot(bot: Bot, later: Bot) -> None:
    """Merges the status changes of a bot that stopped recording and started again."""
    recording = next(n for n, each in enumerate(bot.status_changes) if each["code"] == "in_call_recording")
    stopped = bot.status_changes[recording + 1] | {"code": "in_call_not_recording", "sub_code": None}
    bot.status_changes = [*bot.status_changes[: recording + 1], stopped, *later.status_changes[recording:]]


def _no_shows(seed: int, day: date) -> Iterator[Bot]:
    """Bots without a recording because they never entered the meeting; their status changes give the reason."""
    missed = no_show(day)
    if missed is None:
        return
    start, platform, sub_code = missed
    key = f"fortnight/{seed}/{day}/no-show"
    sent_at = datetime.combine(day, start, UTC)
    code = "call_ended" if sub_code.startswith("timeout") else "fatal"
    changes = [("joining_call", None, 0), ("in_waiting_room", None, 20), (code, sub_code, 1220)]
    changes += [("done", None, 1225)] if code == "call_ended" else []
    yield Bot(
        id=identifier(key, "bot"),
        created_at=sent_at,
        join_at=None,
        name=BOT_NAME,
        meeting_url=meeting_url(platform, key),
        status_changes=[
            {
                "code": name,
                "message": None,
                "created_at": iso(sent_at + timedelta(seconds=after_s)),
                "sub_code": reason,
            }
            for name, reason, after_s in changes
        ],
    )
