"""Output of `show`: one meeting as text, legible from 60 columns on.

Texts of the meeting are printed on standard output only, never as notes or errors, because those may be logged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.padding import Padding
from rich.text import Text

from meeting_assets.cli.key_tables import KeyTable
from meeting_assets.cli.meeting_texts import printable
from meeting_assets.cli.terminal import out, print_line
from meeting_assets.publications.pages.meeting_data import MeetingData
from meeting_assets.publications.pages.meeting_header import header_of
from meeting_assets.publications.pages.meeting_quality import Note
from meeting_assets.publications.pages.values import duration, number, percent, platform_name

UNKNOWN = "·"
TITLE_LENGTH = 200
PEOPLE = KeyTable(
    ("name", "talk share", "talk time", "words", "questions"),
    numbers=("talk share", "talk time", "words", "questions"),
    texts=("name",),
)
METRICS = KeyTable(("metric", "value"), numbers=("value",), texts=("metric",))
ARTIFACTS = KeyTable(("artifact", "state", "rows"), numbers=("rows",))


def print_meeting(meeting: MeetingData, notes: Sequence[Note], page: str | None) -> None:
    """Prints a meeting, the commands that continue from it, and the path or URL of its page if it has one."""
    for line in _facts(meeting):
        print_line(line)
    _heading("People")
    PEOPLE.print([*_people(meeting)])
    if meeting.metrics is not None:
        _heading("Metrics")
        METRICS.print([*_metrics(meeting.metrics)])
    _heading("Data quality")
    for note in notes:
        _paragraph(f"{note.fact} {note.meaning}".strip())
    if not notes:
        _paragraph("Nothing is missing or doubtful.")
    _heading("Artifacts")
    ARTIFACTS.print([[each.kind, each.status, _number(each.row_count)] for each in meeting.artifacts])
    _heading("How to go on")
    for command, result in _commands(meeting, page):
        print_line(f"  {result}")
        print_line(f"    {command}")


def _facts(meeting: MeetingData) -> Iterator[str]:
    """The title and the facts about a meeting, one a line."""
    header, recording = header_of(meeting), meeting.recording
    title = header.title
    yield printable(title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1] + "…")
    yield f"  recording   {recording.recording_id}"
    yield f"  day         {recording.day:%a} {recording.day}"
    yield f"  time        {_time(header.started_at)} to {_time(header.ended_at)} UTC, {duration(meeting.duration_s)}"
    if header.scheduled_at is not None:
        yield f"  scheduled   {_time(header.scheduled_at)} UTC"
    yield f"  platform    {printable(platform_name(recording.platform) or UNKNOWN)}"
    if header.hosts:
        yield f"  host        {printable(', '.join(header.hosts))}"
    if recording.dashboard_url:
        yield f"  dashboard   {printable(recording.dashboard_url)}"


def _people(meeting: MeetingData) -> Iterator[list[str]]:
    for each in meeting.members:
        row = each.metrics
        talk = [_known(row.talk_share, percent), _known(row.talk_time_s, duration)]
        yield [printable(each.name), *talk, _number(row.word_count), _number(row.question_count)]


def _metrics(row: Any) -> Iterator[list[str]]:
    yield ["participants", _number(row.participant_count)]
    yield ["people who joined late", _number(row.late_joiners)]
    yield ["words", _number(row.word_count)]
    yield ["words per minute of talk", _known(row.words_per_minute, lambda value: number(value, 0))]
    yield ["questions", _number(row.question_count)]
    yield ["silence, share of the time", _known(row.silence_ratio, percent)]
    yield ["overlap, share of the speech", _known(row.overlap_ratio, percent)]
    yield ["unevenness of talk (Gini, 0 to 1)", _known(row.gini_talk, lambda value: number(value, 2))]
    yield ["turns", _number(row.turn_count)]
    yield ["longest monologue", _known(row.longest_monologue_s, duration)]
    yield ["interruptions", _number(row.interruption_count)]
    yield ["median response time", _known(row.response_latency_s, lambda value: f"{number(value)} s")]


def _commands(meeting: MeetingData, page: str | None) -> Iterator[tuple[str, str]]:
    """Commands about the meeting, each with its result."""
    recording_id = meeting.recording.recording_id
    if meeting.said:
        yield f"meeting-assets export {recording_id} --format md --to -", "Read the transcript:"
    yield f"meeting-assets speakers {recording_id}", "Check and correct the speakers:"
    yield page or "meeting-assets pages --open", "Open the meeting's page:" if page else "Write and open the pages:"
    if any(each.status in {"pending", "fetched", "quarantined"} for each in meeting.artifacts):
        yield f"meeting-assets sync --recording {recording_id}", "Fetch what is missing:"


def _heading(text: str) -> None:
    out.print()
    out.print(Text(text, style="bold"))


def _paragraph(text: str) -> None:
    """Prints sentences, wrapped between words on a terminal."""
    if out.is_terminal:
        out.print(Padding(Text(printable(text)), (0, 0, 0, 2), expand=False))
    else:
        print_line(f"  {printable(text)}")


def _time(at: datetime | None) -> str:
    return UNKNOWN if at is None else f"{at:%H:%M}"


def _number(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _known(value: float | None, shown: Any) -> str:
    return UNKNOWN if value is None else str(shown(value))
