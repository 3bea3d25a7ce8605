"""Methods with which tests change and examine the media files of a running sandbox."""

from typing import Literal

from .media import Content, MediaFile
from .media.content import Truncated
from .state import State
from .world import Artifact


class MediaControls:
    """Changes to the media files of one sandbox; safe to call from any thread while it serves."""

    _state: State

    def media_files(self, *collections: str, recording_id: str | None = None) -> list[MediaFile]:
        """Media files of finished artifacts with their content: of all, of some collections, or of one recording."""
        with self._state.lock:
            return [
                file
                for artifact in self._artifacts_of(recording_id)
                if artifact.status.code == "done" and (not collections or artifact.collection in collections)
                for file in self._state.media.files(artifact)
            ]

    def _artifacts_of(self, recording_id: str | None) -> list[Artifact]:
        world = self._state.world
        return world.artifacts if recording_id is None else world.recording(recording_id).artifacts

    def set_size_bytes(self, artifact_id: str, size_bytes: int | None) -> None:
        """Shows this size of the media of an artifact; None shows the right one again."""
        with self._state.lock:
            self._state.world.artifact(artifact_id).shown_size_bytes = size_bytes

    def revise_media(self, label: str) -> None:
        """Gives a media file other content of the same length, under another ETag."""
        with self._state.lock:
            self._state.media.revise(label)

    def truncate_media(self, file: MediaFile, size_bytes: int) -> None:
        """Serves only the first bytes of a media file, as if it were complete; the size that the API shows stays."""
        with self._state.lock:
            self._state.media.replace(file.label, Truncated(file.content, size_bytes))

    def replace_media(self, label: str, content: Content) -> None:
        """Serves this content of a media file; the size that the API shows stays."""
        with self._state.lock:
            self._state.media.replace(label, content)

    def sign_with_version(self, version: Literal[2, 4]) -> None:
        """Signs URLs of media files with this version of AWS signatures; 2 is the older one."""
        with self._state.lock:
            self._state.url_signer.signature_version = version
