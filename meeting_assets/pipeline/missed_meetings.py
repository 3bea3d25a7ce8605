"""Why meetings were not recorded: the view `missed_meetings` with the reason and the remedy of each.

The API may add sub codes at any time. An unknown one is explained by its platform, and the sentence contains it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, select

from meeting_assets.pipeline.bot_outcomes import MISSED
from meeting_assets.pipeline.missed_meeting_categories import PLATFORM_ERROR, UNKNOWN
from meeting_assets.pipeline.missed_meeting_codes import EXPLANATIONS, Explanation
from meeting_assets.pipeline.missed_meeting_remedies import ASK_SUPPORT
from meeting_assets.pipeline.sql_functions import Monday, Sunday
from meeting_assets.schema.bots import Bots
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

BOTS = table_of(Bots)

PLATFORMS = {"google_meet_": "Google Meet", "zoom_": "Zoom", "microsoft_teams_": "Microsoft Teams", "webex_": "Webex"}
"""Prefixes of the sub codes of one platform."""
WITHOUT_CODE = Explanation(UNKNOWN, "The bot ended without a recording, and Recall.ai states no reason.", ASK_SUPPORT)


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
    """The query of the view: one row per bot that ended without a recording."""
    c = BOTS.c
    has_recording = exists().where(RECORDINGS.c.bot_id == c.bot_id)
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
    ).where(c.outcome == MISSED, ~has_recording)


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
        (code.is_(None), WITHOUT_CODE[position]),
        *((code.in_(of_text), text) for text, of_text in codes.items()),
        *by_platform,
        else_=_of_unknown(code)[position],
    )
