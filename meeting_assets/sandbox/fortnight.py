"""Fourteen days of sample meetings, determined by seed and dates."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

from . import context
from .bots import missed_bot
from .fortnight_calendar import fortnight_events
from .meeting import Meeting
from .meeting_urls import raw_zoom_url
from .people import BOT_NAME, COMPANIES
from .schedule import MissedSlot, missed_slots_of, slots_of
from .world import Bot, Recording, World

DAYS = 14


def fortnight(last_day: date, seed: int = 0, *, has_labels: bool = True) -> World:
    """More than fifty meetings in the fourteen days up to `last_day`, with every quirk of `QUIRKS`.

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
            if bot and bots and bot.id == bots[-1].id:
                _merge_bot(bots[-1], bot)
                recording.metadata = recordings[-1].metadata
            elif bot:
                bots.append(bot)
            recordings.append(recording)
        bots += _missed_bots(seed, day)
    recorded = {each.bot_id for each in recordings}
    missed = [bot for bot in bots if bot.id not in recorded]
    return World(recordings, bots, days, calendar_events=fortnight_events(seed, days, meetings, missed))


def _merge_bot(bot: Bot, later: Bot) -> None:
    """Merges the status changes of a bot that stopped recording and started again."""
    recording = next(n for n, each in enumerate(bot.status_changes) if each["code"] == "in_call_recording")
    stopped = bot.status_changes[recording + 1] | {"code": "in_call_not_recording", "sub_code": None}
    bot.status_changes = [*bot.status_changes[: recording + 1], stopped, *later.status_changes[recording:]]


def _missed_bots(seed: int, day: date) -> Iterator[Bot]:
    """Bots without a recording; their status changes give the reason."""
    for number, slot in enumerate(missed_slots_of(day)):
        yield _missed_bot(f"fortnight/{seed}/{day}/no-show" + (f"/{number}" if number else ""), seed, day, slot)


def _missed_bot(key: str, seed: int, day: date, slot: MissedSlot) -> Bot:
    sent_at = datetime.combine(day, slot.start, UTC)
    company = Random(key).choice(sorted(COMPANIES))
    bot = missed_bot(
        key,
        sent_at,
        slot.sub_code,
        slot.platform,
        join_at=sent_at if slot.keeps_join_at else None,
        metadata=context.bot_metadata(slot.kind, slot.team, company),
        meeting_key=context.series_key(seed, slot.kind, slot.team, slot.platform),
        name=BOT_NAME,
    )
    bot.calendar_meetings = context.calendar_of_missed(key, day, slot)
    match slot.shows_url:
        case "text":
            bot.meeting_url = raw_zoom_url(key)
            bot.status_changes[-1]["message"] = f"The password of {bot.meeting_url} is wrong."
        case "nothing":
            bot.meeting_url = None
    return bot
