"""MP4 files: one repeated picture and, in mixed video, the MP3 frames of all voices.

    ftyp  free  moov  mdat [18 pictures, 250 frames of audio] [18 pictures, 250 frames of audio] …

Each track has samples of one size and duration, so its tables have a few entries for a file of any length, and the
size of a file follows from its duration. A picture is complete in itself: a player can seek to each half second.
"""

import math

from .audio import FORMAT_VERSION, FRAMES_PER_GROUP, GROUP_S, frame_count, group_of_frames
from .content import BlockContent, etag_of
from .mp3_frames import FRAME_BYTES
from .mp4_boxes import Track, audio_entry, movie, video_entry
from .picture import Picture, encoded_picture
from .speech import VoiceTrack
from .voices import FRAME_SAMPLES, RATE_HZ

MP4_TYPE = "video/mp4"
PICTURES_PER_S = 2
PICTURES_PER_GROUP = PICTURES_PER_S * GROUP_S


class Mp4Content(BlockContent):
    """H.264 at 2 pictures per second in 640×360; without a `track` there is no audio."""

    def __init__(self, track: VoiceTrack | None, duration_s: float, *, serial: int = 0) -> None:
        picture = encoded_picture()
        tracks = tracks_of(picture, duration_s, has_audio=track is not None)
        header, body_bytes = movie(tracks, round(duration_s * 1000), serial)
        super().__init__(
            size_bytes=len(header) + body_bytes,
            block_bytes=sum(each.sample_bytes * each.samples_per_chunk for each in tracks),
            media_type=MP4_TYPE,
            etag=etag_of("mp4", FORMAT_VERSION, track, duration_s, serial, picture),
            header=header,
        )
        self._picture = picture.sample
        self._track = track
        self._tracks = tracks

    def block(self, index: int) -> bytes:
        pictures = self._picture * self._tracks[0].samples_in_chunk(index)
        if self._track is None:
            return pictures
        audio = group_of_frames(self._track, index)
        return pictures + audio[: FRAME_BYTES * self._tracks[1].samples_in_chunk(index)]


def tracks_of(picture: Picture, duration_s: float, *, has_audio: bool) -> list[Track]:
    """Video, and audio if there is some."""
    video = Track(
        kind="vide",
        rate=PICTURES_PER_S,
        sample_duration=1,
        sample_bytes=len(picture.sample),
        sample_count=math.ceil(duration_s * PICTURES_PER_S - 1e-9),
        samples_per_chunk=PICTURES_PER_GROUP,
        entry=video_entry(picture.configuration),
    )
    if not has_audio:
        return [video]
    audio = Track(
        kind="soun",
        rate=RATE_HZ,
        sample_duration=FRAME_SAMPLES,
        sample_bytes=FRAME_BYTES,
        sample_count=frame_count(duration_s),
        samples_per_chunk=FRAMES_PER_GROUP,
        entry=audio_entry(),
    )
    return [video, audio]
