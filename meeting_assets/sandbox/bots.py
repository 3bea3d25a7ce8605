"""Bots: those that recorded a meeting, and those that wait, are scheduled, or were sent in vain.

recorded   joining_call ─► in_waiting_room ─► in_call_not_recording ─► recording_permission_allowed
           ─► in_call_recording ─► call_ended ─► recording_done ─► done
missed     see `PATHS`; `fatal` is the last status, `call_ended` is followed by `done`
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

from .clock import iso
from .meeting_urls import meeting_url
from .recording_spec import RecordingSpec, provider_details
from .world import PASSWORD, Bot, Json, identifier

RETENTION_H = 168
Change = tuple[str, str | None, float]
"""Code, sub code and seconds after the bot was sent."""

IN_WAITING_ROOM: tuple[Change, ...] = (("joining_call", None, 0), ("in_waiting_room", None, 20))
ADMITTED: tuple[Change, ...] = (*IN_WAITING_ROOM, ("in_call_not_recording", None, 55))
DENIED: tuple[Change, ...] = (
    *ADMITTED,
    ("recording_permission_denied", "zoom_local_recording_request_denied_by_host", 78),
)
PATHS: dict[str, tuple[tuple[Change, ...], str, float]] = {
    "timeout_exceeded_waiting_room": (IN_WAITING_ROOM, "call_ended", 1220),
    "call_ended_by_platform_waiting_room_timeout": (IN_WAITING_ROOM, "call_ended", 620),
    "bot_kicked_from_waiting_room": (IN_WAITING_ROOM, "call_ended", 265),
    "timeout_exceeded_noone_joined": (
        (("joining_call", None, 0), ("in_call_not_recording", None, 24)),
        "call_ended",
        1224,
    ),
    "bot_kicked_from_call": (ADMITTED, "call_ended", 172),
    "timeout_exceeded_recording_permission_denied": (DENIED, "call_ended", 108),
    "bot_errored": (ADMITTED, "fatal", 131),
    "microsoft_teams_sign_in_credentials_missing": (IN_WAITING_ROOM, "fatal", 61),
}
"""Status changes before the last one, code of the last one, and its time, by its sub code."""
AT_ONCE: tuple[tuple[Change, ...], str, float] = ((("joining_call", None, 0),), "fatal", 14)
"""Path of all other sub codes: the bot could not join."""
DONE_AFTER_S = 5
REALTIME_ENDPOINT: Json = {
    "type": "webhook",
    "url": f"https://live.harbourlight.example/captions?token={PASSWORD}",
    "events": ["transcript.data"],
    "metadata": {},
}


def status_changes(sent_at: datetime, changes: Iterable[Change]) -> list[Json]:
    """Status changes as the API shows them."""
    return [change(code, sub_code, sent_at + timedelta(seconds=after_s)) for code, sub_code, after_s in changes]


def change(code: str, sub_code: str | None, at: datetime) -> Json:
    return {"code": code, "message": None, "created_at": iso(at), "sub_code": sub_code}


def missed_changes(sub_code: str) -> tuple[Change, ...]:
    """Status changes of a bot that never recorded for the reason `sub_code`."""
    before, code, at_s = PATHS.get(sub_code, AT_ONCE)
    done: tuple[Change, ...] = (("done", None, at_s + DONE_AFTER_S),) if code == "call_ended" else ()
    return (*before, (code, sub_code, at_s), *done)


def missed_bot(
    key: str,
    sent_at: datetime,
    sub_code: str,
    platform: str = "zoom",
    *,
    join_at: datetime | None = None,
    metadata: dict[str, str] | None = None,
    meeting_key: str | None = None,
    name: str = "Notetaker",
) -> Bot:
    """A bot that was sent and never recorded; `sub_code` is a documented reason."""
    return Bot(
        id=identifier(key, "bot"),
        created_at=sent_at,
        join_at=join_at,
        name=name,
        meeting_url=meeting_url(platform, meeting_key or key),
        status_changes=status_changes(sent_at, missed_changes(sub_code)),
        metadata=metadata or {},
    )


def waiting_bot(key: str, sent_at: datetime, platform: str = "zoom") -> Bot:
    """A bot in the waiting room of a meeting that has not admitted it yet."""
    bot = missed_bot(key, sent_at, "timeout_exceeded_waiting_room", platform)
    bot.status_changes = status_changes(sent_at, IN_WAITING_ROOM)
    return bot


def scheduled_bot(
    key: str,
    created_at: datetime,
    join_at: datetime,
    platform: str = "zoom",
    metadata: dict[str, str] | None = None,
) -> Bot:
    """A bot that will join at `join_at` and has no status changes yet."""
    return Bot(
        id=identifier(key, "bot"),
        created_at=created_at,
        join_at=join_at,
        name="Notetaker",
        meeting_url=meeting_url(platform, key),
        metadata=metadata or {},
    )


def recording_bot(spec: RecordingSpec, rng: Random) -> Bot:
    """The bot that joined, recorded and left."""
    bot_key = spec.bot_key or spec.key
    sent_at = spec.created_at - timedelta(seconds=rng.uniform(20, 80))
    joined_at = spec.created_at - timedelta(seconds=rng.uniform(5, 15))
    end = spec.completed_at
    left_because = rng.choice(("call_ended_by_host", "timeout_exceeded_everyone_left"))
    changes: list[tuple[str, str | None, datetime]] = [
        ("joining_call", None, sent_at),
        ("in_waiting_room", None, joined_at - timedelta(seconds=3)),
        ("in_call_not_recording", None, joined_at),
        ("recording_permission_allowed", None, spec.created_at),
        ("in_call_recording", None, spec.started_at),
        ("call_ended", spec.left_because or left_because, end),
        ("recording_done", None, end + timedelta(seconds=1)),
        ("done", None, end + timedelta(seconds=rng.uniform(5, 60))),
    ]
    scheduled = sent_at + timedelta(minutes=1)
    # The API clears `join_at` of most bots that have joined, so a filter by `join_at` finds only some of them.
    join_at = scheduled.replace(second=0, microsecond=0) if rng.random() < 0.5 else None
    by_chance = _calendar(spec, rng)
    return Bot(
        id=identifier(bot_key, "bot"),
        created_at=sent_at,
        join_at=join_at,
        name=spec.bot_name,
        meeting_url=meeting_url(spec.platform, spec.url_key),
        status_changes=[change(*each) for each in changes],
        recording_config=recording_config(spec),
        calendar_meetings=by_chance if spec.calendar is None else spec.calendar,
        metadata=spec.metadata_of_source,
        zoom=_zoom_token(bot_key) if spec.has_tokens else None,
    )


def recording_config(spec: RecordingSpec) -> Json:
    live = next((t for t in spec.transcripts if not t.provider.endswith("_async")), None)
    return {
        "transcript": {**provider_details(live), "metadata": {}} if live else None,
        "realtime_endpoints": [REALTIME_ENDPOINT] if spec.has_tokens else [],
        "retention": {"type": "timed", "hours": RETENTION_H} if spec.expires else {"type": "forever"},
        "participant_events": {},
        "meeting_metadata": {},
        "video_mixed_layout": "gallery_view_v2",
        "metadata": spec.metadata,
    }


def _zoom_token(key: str) -> Json:
    url = f"https://tokens.harbourlight.example/zoom/{identifier(key, 'token')[:8]}?token={PASSWORD}"
    return {"join_token_url": f"{url}-join", "zak_url": f"{url}-zak", "user_email": None}


def _calendar(spec: RecordingSpec, rng: Random) -> list[Json]:
    if rng.random() < 0.5:
        return []
    start = spec.created_at.replace(second=0, microsecond=0)
    return [
        {
            "id": identifier(spec.key, "calendar meeting"),
            "start_time": iso(start),
            "end_time": iso(start + timedelta(seconds=round(spec.duration_s / 900 + 1) * 900)),
            "calendar_user": {"id": identifier("calendar user"), "external_id": "northwind-1"},
        }
    ]
