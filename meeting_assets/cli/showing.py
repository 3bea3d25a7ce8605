"""The command `show`, which prints one meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.cli.options import AsJson
from meeting_assets.cli.recording_ids import find_recording_or_suggest
from meeting_assets.cli.terminal import print_error, print_json

if TYPE_CHECKING:
    from meeting_assets.pipeline.storage import Storage
    from meeting_assets.publications.pages.meeting_data import MeetingData


def show(
    recording: Annotated[
        str, typer.Argument(metavar="RECORDING", help="id of a recording, or the beginning of its id")
    ],
    as_json: AsJson = False,
) -> None:
    """Shows one meeting: its people, headline metrics, data quality and artifacts."""
    from meeting_assets.pipeline.storage import open_storage_read_only
    from meeting_assets.publications.page_links import PageLinks
    from meeting_assets.publications.pages.meeting_quality import notes_of

    with open_storage_read_only(read_settings()) as storage:
        meeting = _meeting(storage, recording, as_json=as_json)
        notes = notes_of(meeting, storage.parameters)
        name = meeting.recording.day, meeting.recording.recording_id
        page = PageLinks(storage, [name]).of(*name)
    if as_json:
        from meeting_assets.cli.documents.show import show_document

        print_json(show_document(meeting, notes))
    else:
        from meeting_assets.cli.meeting_summary import print_meeting

        print_meeting(meeting, notes, page)


def _meeting(storage: Storage, given: str, *, as_json: bool) -> MeetingData:
    """The meeting of a recording.

    Raises:
        UsageError: no recording has this id.
        Exit: the recording is not finished; its code is that of incomplete results.
    """
    from meeting_assets.publications.pages.meeting_data import read_meeting_data

    recording_id = find_recording_or_suggest(storage, given, is_quiet=as_json)
    meeting = storage.database.read_snapshot(lambda connection: read_meeting_data(connection, recording_id))
    if meeting is None:
        print_error(
            f"Recording {recording_id} is not finished at Recall.ai, so there is nothing to show yet. "
            f"Run `meeting-assets sync --recording {recording_id}` later."
        )
        raise typer.Exit(ExitCode.INCOMPLETE)
    return meeting
