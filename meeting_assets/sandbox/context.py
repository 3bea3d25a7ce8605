"""Context of sample meetings: the customer's metadata, the series, the calendar, and why the bot left.

All random numbers here have streams of their own, so conversations do not depend on them.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random

from .clock import iso
from .people import TEAMS
from .schedule import MissedSlot, Slot
from .world import PASSWORD, Json, identifier

CUSTOMERS = {
    "bellweather": "Bellweather GmbH & Co. KG",
    "ottoline": "Ottoline Frères",
    "tidewater": "Tidewater Ltd",
    "brightyard": "ブライトヤード株式会社",
    "fairlane": "Fairlane, Inc.",
    "saltmarsh": "Saltmarsh Außenhandel",
    "copperfield": "Copperfield Čapek s.r.o.",
}
"""Name in the customer database by company."""
FIRST_DEAL = 4101
AGENDA = (
    "1) Was wir seit dem letzten Mal geändert haben – 2) Offene Fragen – 3) Nächste Schritte … ".ljust(499, "·") + "!"
)
"""Text of 500 characters, the API's maximum of a metadata value."""
RECURRING_MINUTES = {"standup": 15, "weekly": 30, "planning": 45}
"""Planned length of recurring meetings by kind."""
UNPLANNED = ("incident",)
"""Kinds of meetings that are in no calendar."""
QUARTER = timedelta(minutes=15)
LEAVING = {
    "call_ended_by_platform_idle": 2,
    "timeout_exceeded_silence_detected": 2,
    "bot_received_leave_call": 3,
    "bot_kicked_from_call": 1,
}
"""Weights of less usual reasons for which a bot leaves; the other weights sum up to `USUAL`."""
USUAL = 40


def series_key(seed: int, kind: str, team: str, platform: str) -> str | None:
    """Key of the meeting URL that all meetings of a series share; None if the meeting is not recurring."""
    if kind not in RECURRING_MINUTES:
        return None
    return f"fortnight/{seed}/series/{kind}/{team}/{platform}"


def deal_id(company: str) -> str:
    return f"HL-{FIRST_DEAL + 7 * sorted(CUSTOMERS).index(company)}"


def recording_metadata(kind: str, team: str, company: str) -> dict[str, str]:
    """Metadata of the recording: sales meetings name the customer, reviews have an agenda, stand-ups nothing."""
    match kind:
        case "standup":
            return {}
        case "sales":
            return {"team": team, "customer": CUSTOMERS[company], "crm_deal_id": deal_id(company)}
        case "review":
            return {"team": team, "agenda": AGENDA}
    return {"team": team}


def bot_metadata(kind: str, team: str, company: str) -> dict[str, str]:
    """Metadata of the bot: that of the recording; sales meetings also link to the deal, with a token."""
    found = recording_metadata(kind, team, company)
    if kind != "sales":
        return found
    link = f"https://crm.harbourlight.example/deals/{deal_id(company)}?access_token={PASSWORD}&view=brief"
    return found | {"owner": owner(company), "brief": link}


def owner(company: str) -> str:
    """The colleague who is responsible for a customer."""
    staff = TEAMS["customer"]
    return staff[sorted(CUSTOMERS).index(company) % len(staff)].name


def calendar_of(key: str, day: date, slot: Slot) -> list[Json]:
    """Calendar meetings of a slot's bot, in whole quarter hours, which are longer or shorter than the meeting."""
    rng = Random(f"{key}/calendar")
    minute = slot.start.minute % 15
    start = datetime.combine(day, slot.start, UTC) - timedelta(minutes=minute)
    is_late, is_listed, is_overrun, has_two = (rng.random() < chance for chance in (0.08, 0.92, 0.2, 0.1))
    if slot.kind in UNPLANNED or not is_listed:
        return []
    recurring_minutes = RECURRING_MINUTES.get(slot.kind)
    if recurring_minutes:
        length = timedelta(minutes=recurring_minutes)
    else:
        start -= QUARTER if is_late else timedelta()
        quarters = -(-timedelta(minutes=slot.minutes + minute) // QUARTER)
        length = QUARTER * max(1, quarters - (is_overrun and not is_late))
    users = [slot.team, "office"] if has_two and slot.team != "office" else [slot.team]
    return [calendar_meeting(f"{key}/{user}", start, start + length, user) for user in users]


def calendar_of_missed(key: str, day: date, slot: MissedSlot) -> list[Json]:
    start = datetime.combine(day, slot.start, UTC)
    length = timedelta(minutes=RECURRING_MINUTES.get(slot.kind, 30))
    return [calendar_meeting(f"{key}/{slot.team}", start, start + length, slot.team)]


def calendar_meeting(key: str, start: datetime, end: datetime, user: str) -> Json:
    """A calendar meeting of a bot as the API shows it."""
    return {
        "id": identifier(key, "calendar meeting"),
        "start_time": iso(start),
        "end_time": iso(end),
        "calendar_user": {"id": identifier("calendar user", user), "external_id": f"harbourlight-{user}"},
    }


def leaving_of(key: str) -> str | None:
    """A less usual reason for which the bot left; None in most meetings."""
    codes = [None, *LEAVING]
    return Random(f"{key}/leaving").choices(codes, (USUAL, *LEAVING.values()))[0]
