"""Meetings for the tests of pages, each with one peculiarity, from payloads as the API sends them.

`spoken`, `segment`, `event` and `person` are entries of payloads; `MEETINGS` has the meetings by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from meeting_assets.sandbox import Bot, Recording, World
from meeting_assets.sandbox.recording_builder import build_recording
from meeting_assets.sandbox.recording_spec import RecordingSpec, TranscriptSpec

DAY = date(2026, 3, 2)
Json = dict[str, Any]
SCRIPT = "<script>alert(1)</script>"
HOSTILE_NAMES = (
    SCRIPT,
    '"><img src=x onerror=alert(2)>',
    "\u202egnitirw desrever",
    "{{ 7 * 7 }}",
    "N" * 10_000,
    "👩🏽‍💻 Zoë",
)
HOSTILE_TEXT = f"{SCRIPT} </p></div></script> &lt;b&gt; <!-- --> ]]> javascript:alert(3) {{% raw %}} \u0000"


def person(participant_id: int | None, name: str | None, **given: Any) -> Json:
    facts: Json = {"is_host": False, "platform": "desktop", "extra_data": None, "email": None}
    return {"id": participant_id, "name": name, **facts, **given}


def spoken(participant: Json, text: str, start_s: float | None, *, word_s: float = 0.4) -> Json:
    """An utterance whose words follow each other; without a start, no word has a time."""
    words = []
    for index, word in enumerate(text.split(" ")):
        at_s = None if start_s is None else start_s + index * word_s
        words.append({"text": word, "start_timestamp": moment(at_s), "end_timestamp": moment(at_s, word_s)})
    return {"participant": participant, "language_code": "en-US", "words": words}


def segment(participant: Json, start_s: float, end_s: float | None) -> Json:
    ends = None if end_s is None else moment(end_s)
    return {"participant": participant, "start_timestamp": moment(start_s), "end_timestamp": ends}


def event(participant: Json, action: str, at_s: float, **data: Any) -> Json:
    return {"id": None, "action": action, "participant": participant, "timestamp": moment(at_s), "data": data or None}


def moment(at_s: float | None, after_s: float = 0.0) -> Json | None:
    return None if at_s is None else {"relative": round(at_s + after_s, 3), "absolute": None}


@dataclass(frozen=True)
class PageMeeting:
    """The payloads of a meeting; those that are None are missing at the API."""

    title: str = "Planning"
    duration_s: float = 600.0
    participants: Sequence[Json] | None = ()
    timeline: Sequence[Json] | bytes | None = ()
    events: Sequence[Json] | None = ()
    transcript: Sequence[Json] | None = ()
    failed: str | None = None
    """Sub code of a failed transcript."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    platform: str = "zoom"
    has_separate_media: bool = False
    """Whether the recording has all other artifacts, too: empty separate media and provider data."""

    def recording(self, name: str, index: int) -> tuple[Recording, Bot | None]:
        """The recording that the sandbox serves."""
        created_at = datetime(DAY.year, DAY.month, DAY.day, 6, tzinfo=UTC) + timedelta(minutes=30 * index)
        has_transcript = self.transcript is not None or self.failed is not None
        provider = "deepgram_streaming" if self.has_separate_media else "recallai_streaming"
        spec = RecordingSpec(
            key=f"page/{name}",
            created_at=created_at,
            started_at=created_at + timedelta(seconds=5),
            duration_s=self.duration_s,
            platform=self.platform,
            title=self.title,
            transcripts=[TranscriptSpec(provider, failed=self.failed)] if has_transcript else [],
            separate=("video_separate", "audio_separate") if self.has_separate_media else (),
            metadata=dict(self.metadata),
        )
        payloads = {
            "participants": self.participants,
            "participant_events": self.events,
            "speaker_timeline": self.timeline,
            "transcript": self.transcript,
            "provider_data": b'{"parts": []}',
            **dict.fromkeys(("video_separate", "audio_separate"), ()),
        }
        made, bot = build_recording(spec, lambda kind, _: _encoded(payloads[kind]))
        for artifact in made.artifacts:
            artifact.payloads = {kind: each for kind, each in artifact.payloads.items() if payloads[kind] is not None}
        return made, bot


def _encoded(payload: Sequence[Json] | bytes | None) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


ADA, BEN, CLEO = (
    person(100, "Ada Byron", is_host=True, email="ada@example.com"),
    person(200, "Ben Ito"),
    person(300, "Cleo"),
)
A, B = person(None, "Speaker A"), person(None, "Speaker B")
HOSTILE = [person(100 * number, name) for number, name in enumerate(HOSTILE_NAMES, start=1)]

ORDINARY = PageMeeting(
    title="Weekly planning",
    metadata={"deal": "HL-42", "team": "platform"},
    participants=[ADA, BEN, CLEO],
    timeline=[
        segment(ADA, 10, 40),
        segment(BEN, 38, 70),
        segment(ADA, 72, 100),
        segment(BEN, 95, 130),
        segment(CLEO, 160, 220),
        segment(BEN, 180, 181),  # a backchannel, no interruption
        segment(ADA, 221, 230),
    ],
    transcript=[
        spoken(ADA, "Good morning. Shall we start with the numbers?", 10.5),
        spoken(BEN, "Yes. The numbers are fine.", 40.2),
        spoken(ADA, "And the plan for next week?", 72.0),
        spoken(BEN, "It is ready, I think we can send it.", 96.0),
        spoken(CLEO, "Sorry for being late. " + "We talk about the plan again. " * 12, 160.0),
        spoken(BEN, "Mm-hm.", 180.1),
        spoken(ADA, "Thanks everybody.", 221.0),
    ],
    events=[
        event(ADA, "join", 0.0),
        event(BEN, "join", 0.4),
        event(CLEO, "join", 150.0),
        event(ADA, "webcam_on", 5.0),
        event(BEN, "webcam_on", 20.0),
        event(BEN, "webcam_off", 120.0),
        event(ADA, "screenshare_on", 60.0),
        event(ADA, "screenshare_off", 140.0),
        event(BEN, "chat_message", 75.0, text="Here is the link", to="everyone"),
        event(CLEO, "chat_message", 222.0, text="Bye all", to="everyone"),
        event(BEN, "leave", 300.0),
        event(BEN, "join", 400.0),
        event(CLEO, "leave", 450.0),
        event(ADA, "leave", 600.0),
        event(BEN, "leave", 600.0),
    ],
)
CROWD = [person(100 * number, f"Guest {number:02}") for number in range(1, 41)]
MEETINGS: Mapping[str, PageMeeting] = {
    "ordinary": ORDINARY,
    "no_transcript": PageMeeting(
        participants=ORDINARY.participants, timeline=ORDINARY.timeline, events=ORDINARY.events, transcript=None
    ),
    "failed_transcript": PageMeeting(
        participants=ORDINARY.participants,
        timeline=ORDINARY.timeline,
        events=ORDINARY.events,
        transcript=None,
        failed="zoom_captions_failure",
    ),
    "no_timeline": PageMeeting(
        participants=ORDINARY.participants, timeline=None, events=ORDINARY.events, transcript=ORDINARY.transcript
    ),
    "no_events": PageMeeting(
        participants=ORDINARY.participants, timeline=ORDINARY.timeline, events=None, transcript=ORDINARY.transcript
    ),
    "unreadable_timeline": PageMeeting(
        participants=ORDINARY.participants,
        timeline=b'[{"participant": "lost"}]',
        events=ORDINARY.events,
        transcript=ORDINARY.transcript,
    ),
    "one_person": PageMeeting(
        title="Dictation",
        participants=[ADA],
        timeline=[segment(ADA, 1, 20)],
        transcript=[spoken(ADA, "A note to myself.", 1.0)],
        events=[event(ADA, "join", 0.0)],
    ),
    "complete": PageMeeting(
        participants=[ADA],
        timeline=[segment(ADA, 1, 3)],
        transcript=[spoken(ADA, "Words all of the time.", 1.0)],
        events=[event(ADA, "join", 0.0), event(ADA, "leave", 600.0)],
        has_separate_media=True,
    ),
    "silent": PageMeeting(participants=[ADA, BEN], timeline=[], transcript=[], events=[event(ADA, "join", 0.0)]),
    "nobody": PageMeeting(duration_s=3.0, participants=[], timeline=[], transcript=[], events=[]),
    "untimed": PageMeeting(
        participants=[ADA, BEN],
        timeline=ORDINARY.timeline,
        transcript=[spoken(ADA, "No word has a time.", None), spoken(BEN, "None at all?", None)],
    ),
    "partly_untimed": PageMeeting(
        participants=[ADA, BEN],
        timeline=ORDINARY.timeline,
        transcript=[
            spoken(ADA, "This has times.", 10.0),
            spoken(BEN, "This has none.", None),
            spoken(ADA, "Yes.", 72.0),
        ],
    ),
    "labels": PageMeeting(
        participants=[ADA, BEN],
        timeline=None,
        transcript=[spoken(A, "First voice speaks.", 10.0), spoken(B, "Second voice answers?", 20.0)],
    ),
    "nameless": PageMeeting(
        participants=[ADA],
        timeline=[segment(person(None, None), 5, 20), segment(ADA, 21, 200)],
        transcript=[spoken(person(None, None), "Who is this?", 5.0), spoken(ADA, "It is me. " * 30, 21.0)],
    ),
    "hostile": PageMeeting(
        title=f"{SCRIPT} {'T' * 10_000}",
        metadata={f"{SCRIPT}key": HOSTILE_TEXT, "long": "v" * 10_000},
        participants=HOSTILE,
        timeline=[segment(each, 10 + 20 * n, 35 + 20 * n) for n, each in enumerate(HOSTILE)],
        transcript=[spoken(each, HOSTILE_TEXT, 10.0 + 20 * n) for n, each in enumerate(HOSTILE)],
        events=[
            *(event(each, "join", float(n)) for n, each in enumerate(HOSTILE)),
            *(
                event(each, "chat_message", 12.0 + 20 * n, text=HOSTILE_TEXT, to=SCRIPT)
                for n, each in enumerate(HOSTILE)
            ),
        ],
    ),
    "monologue": PageMeeting(
        participants=[ADA],
        timeline=[segment(ADA, 0, 400)],
        transcript=[spoken(ADA, "This is one sentence of a long speech. " * 100, 0.0)],
    ),
    "unspaced": PageMeeting(
        title="週次定例",
        participants=[person(100, "田中 花子")],
        timeline=[segment(person(100, "田中 花子"), 1, 30)],
        transcript=[
            spoken(person(100, "田中 花子"), "おはよう ござい ます 。 始め ましょう か ？", 1.0)
            | {"language_code": "ja"}
        ],
    ),
    "crowd": PageMeeting(
        title="Company meeting",
        participants=CROWD,
        timeline=[segment(each, 5 + 15 * n, 18 + 15 * n) for n, each in enumerate(CROWD[:15])],
        transcript=[spoken(each, f"Hello, I am guest {n}.", 5.0 + 15 * n) for n, each in enumerate(CROWD[:15])],
        events=[event(each, "join", 0.5 * n) for n, each in enumerate(CROWD)],
    ),
}
"""Meetings by their peculiarity."""


def world() -> World:
    """A day with all `MEETINGS`."""
    made = [each.recording(name, index) for index, (name, each) in enumerate(MEETINGS.items())]
    return World([recording for recording, _ in made], [bot for _, bot in made if bot], [DAY])


def recording_ids() -> dict[str, str]:
    """The id of each meeting's recording, by name."""
    return {name: recording.id for name, recording in zip(MEETINGS, world().recordings, strict=True)}
