"""Calendar events of the fortnight's meetings, each from a random stream of its own.

Most meetings have an event; some have one in two calendars. Some events have no recording: missed meetings, meetings
without a bot, cancelled ones, private appointments, whole days and the stand-ups of the next days.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from .calendar_event import GOOGLE, OUTLOOK, CalendarEvent, Invitee
from .dialogue import KINDS
from .meeting import Meeting
from .people import TEAMS, Person, guest, staff
from .schedule import IN_PERSON, ZOOM, Slot, slots_of
from .world import Bot, Json, identifier

CALENDARS = (identifier("calendar", 1), identifier("calendar", 2))
ALWAYS_ABSENT = staff("Ingrid Falk")
"""Invited to each planning and review, and in no meeting."""
ABSENT_GUEST = guest("Dora Lind", "bellweather")
"""Invited to each call with customers, and in no meeting."""
RECURRING = frozenset({"standup", "planning", "retro", "one_on_one", "weekly", "all_hands", "japanese"})
UNPLANNED = frozenset({"incident"})
ROOM = Invitee("room-harbour@harbourlight.example", "Room Harbour", is_room=True)
RESPONSES = ("accepted", "accepted", "accepted", "tentative", "needsAction")
RESPONSES_OF_ABSENT = ("accepted", "declined", "needsAction")
DAYS_AHEAD = 3


def fortnight_events(
    seed: int, days: Sequence[date], meetings: Iterable[Meeting], missed: Iterable[Bot]
) -> list[CalendarEvent]:
    """The events of all meetings of some days, of bots without a recording, and of no meeting at all."""
    # A bot that stopped recording and started again has one event.
    first = {meeting.bot_id or meeting.key: meeting for meeting in reversed([*meetings])}
    events = [event for meeting in reversed(first.values()) for event in _of_meeting(meeting)]
    events += [event for bot in missed for event in _of_missed(bot)]
    events += [event for day in days for event in _without_meeting(seed, day)]
    for ahead in range(1, DAYS_AHEAD + 1):
        day = days[-1] + timedelta(days=ahead)
        events += _planned(seed, day)
    return events


def _of_meeting(meeting: Meeting) -> Iterator[CalendarEvent]:
    """The event of a meeting, and for some a copy in another calendar."""
    slot, rng = meeting.slot, Random(f"{meeting.key}/calendar")
    if slot.kind in UNPLANNED:
        return
    bot_ids = (meeting.bot_id,) if meeting.bot_id else ()
    # Some meetings begin late.
    start_at = meeting.planned_at - timedelta(minutes=rng.choice((0, 0, 0, 0, 0, 5, 10)))
    start_at, minutes = _times_of(meeting.calendar) or (start_at, planned_minutes(slot))
    event = _event(
        f"{meeting.key}/event",
        start_at,
        minutes,
        rng,
        title=meeting.title,
        invitees=_invitees(slot, meeting.people, rng),
        meeting_platform=None if slot.platform == IN_PERSON else slot.platform,
        recurring_id=series_of(slot, meeting.title),
        bot_ids=bot_ids,
    )
    if rng.random() < 0.15:
        event.moved_from = start_at - timedelta(hours=1)
    yield event
    if rng.random() < 0.3:
        yield _copy(event, meeting.key)


def _of_missed(bot: Bot) -> Iterator[CalendarEvent]:
    """The event of a bot that never recorded."""
    rng = Random(f"{bot.id}/calendar")
    people = rng.sample(TEAMS["customer"], 2)
    yield _event(
        f"{bot.id}/event",
        *(_times_of(bot.calendar_meetings) or (bot.created_at.replace(second=0, microsecond=0), 30)),
        rng,
        title=rng.choice(KINDS["sales"].titles),
        invitees=_invitees(Slot(time(), "sales", bot.platform or ZOOM, 30, 2, "customer"), people, rng),
        meeting_platform=bot.platform,
        bot_ids=(bot.id,),
    )


def _without_meeting(seed: int, day: date) -> Iterator[CalendarEvent]:
    """A meeting without a bot, a cancelled meeting, an appointment without a link, or a whole day."""
    key = f"fortnight/{seed}/{day}/calendar"
    rng = Random(key)
    if day.weekday() >= 5:
        return
    people = rng.sample(TEAMS["office"], 3)
    slot = Slot(time(12), "weekly", "zoom", 30, 3, "office")
    noon = datetime.combine(day, time(12), UTC)
    invitees = _invitees(slot, people, rng)
    if rng.random() < 0.4:
        title = "Lunch and learn"
        yield _event(f"{key}/no-bot", noon, 45, rng, title=title, invitees=invitees, meeting_platform="zoom")
    if rng.random() < 0.4:
        yield _event(f"{key}/focus", noon + timedelta(hours=3), 60, rng, title="Focus time", invitees=invitees[:1])
    if rng.random() < 0.3:
        cancelled = _event(
            f"{key}/cancelled", noon, 30, rng, title="Catch-up", invitees=invitees, meeting_platform="google_meet"
        )
        cancelled.is_deleted = True
        yield cancelled
    if day.weekday() == 4:
        midnight = datetime.combine(day, time(), UTC)
        whole_day = _event(f"{key}/whole-day", midnight, 24 * 60, rng, title="Release day", invitees=())
        whole_day.is_all_day = True
        yield whole_day


def _planned(seed: int, day: date) -> Iterator[CalendarEvent]:
    """The recurring meetings of a day to come, without bots."""
    for number, slot in enumerate(slots_of(day)):
        meeting = Meeting(seed, day, number, slot)
        if slot.kind in RECURRING:
            rng = Random(f"{meeting.key}/calendar")
            yield _event(
                f"{meeting.key}/event",
                meeting.planned_at,
                planned_minutes(slot),
                rng,
                title=meeting.title,
                invitees=_invitees(slot, meeting.people, rng),
                meeting_platform=slot.platform,
                recurring_id=series_of(slot, meeting.title),
            )


def _times_of(calendar: Sequence[Json]) -> tuple[datetime, int] | None:
    """Start and minutes of a bot's calendar meetings, so that both calendar integrations show the same plan."""
    if not calendar:
        return None
    start_at, end_at = (datetime.fromisoformat(calendar[0][name]) for name in ("start_time", "end_time"))
    return start_at, round((end_at - start_at).total_seconds() / 60)


def planned_minutes(slot: Slot) -> int:
    """The length in the calendar: the meeting's, rounded to quarters of an hour."""
    return max(15, round(slot.minutes / 15) * 15)


def series_of(slot: Slot, title: str) -> str | None:
    """The calendar's id of the recurring event: of one team, platform and title."""
    if slot.kind not in RECURRING:
        return None
    return identifier("series", slot.team, slot.kind, slot.platform, title).replace("-", "")


def _event(
    key: str,
    start_at: datetime,
    minutes: int,
    rng: Random,
    *,
    title: str,
    invitees: tuple[Invitee, ...],
    meeting_platform: str | None = None,
    recurring_id: str | None = None,
    bot_ids: tuple[str, ...] = (),
) -> CalendarEvent:
    created_at = start_at - timedelta(days=rng.randrange(2, 20), seconds=rng.randrange(86_400))
    return CalendarEvent(
        id=identifier(key),
        calendar_id=CALENDARS[0],
        start_at=start_at,
        end_at=start_at + timedelta(minutes=minutes),
        created_at=created_at,
        updated_at=created_at + timedelta(seconds=rng.randrange(1, 86_400)),
        title=title,
        platform=OUTLOOK if meeting_platform in ("microsoft_teams", "webex") else GOOGLE,
        ical_uid=f"{recurring_id or identifier(key, 'uid')}@calendar.example",
        recurring_id=recurring_id,
        meeting_platform=meeting_platform,
        organizer=invitees[0] if invitees else None,
        invitees=invitees,
        bot_ids=bot_ids,
    )


def _copy(event: CalendarEvent, key: str) -> CalendarEvent:
    """The same meeting in another calendar. The API links both events to one bot."""
    return CalendarEvent(
        **{name: getattr(event, name) for name in CalendarEvent.__slots__}
        | {"id": identifier(key, "copy of the event"), "calendar_id": CALENDARS[1]}
    )


def _invitees(slot: Slot, people: Sequence[Person], rng: Random) -> tuple[Invitee, ...]:
    """The people of the meeting, others who do not come, and for some meetings a room; the organizer is the first."""
    present = [each for each in people if each.email]
    absent = [each for each in TEAMS[slot.team] if each not in people][:1]
    if slot.kind in ("planning", "review"):
        absent.append(ALWAYS_ABSENT)
    if KINDS[slot.kind].has_guests:
        absent.append(ABSENT_GUEST)
    invited = [Invitee(str(each.email), each.name, rng.choice(RESPONSES)) for each in present]
    invited += [
        Invitee(str(each.email), each.name, rng.choice(RESPONSES_OF_ABSENT), is_optional=True) for each in absent
    ]
    return (*invited, *([ROOM] if rng.random() < 0.3 else []))
