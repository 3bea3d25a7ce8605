"""Audio files of the command `export`: mixed from stored media files."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from meeting_assets.cli.local_files import replaced_file
from meeting_assets.core.errors import UsageError

if TYPE_CHECKING:
    from meeting_assets.pipeline.storage import Storage
    from meeting_assets.publications.exports.audio import AudioExport
    from meeting_assets.publications.meeting_text import MeetingText
    from meeting_assets.settings import Settings


class AudioExporter:
    """Writes audio files. It opens the raw store only for a recording with stored audio."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._settings = settings
        self._read_only = storage

    def write(self, meeting: MeetingText, form: AudioExport, folder: Path) -> bool:
        """Writes the file of a meeting, as a whole or not at all; returns False if no audio of it is stored."""
        from meeting_assets.pipeline.media.mixing import mix

        if not self._has_audio(meeting):
            return False
        path = folder / form.file_name(meeting)
        with replaced_file(path) as unfinished:
            is_mixed = mix(self._storage, meeting.recording_id, unfinished, form.name)
            if not is_mixed:
                unfinished.unlink(missing_ok=True)
        return is_mixed

    def print(self, meeting: MeetingText, form: AudioExport) -> None:
        """Writes the audio of a meeting to standard output.

        Raises:
            UsageError: no audio of the meeting is stored.
        """
        from meeting_assets.publications.exports.audio import NO_AUDIO

        with TemporaryDirectory() as folder:
            if not self.write(meeting, form, Path(folder)):
                raise UsageError(f"Recording {meeting.recording_id} has {NO_AUDIO}.")
            sys.stdout.flush()
            with (Path(folder) / form.file_name(meeting)).open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)

    @cached_property
    def _storage(self) -> Storage:
        """The storage with the real raw store."""
        from meeting_assets.pipeline.storage import open_raw_store

        return replace(self._read_only, raw=open_raw_store(self._settings))

    def _has_audio(self, meeting: MeetingText) -> bool:
        from meeting_assets.pipeline.media.mixing import has_audio

        with self._read_only.database.reading() as connection:
            return has_audio(connection, meeting.recording_id)
