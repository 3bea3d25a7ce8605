"""Copies of users' corrections as objects of the raw store, so that they survive the loss of the database.

    {day}/{recording_id}/corrections.json   all corrections of a recording; no object if it has none

The object is JSON: {"corrections": [{"speaker_key", "kind", "target", "author", "at", "note"}, ...]}, in the order of
the speaker keys. It lies below the prefix of its recording, so that a purge deletes it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import msgspec

from meeting_assets.core.correction_kinds import CorrectionKind
from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import make_aware, to_iso8601
from meeting_assets.store.corrections import InForce, StoredCorrection
from meeting_assets.store.raw import RawStore
from meeting_assets.store.raw_layout import corrections_key


class _Correction(msgspec.Struct, frozen=True):
    speaker_key: str
    kind: CorrectionKind
    target: str
    author: str
    at: datetime
    note: str | None = None

    def __post_init__(self) -> None:
        make_aware(self, "at")


class _Content(msgspec.Struct, frozen=True):
    corrections: list[_Correction]


def read_copy(raw: RawStore, day: date, recording_id: str) -> InForce:
    """The corrections in the raw store, by speaker key; empty without an object.

    Raises:
        PayloadError: the object is damaged. The message quotes nothing of it.
    """
    stored = raw.get(corrections_key(day, recording_id))
    if stored is None:
        return {}
    try:
        content = msgspec.json.decode(stored, type=_Content)
    except (ValueError, RecursionError):
        raise PayloadError(
            f"{corrections_key(day, recording_id)} in the raw store is damaged. Restore it from a backup; or delete "
            "it, and `meeting-assets rebuild` writes the corrections of the database again."
        ) from None
    return {each.speaker_key: StoredCorrection(*msgspec.structs.astuple(each)) for each in content.corrections}


def write_copy(raw: RawStore, day: date, recording_id: str, corrections: Collection[StoredCorrection]) -> None:
    """Writes the corrections of a recording as a whole; deletes the object if there are none."""
    key = corrections_key(day, recording_id)
    if not corrections:
        raw.delete([key])
        return
    content = [{**each._asdict(), "at": to_iso8601(each.at)} for each in sorted(corrections)]
    raw.put(key, msgspec.json.encode({"corrections": content}))
