"""Why meetings were not recorded: the view `missed_meetings` with the reason and the remedy of each.

The API may add sub codes at any time. An unknown one is explained by its platform, and the sentence contains it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, Exists, Select, and_, case, exists, func, or_, select

from meeting_assets.pipeline.bot_outcomes import MISSED, RECORDED
from meeting_assets.pipeline.missed_meeting_categories import NOT_INTENDED, PLATFORM_ERROR, UNKNOWN
from meeting_assets.pipeline.missed_meeting_codes import EXPLANATIONS, Explanation
from meeting_assets.pipeline.missed_meeting_remedies import ASK_SUPPORT, EXPECTED
from meeting_assets.pipeline.sql_functions import Later, Monday, Sunday
from meeting_assets.recall.bot_status import FAILED, FATAL
from meeting_assets.schema.bots import Bots
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

BOTS = table_of(Bots)
SAME_MEETING_S = 3 * 3600.0
"""Bots that join one meeting id within this many seconds attend the same meeting."""

PLATFORMS = {"google_meet_": "Google Meet", "zoom_": "Zoom", "microsoft_teams_": "Microsoft Teams", "webex_": "Webex"}
"""Prefixes of the sub codes of one platform."""
WITHOUT_CODE = Explanation(UNKNOWN, "The bot ended without a recording, and Recall.ai states no reason.", ASK_SUPPORT)
RECORDING_OFF = Explanation(NOT_INTENDED, "The bot was sent to record on request only, and was not asked to.", EXPECTED)


def _of_platform(platform: str, code: Any) -> tuple[str, Any, str]:
    """The explanation of an unknown code of a platform; `code` is text or an SQL expression of text."""
    return PLATFORM_ERROR, f"{platform} kept the bot from recording. Code of Recall.ai: " + code + ".", ASK_SUPPORT


def _of_unknown(code: Any) -> tuple[str, Any, str]:
    """The explanation of any other unknown code; likewise."""
    return UNKNOWN, "The bot ended without a recording. Code of Recall.ai: " + code + ".", ASK_SUPPORT


def explanation(sub_code: str | None) -> Explanation:
    """Why a bot with this sub code did not record.

    >>> explanation("meeting_locked").reason
    'The meeting was locked.'
    >>> explanation("zoom_new_fault")[:2]
    ('platform_error', 'Zoom kept the bot from recording. Code of Recall.ai: zoom_new_fault.')
    """
    if sub_code is None:
        return WITHOUT_CODE
    if sub_code in EXPLANATIONS:
        return EXPLANATIONS[sub_code]
    for prefix, platform in PLATFORMS.items():
        if sub_code.startswith(prefix):
            return Explanation(*_of_platform(platform, sub_code))
    return Explanation(*_of_unknown(sub_code))


def missed_meetings() -> Select[Any]:
    """The query of the view: one row per bot that ended without a recording.

    Bots are left out if another bot recorded the same meeting.
    """
    c = BOTS.c
    return select(
        c.bot_id,
        c.day,
        Monday(c.day).label("week"),
        Sunday(c.day).label("week_end"),
        c.status_at.label("missed_at"),
        *(c.platform, c.meeting_id, c.bot_name, c.bot_metadata, c.scheduled_at, c.calendar_event_id),
        *(c.status, c.sub_code),
        *(_explained(position).label(name) for position, name in enumerate(Explanation._fields)),
        c.dashboard_url,
    ).where(c.outcome == MISSED, ~_has_recording(c), ~_has_recorded_event(), ~_has_recorded_meeting())


def _has_recording(c: Any) -> ColumnElement[bool]:
    """Selects bots with a stored recording, also if the bot was observed before it."""
    return exists().where(RECORDINGS.c.bot_id == c.bot_id, RECORDINGS.c.status != FAILED)


def _has_recorded_event() -> ColumnElement[bool]:
    """Selects bots of whose calendar event another bot has a recording."""
    c, other = BOTS.c, BOTS.alias("of_event")
    return _is_recorded_by(other).where(other.c.calendar_event_id == c.calendar_event_id)


def _has_recorded_meeting() -> ColumnElement[bool]:
    """Selects bots of whose meeting id another bot that joined around the same time has a recording."""
    c, other = BOTS.c, BOTS.alias("of_meeting")
    return _is_recorded_by(other).where(
        other.c.meeting_id == c.meeting_id,
        other.c.platform == c.platform,
        other.c.first_status_at >= Later(c.first_status_at, -SAME_MEETING_S),
        other.c.first_status_at <= Later(c.first_status_at, SAME_MEETING_S),
    )


def _is_recorded_by(other: Any) -> Exists:
    has_recording = or_(other.c.outcome == RECORDED, _has_recording(other.c))
    return exists().where(other.c.bot_id != BOTS.c.bot_id, has_recording)


def _explained(position: int) -> ColumnElement[Any]:
    """The SQL form of one field of `explanation`."""
    code = BOTS.c.sub_code
    codes = defaultdict(list)
    for each, found in EXPLANATIONS.items():
        codes[found[position]].append(each)
    by_platform = (
        (func.substr(code, 1, len(prefix)) == prefix, _of_platform(platform, code)[position])
        for prefix, platform in PLATFORMS.items()
    )
    return case(
        (and_(BOTS.c.is_recording_off, BOTS.c.status != FATAL), RECORDING_OFF[position]),
        (code.is_(None), WITHOUT_CODE[position]),
        *((code.in_(of_text), text) for text, of_text in codes.items()),
        *by_platform,
        else_=_of_unknown(code)[position],
    )
