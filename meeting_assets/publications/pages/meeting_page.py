"""The page of a meeting: its speech, talk shares and attendance, its transcript, and the quality of its data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from meeting_assets.metrics.parameters import Parameters
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.meeting_balance import balance_of, transitions_of
from meeting_assets.publications.pages.meeting_data import MeetingData, read_meeting_data
from meeting_assets.publications.pages.meeting_header import DOWNLOADS, downloads_of, header_of
from meeting_assets.publications.pages.meeting_highlights import MOST_MOMENTS, highlights_of
from meeting_assets.publications.pages.meeting_player import MediaFolders, Player, read_player
from meeting_assets.publications.pages.meeting_quality import notes_of
from meeting_assets.publications.pages.meeting_swimlanes import WIDTH, swimlanes_of
from meeting_assets.publications.pages.meeting_transcript import Anchors, Entry, entries_of
from meeting_assets.publications.pages.rendering import render
from meeting_assets.publications.pages.site import Site

TEMPLATE = "meeting.html.j2"
MOST_ROWS = 30
"""Tables with more rows scroll in a region of their own."""
ENTRIES_PER_GROUP = 30
"""Browsers skip the layout of groups of entries that are out of sight."""


class Figure(NamedTuple):
    """A number of `meeting_metrics` with its label and the filter that formats it."""

    label: str
    column: str
    form: str = "number"


FIGURES = (
    Figure("Participants", "participant_count"),
    Figure("Words", "word_count"),
    Figure("Words per minute", "words_per_minute"),
    Figure("Turns", "turn_count"),
    Figure("Changes of speaker per minute", "interactivity_per_min"),
    Figure("Silence", "silence_ratio", "percent"),
    Figure("Overlapping speech", "overlap_ratio", "percent"),
    Figure("Interruptions", "interruption_count"),
    Figure("Questions", "question_count"),
    Figure("Inequality of talk (Gini)", "gini_talk", "two_digits"),
    Figure("Late arrivals", "late_joiners"),
    Figure("Most people at once", "peak_concurrency"),
)


def meeting_page(
    connection: Connection,
    recording_id: str,
    site: Site,
    *,
    parameters: Parameters | None = None,
    formats: Iterable[str] = DOWNLOADS,
    folders: MediaFolders | None = None,
) -> str | None:
    """The HTML of a meeting's page; None if the recording is not stored or not finished.

    Args:
        connection: in a snapshot (`Connections.read_snapshot`), so that all parts have the same state.
        recording_id: the API's id of the recording.
        site: the pages of persons and series.
        parameters: the parameters of the metrics in force; the defaults if not given.
        formats: names of the export formats that are beside the page; only those with content are linked.
        folders: of the stores, if the page may play stored media files.
    """
    meeting = read_meeting_data(connection, recording_id)
    if meeting is None:
        return None
    is_unspaced = bool(meeting.transcript and meeting.transcript.is_unspaced)
    entries = entries_of(meeting.said, meeting.units, meeting.chat, is_unspaced=is_unspaced)
    page_key = links.meeting_key(meeting.recording.day, recording_id)
    player = read_player(connection, meeting, entries, page_key, folders)
    return page_of(meeting, site, parameters or Parameters(), formats, entries, player)


def page_of(
    meeting: MeetingData,
    site: Site,
    parameters: Parameters,
    formats: Iterable[str],
    entries: Sequence[Entry],
    player: Player | None,
) -> str:
    """The HTML of a meeting's page; the same meeting always gives the same bytes."""
    recording = meeting.recording
    swimlanes = swimlanes_of(meeting)
    return render(
        TEMPLATE,
        links.meeting_key(recording.day, recording.recording_id),
        recording=recording,
        metrics=meeting.metrics,
        header=header_of(meeting),
        members=meeting.members,
        has_shares=any(
            each.metrics.talk_time_s is not None or each.metrics.word_count is not None for each in meeting.members
        ),
        pages={each.key: site.person_page(each.metrics.person_key) for each in meeting.members},
        bots=[*meeting.bots.values()],
        series=_series(meeting, site),
        duration_s=meeting.duration_s,
        figures=FIGURES,
        swimlanes=swimlanes,
        width=WIDTH,
        balance=balance_of(meeting, swimlanes.end_s) if swimlanes else None,
        transitions=transitions_of(meeting),
        sessions=meeting.sessions,
        highlights=highlights_of(meeting, parameters),
        most_moments=MOST_MOMENTS,
        most_rows=MOST_ROWS,
        notes=notes_of(meeting, parameters),
        groups=[*_groups(entries)],
        anchors=Anchors(entries),
        downloads=downloads_of(meeting, formats),
        player=player,
        has_words=any(not each.is_chat for each in entries),
    )


def _series(meeting: MeetingData, site: Site) -> tuple[str, str] | None:
    """The title and the page of the meeting's series."""
    series_id: Any = meeting.recording.series_id
    page = site.series_page(series_id)
    return None if page is None else (site.series_titles[series_id] or "Untitled series", page)


def _groups(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for first in range(0, len(entries), ENTRIES_PER_GROUP):
        yield entries[first : first + ENTRIES_PER_GROUP]
