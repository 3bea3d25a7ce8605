"""Small payloads as documented by Recall.ai, with null and missing fields, ids and labels, words and captions."""

from __future__ import annotations

from typing import Any

ADA = {
    "id": 100,
    "name": "Ada",
    "is_host": True,
    "platform": "desktop",
    "extra_data": {"zoom": {"user_guid": "A1", "guest": False, "conf_user_id": "RiajK"}},
    "email": "ada@example.com",
}
BO = {"id": 200, "name": 'Bo "B" 会議', "is_host": False, "platform": None, "extra_data": None}
LABEL = {"id": None, "name": "Speaker A", "is_host": None, "platform": None, "extra_data": None, "email": None}
ALL_PARTICIPANTS = [ADA, BO, LABEL]


def moment(second: float, absolute: str | None = "2026-03-02T09:30:07.250000Z") -> dict[str, Any]:
    return {"absolute": absolute, "relative": second}


def word(text: str, second: float) -> dict[str, Any]:
    return {"text": text, "start_timestamp": moment(second), "end_timestamp": moment(second + 0.3)}


MEDIA_PARTS = [
    {
        "id": "5a7062f3-bd54-4838-b296-df84f85c7b92",
        "participant": ADA,
        "start_timestamp": moment(0.0),
        "duration": 61.5,
        "type": "webcam",
        "download_url": "https://storage.example/a.mp4?Signature=x&Expires=1",
    },
    {"id": "1", "participant": BO, "start_timestamp": moment(2.5, None), "duration": 3, "type": "screenshare"},
]
PLAUSIBLE: dict[str, list[Any]] = {
    "participants": [ALL_PARTICIPANTS, [BO | {"extra_data": {"microsoft_teams": {"user_id": "8:orgid:1"}}}, ADA], []],
    "participant_events": [
        [
            {"id": "e1", "action": "join", "participant": ADA, "timestamp": moment(-1.5), "data": None},
            {
                "id": "e2",
                "action": "chat_message",
                "participant": BO,
                "timestamp": moment(3.25),
                "data": {"text": "see https://host/a?b=c", "to": "everyone"},
            },
        ],
        [{"id": "e3", "action": "speech_on", "participant": LABEL, "timestamp": None}],
    ],
    "speaker_timeline": [
        [
            {"participant": ADA, "start_timestamp": moment(0.5), "end_timestamp": moment(9.75)},
            {"participant": BO, "start_timestamp": moment(9.0, None), "end_timestamp": None},
        ],
        [{"participant": LABEL, "start_timestamp": moment(1), "end_timestamp": {"absolute": None, "relative": None}}],
    ],
    "transcript": [
        [
            {"participant": ADA, "language_code": "en", "words": [word("No,", 0.5), word("I am", 0.9)]},
            {"participant": LABEL, "language_code": "ja", "words": [word("今日は会議です", 2.0)]},
        ],
        [{"participant": {"id": 200, "name": "Bo"}, "words": [{"text": "So."}, {"text": "", "start_timestamp": None}]}],
    ],
    "provider_data": [
        {
            "parts": [
                {
                    "id": "p1",
                    "created_at": "2026-03-02T10:30:00.123456Z",
                    "source_audio": {"type": "separate", "offset": 2.5, "participant": ADA},
                    "type": "websocket_message",
                    "data": {
                        "url": "wss://stream.example/v1?access_token=x",
                        "event": "message",
                        "payload": {"alternatives": [{"words": [{"word": "no", "start": 0.1}], "confidence": 0.98}]},
                    },
                },
                {
                    "id": "p2",
                    "source_audio": {"type": "mixed", "offset": 0, "participant": None},
                    "type": "webhook",
                    "data": "text",
                },
            ]
        },
        {"parts": []},
    ],
    "video_separate": [MEDIA_PARTS],
    "audio_separate": [[{**part, "type": None} for part in MEDIA_PARTS]],
}
