"""Links from a hit to its moment on the published page of the meeting."""

from __future__ import annotations

from datetime import date
from pathlib import Path


def page_link(publications: Path, day: date, recording_id: str, at_s: float | None) -> str | None:
    """The path of a meeting's page in the publications folder, with its moment; None if there is no page."""
    page = publications / "meetings" / str(day) / recording_id / "index.html"
    if not page.exists():
        return None
    return f"{page}#t={max(0, int(at_s))}" if at_s is not None else str(page)
