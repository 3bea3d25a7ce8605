"""Agreement of the separate audio with the speaker timeline and with the words, and misaligned tracks.

A track is the separate audio of one participant. Each track is compared with the speech of the same participant:

    timeline   ann  ━━━━━━━━━━        ━━━━━━        timeline_audio_coverage = (a + b) / length of the timeline
    audio      ann    ━━━━━━━━━━        ━━━━        audio_timeline_coverage = (a + b) / length of the activity
                      └── a ──┘         └ b ┘

A track is *swapped* if it fits another participant's speech clearly better than its own, in the pairs of tracks and
participants that share most speech in total. Another track is *shifted* if it fits clearly better when it is moved by
at least 0.3 s (cross-correlation). Both need some seconds of speech. Lengths are sums over participants before the
division.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import SQLModel

from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.audio_activity import BRIDGE_US
from meeting_assets.metrics.meeting import Word
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.metrics.timeline.intervals import (
    Interval,
    bridged,
    clipped,
    intersection_us,
    length_us,
    to_microseconds,
    to_seconds,
    union,
)
from meeting_assets.metrics.timeline.speech_segments import SpeechBySpeaker
from meeting_assets.metrics.timeline.tracks import best_pairs, best_shift, speech_mask
from meeting_assets.schema import fields

AUDIO = ("audio_activity.participant_key", "audio_activity.start_s", "audio_activity.end_s")
TIMELINE = ("speaker_timeline.participant_key", "speaker_timeline.start_s", "speaker_timeline.end_s")
WORD_TIMES = (
    "transcripts.is_primary",
    "transcript_words.participant_key",
    "transcript_words.start_s",
    "transcript_words.end_s",
)

LEAST_SPEECH_US = 5_000_000
"""Tracks and participants with less speech are not judged."""
LEAST_SHIFT_US = 300_000
"""The platform's timeline is off by some tenths of a second; a smaller shift says nothing about the track."""
LARGEST_SHIFT_US = 5_000_000
LEAST_SHIFT_GAIN = 0.02
"""A shifted track shares at least this part of the speech in addition when it is moved."""
LEAST_SWAP_SHARE, LEAST_SWAP_GAIN = 0.5, 0.25
"""A swapped track lies to this part inside the other's speech, and to this part more than inside its own."""


class AudioAgreement(SQLModel):
    """Columns of `data_quality`; all are NULL without voice activity of separate audio."""

    timeline_audio_coverage: float | None = fields.share(
        "part of the speaker timeline's speech, of participants with separate audio, in which the participant's own "
        "audio has voice activity, gaps under 0.3 s (or ipu_gap_s) closed in both; NULL without audio or timeline",
        derived_from=(*TIMELINE, *AUDIO),
    )
    audio_timeline_coverage: float | None = fields.share(
        "part of the voice activity in which the speaker timeline has the same participant, as above",
        derived_from=(*TIMELINE, *AUDIO),
    )
    word_audio_coverage: float | None = fields.share(
        "part of the time with words of the primary transcript, of participants with separate audio, in which the "
        "participant's own audio has voice activity, as above; NULL without words of such participants",
        derived_from=(*WORD_TIMES, *AUDIO),
    )
    audio_word_coverage: float | None = fields.share(
        "part of the voice activity in which the primary transcript has words of the same participant, as above",
        derived_from=(*WORD_TIMES, *AUDIO),
    )
    swapped_tracks: int | None = fields.count(
        "tracks that fit another participant's speech clearly better than their own, in the speaker timeline, else in "
        "the words; NULL if no track can be compared",
        derived_from=(*TIMELINE, *WORD_TIMES, *AUDIO),
    )
    shifted_tracks: int | None = fields.count(
        "other tracks that fit clearly better when moved by 0.3 to 5 s; NULL if no track can be compared",
        derived_from=(*TIMELINE, *WORD_TIMES, *AUDIO),
    )
    audio_shift_s: float | None = fields.seconds(
        "lag of the track that is shifted most, negative if it is early; 0 if none is shifted, NULL as above",
        derived_from=(*TIMELINE, *WORD_TIMES, *AUDIO),
    )
    misaligned_tracks: str | None = fields.text(
        "participant keys of swapped and shifted tracks, with commas between; NULL if there are none",
        derived_from=(*TIMELINE, *WORD_TIMES, *AUDIO),
    )


def audio_agreement(meeting: SpokenMeeting, timeline: SpeechBySpeaker, gap_us: int) -> Columns:
    """The columns of `AudioAgreement`.

    Args:
        meeting: with its voice activity.
        timeline: the clean speech of the speaker timeline, without bots; empty without one.
        gap_us: shorter gaps are closed before speech is compared; so are those that voice activity never shows.
    """
    tracks = _tracks(meeting)
    if not tracks:
        return dict.fromkeys(AudioAgreement.model_fields)
    gap_us = max(gap_us, BRIDGE_US)
    end_us = 2**62 if meeting.clean.duration_us is None else meeting.clean.duration_us
    audio = {key: clipped(bridged(own, gap_us), start=0, end=end_us) for key, own in tracks.items()}
    spoken = {key: bridged(own, gap_us) for key, own in timeline.items()}
    words = {
        key: clipped(bridged(own, gap_us), start=0, end=end_us)
        for key, own in _spoken_words(meeting.given.words, tracks).items()
    }
    timeline_audio, audio_timeline = _coverages(spoken, audio)
    word_audio, audio_word = _coverages(words, audio)
    return {
        "timeline_audio_coverage": timeline_audio,
        "audio_timeline_coverage": audio_timeline,
        "word_audio_coverage": word_audio,
        "audio_word_coverage": audio_word,
        **_misaligned(audio, spoken or words),
    }


def _tracks(meeting: SpokenMeeting) -> dict[str, list[Interval]]:
    """The voice activity of each participant with separate audio, silent ones too, without bots."""
    activity: dict[str, list[Interval]] = {
        key: [] for key in sorted(meeting.given.audio_tracks) if key not in meeting.bot_keys
    }
    for key, _, start_s, end_s in meeting.given.audio:
        if key in activity and start_s is not None and end_s is not None and start_s < end_s:
            activity[key].append((to_microseconds(start_s), to_microseconds(end_s)))
    return {key: union(own) for key, own in activity.items()}


def _spoken_words(words: Iterable[Word], tracks: Mapping[str, object]) -> dict[str, list[Interval]]:
    """The times of the words of each participant with a track."""
    spoken: dict[str, list[Interval]] = defaultdict(list)
    for key, start_s, end_s, _ in words:
        if key in tracks and start_s is not None and end_s is not None and start_s < end_s:
            spoken[key].append((to_microseconds(start_s), to_microseconds(end_s)))
    return {key: union(own) for key, own in spoken.items()}


def _coverages(reference: SpeechBySpeaker, audio: SpeechBySpeaker) -> tuple[float | None, float | None]:
    """The part of the reference that the audio covers, and the reverse; None without common participants."""
    common = reference.keys() & audio.keys()
    if not common:
        return None, None
    shared_us = sum(intersection_us(reference[key], audio[key]) for key in common)
    of_reference_us = sum(length_us(reference[key]) for key in common)
    return ratio(shared_us, of_reference_us), ratio(shared_us, sum(map(length_us, audio.values())))


def _misaligned(audio: SpeechBySpeaker, reference: SpeechBySpeaker) -> Columns:
    """The columns about swapped and shifted tracks."""
    keys = [key for key in audio if min(length_us(audio[key]), length_us(reference.get(key, ()))) >= LEAST_SPEECH_US]
    if not keys:
        return dict.fromkeys(("swapped_tracks", "shifted_tracks", "audio_shift_s", "misaligned_tracks"))
    tracks = [speech_mask(audio[key]) for key in keys]
    speech = [speech_mask(reference[key]) for key in keys]
    swapped = _swapped(tracks, speech)
    shifts_us = {
        key: _shift_us(track, own)
        for index, (key, track, own) in enumerate(zip(keys, tracks, speech, strict=True))
        if index not in swapped
    }
    shifted = {key: shift_us for key, shift_us in shifts_us.items() if shift_us}
    return {
        "swapped_tracks": len(swapped),
        "shifted_tracks": len(shifted),
        "audio_shift_s": to_seconds(max(shifted.values(), key=abs, default=0)),
        "misaligned_tracks": ",".join(sorted([*(keys[index] for index in swapped), *shifted])) or None,
    }


def _swapped(tracks: Sequence[int], speech: Sequence[int]) -> set[int]:
    """Positions of the tracks that fit the speech at another position clearly better than their own."""
    shared = [[(track & own).bit_count() for own in speech] for track in tracks]
    swapped = set()
    for index, other in enumerate(best_pairs(shared)):
        shorter = min(tracks[index].bit_count(), speech[other].bit_count())
        gain = shared[index][other] - shared[index][index]
        if shared[index][other] >= LEAST_SWAP_SHARE * shorter and gain >= LEAST_SWAP_GAIN * shorter:
            swapped.add(index)
    return swapped


def _shift_us(track: int, reference: int) -> int:
    """The lag of a track, 0 if the track fits about as well without a shift."""
    shift_us, gain = best_shift(track, reference, LARGEST_SHIFT_US)
    is_shifted = abs(shift_us) >= LEAST_SHIFT_US and gain >= LEAST_SHIFT_GAIN
    return shift_us if is_shifted else 0
