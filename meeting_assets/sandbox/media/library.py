"""Media files of one sandbox, by label: their content, revisions and replacements."""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from ..world import Artifact, World
from .content import Content
from .sources import MediaSource, file_names

KEPT_FILES = 256


@dataclass(frozen=True)
class MediaFile:
    """One media file of a sandbox."""

    label: str
    """`video_mixed:artifact_id`, `audio_mixed:artifact_id`, `video_part:part_id` or `audio_part:part_id`."""
    recording_id: str
    artifact_id: str
    name: str
    content: Content


class MediaLibrary:
    """Finds the content of files; descriptions of the last 256 files stay in memory, their bytes do not."""

    def __init__(self, world: World, source: MediaSource) -> None:
        self.source = source
        self._world = world
        self._kept: OrderedDict[str, Content] = OrderedDict()
        self._revisions: Counter[str] = Counter()
        self._replaced: dict[str, Content] = {}

    def content(self, artifact: Artifact, name: str) -> Content:
        """The current content of a file."""
        label = label_of(artifact, name)
        found = self._replaced.get(label) or self._kept.pop(label, None)
        if found is None:
            recording = self._world.recording(artifact.recording_id)
            found = self.source.content(recording, artifact, name, self._revisions[label])
        self._kept[label] = found
        while len(self._kept) > KEPT_FILES:
            self._kept.popitem(last=False)
        return found

    def size_bytes(self, artifact: Artifact) -> int | None:
        """Size of the media of an artifact as the API shows it."""
        if artifact.shown_size_bytes is not None:
            return artifact.shown_size_bytes
        if artifact.status.code != "done":
            return None
        return self.source.size_bytes(self._world.recording(artifact.recording_id), artifact)

    def revise(self, label: str) -> None:
        """Gives a file other content of the same length, and another ETag."""
        self._revisions[label] += 1
        self._kept.pop(label, None)

    def replace(self, label: str, content: Content) -> None:
        """Serves this content from now on."""
        self._replaced[label] = content
        self._kept.pop(label, None)

    def files(self, artifact: Artifact) -> Iterator[MediaFile]:
        """All files of an artifact."""
        for name in file_names(artifact):
            content = self.content(artifact, name)
            yield MediaFile(label_of(artifact, name), artifact.recording_id, artifact.id, name, content)


def label_of(artifact: Artifact, name: str) -> str:
    if artifact.collection.endswith("_separate"):
        return f"{artifact.collection.replace('_separate', '_part')}:{name.partition('.')[0]}"
    return f"{artifact.collection}:{artifact.id}"
