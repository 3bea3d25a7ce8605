"""The row of a bot in `bots`, and the object in the API's form of a stored row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meeting_assets.core.instants import day_of, to_iso8601
from meeting_assets.pipeline.bot_outcomes import MISSED, READY, RECORDED, outcome_of, reason_of
from meeting_assets.recall.bot_status import FAILED, StatusChange, recordings_of
from meeting_assets.recall.objects import Bot

INSTANTS = ("join_at", "scheduled_at", "scheduled_end_at")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredRecordings:
    """The stored recordings of a bot, by whether they failed."""

    usable: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


def bot_row(
    bot: Bot, changes: Sequence[StatusChange], former: Row, kept: Row, recordings: StoredRecordings, at: datetime
) -> dict[str, Any]:
    """The row of a bot as of an instant, without `dashboard_url` and `observed_at`.

    Values that the API clears, such as the meeting and `join_at`, keep those of the `former` row, else those in `kept`.
    """
    columns = {
        name: next((each for each in (value, former.get(name), kept.get(name)) if each is not None), None)
        for name, value in {**bot.columns, "is_recording_off": bot.is_recording_off}.items()
    }
    listed = recordings_of(bot)
    first = next((each for each in changes if each.code != READY), None)
    planned_at = columns["join_at"] or columns["scheduled_at"]
    began_at = (first.at if first else None) or planned_at
    has_recording = _has_recording(listed or {}, former, recordings)
    return {
        "bot_id": str(bot.id),
        **columns,
        "day": day_of(began_at) if began_at else None,
        "status": changes[-1].code if changes else None,
        "status_at": changes[-1].at if changes else None,
        "first_status_at": first.at if first else None,
        "sub_code": reason_of(changes),
        "recording_count": former.get("recording_count") if listed is None else len(listed),
        "outcome": outcome_of(changes, has_recording=has_recording, planned_at=planned_at, at=at),
    }


def bot_document(row: Row, changes: Sequence[StatusChange]) -> dict[str, Any]:
    """The object of a stored bot in the API's form, with the fields that the tables have."""
    instants = {name: to_iso8601(row[name]) if row[name] else None for name in INSTANTS}
    event = {
        "id": row["calendar_event_id"],
        "start_time": instants["scheduled_at"],
        "end_time": instants["scheduled_end_at"],
        "calendar_user": {"id": row["calendar_user_id"]},
    }
    return {
        "id": row["bot_id"],
        "bot_name": row["bot_name"],
        "meeting_url": {"platform": row["platform"], "meeting_id": row["meeting_id"]},
        "metadata": row["bot_metadata"],
        "join_at": instants["join_at"],
        "calendar_meetings": [event] if event["id"] or event["start_time"] else [],
        "status_changes": [
            {
                "code": each.code,
                "sub_code": each.sub_code,
                "message": each.message,
                "created_at": to_iso8601(each.at) if each.at else None,
            }
            for each in changes
        ],
    }


def _has_recording(listed: Mapping[str, str | None], former: Row, stored: StoredRecordings) -> bool | None:
    """True if a usable recording is or was known, False if all known recordings failed, None if none is known."""
    failed = stored.failed | {recording_id for recording_id, status in listed.items() if status == FAILED}
    if stored.usable or listed.keys() - failed:
        return True
    if failed:
        return False
    if former.get("outcome") == RECORDED:
        return True
    return former.get("outcome") != MISSED if former.get("recording_count") else None
