"""Listed objects are read in current and earlier formats, and stored without secrets."""

from __future__ import annotations

import json
import os
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.errors import PayloadError
from meeting_assets.recall.objects import (
    Bot,
    Media,
    Recording,
    customer_metadata,
    decode_object,
    without_secrets,
)
from meeting_assets_tests.conftest import ROOT

SAMPLES = Path(os.environ.get("MEETING_ASSETS_SAMPLES", ROOT.parent / "shared" / "samples"))
ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
OTHER = "0b85d2f9-d54a-47f6-b28d-4c63229f4035"
AT = "2024-12-03T02:54:11.397104Z"
STATUS = {"code": "done", "sub_code": None, "updated_at": AT}
RECORDING = {"id": ID, "created_at": AT, "status": STATUS}
keys = st.sampled_from(["download_url", "meetingUrl", "password", "Token", "X-Api-Key", "a", "text", "id"]) | st.text()
documents = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(["https://h/a?b=c", '{"u":"https:\\/\\/u:p@h?b"}']),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
)


def sample(path: str) -> Any:
    file = SAMPLES / path
    if not file.exists():
        pytest.skip(f"no samples: set MEETING_ASSETS_SAMPLES to the folder with {path}")
    return json.loads(file.read_text())


def test_recording_requires_only_id_and_created_at() -> None:
    recording = decode_object({"id": ID, "created_at": AT}, Recording, "recording")

    assert recording.id == UUID(ID)
    assert recording.created_at == datetime(2024, 12, 3, 2, 54, 11, 397104, UTC)
    assert recording.status.code not in {"done", "failed", "deleted"}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (RECORDING | {"started_at": AT, "media_shortcuts": {"transcript": {"id": OTHER, "status": STATUS}}}, Recording),
        (RECORDING | {"media_shortcuts": {"transcript": None, "participant_events": None}}, Recording),
        (
            {"id": ID, "recording": {"id": OTHER, "metadata": {}}, "status": STATUS, "data": {"download_url": "x"}},
            Media,
        ),
        ({"id": ID, "bot_name": "Notes", "meeting_url": {"platform": "zoom", "meeting_password": "x"}}, Bot),
    ],
)
def test_optional_fields_may_be_null(document: dict[str, Any], kind: type[Any]) -> None:
    for key in document.keys() - {"id", "created_at"}:
        nulled = decode_object(document | {key: None}, kind, "it")
        missing = decode_object({name: value for name, value in document.items() if name != key}, kind, "it")

        assert nulled == missing


@pytest.mark.parametrize(
    ("meetings", "scheduled"),
    [
        ([{"start_time": "2026-01-05T10:00:00+01:00"}], datetime(2026, 1, 5, 9, tzinfo=UTC)),
        (
            [{"start_time": "2026-01-05T10:00:00Z"}, {"start_time": "2026-01-05T09:00:00Z"}],
            datetime(2026, 1, 5, 9, tzinfo=UTC),
        ),
        ([{"start_time": "2026-01-05"}, {"start_time": 7}, {}, None, "x"], None),
        ([{"start_time": "0001-01-01T00:00:00Z"}], None),
        ({"start_time": "2026-01-05T09:00:00Z"}, None),
        ([], None),
    ],
)
def test_invalid_calendar_meetings_do_not_affect_the_bots_name(meetings: Any, scheduled: datetime | None) -> None:
    bot = decode_object({"id": ID, "bot_name": "Notes", "calendar_meetings": meetings}, Bot, "bot")

    assert (bot.bot_name, bot.scheduled_at) == ("Notes", scheduled)


def test_unknown_fields_and_values_are_tolerated() -> None:
    document = RECORDING | {
        "status": {"code": "uploading", "mood": []},
        "media_shortcuts": {"hologram": 7, "transcript": {"id": OTHER, "provider": {"new_async": {}}, "format": "vtt"}},
        "bot": {"id": OTHER, "metadata": None, "shape": "round"},
        "extra": {"deep": [1]},
    }

    recording = decode_object(document, Recording, "recording")

    assert recording.status.code == "uploading"
    assert recording.bot is not None
    assert recording.bot.id == UUID(OTHER)


@pytest.mark.parametrize(
    "url", [None, "https://zoom.us/j/1?pwd=x", {}, {"platform": None}, {"platform": "zoom", "meeting_id": 1}]
)
def test_meeting_url_may_be_an_object_a_text_or_null(url: Any) -> None:
    bot = decode_object({"id": ID, "meeting_url": url}, Bot, "bot")

    assert bot.platform == ("zoom" if url == {"platform": "zoom", "meeting_id": 1} else None)


def test_null_providers_are_removed() -> None:
    media = decode_object({"id": ID, "provider": {"rev_async": None, "deepgram_async": {}}}, Media, "transcript")

    assert media.provider == {"deepgram_async": {}}


def test_field_names_of_2024_are_read() -> None:
    media = decode_object({"id": ID, "recording_id": OTHER, "status": STATUS}, Media, "transcript")
    recording = decode_object(RECORDING | {"bot": None, "source": {"bot": {"id": OTHER}}}, Recording, "recording")

    assert media.recording is not None
    assert media.recording.id == UUID(OTHER)
    assert recording.bot is not None
    assert recording.bot.id == UUID(OTHER)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"created_at": AT}, "`id`"),
        ({"id": "no-uuid-but-secret", "created_at": AT}, r"`\$\.id`"),
        ({"id": ID, "created_at": "secret"}, r"`\$\.created_at`"),
        (RECORDING | {"status": "secret"}, r"`\$\.status`"),
        (["secret"], "array"),
        ("secret", "str"),
        (None, "null"),
    ],
)
def test_error_for_an_invalid_object_names_the_field_without_quoting_it(document: Any, field: str) -> None:
    with pytest.raises(PayloadError, match=f"^recording 7: .*{field}") as raised:
        decode_object(document, Recording, "recording 7")

    assert "secret" not in repr(raised.value)


def test_sample_recordings_are_read() -> None:
    for document in sample("recordings/openapi-example-2025-06-recording_list.json")["results"]:
        recording = decode_object(document, Recording, "recording")

        assert recording.media_shortcuts is not None
        assert recording.media_shortcuts.participant_events is not None
        assert "participants_download_url" in recording.media_shortcuts.participant_events.data


@pytest.mark.parametrize(
    "path",
    [
        "transcripts/docs-retrieve-transcript-2024-11.json",
        "transcripts/docs-retrieve-transcript-2024-11-older-recording-source.json",
        "transcripts/openapi-example-2025-06-transcript_retrieve.json",
        "video_separate/openapi-example-2025-06-video_separate_retrieve.json",
        "audio_separate/openapi-example-2025-06-audio_separate_retrieve.json",
        "participant_events_artifact/openapi-example-2025-06-participant_events_retrieve.json",
    ],
)
def test_sample_media_objects_are_read(path: str) -> None:
    media = decode_object(sample(path), Media, path)

    assert media.recording is not None
    assert media.data


def test_sample_media_objects_of_2024_are_read() -> None:
    (document,) = sample("participant_events_artifact/docs-list-participant-events-2024-12.json")["results"]

    media = decode_object(document, Media, "participant_events")

    assert media.recording is not None


def test_sample_bot_and_its_recordings_are_read() -> None:
    document = sample("bots/docs-retrieve-bot-with-recording-2024-12.json")

    assert str(decode_object(document, Bot, "bot").id) == document["id"]
    for recording in document["recordings"]:
        assert decode_object(recording, Recording, "recording").bot is not None


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_deeply_nested_values_are_cut_off(opening: str) -> None:
    closing = {"[": "]"}.get(opening, "}")
    document = RECORDING | {"bot": {"id": OTHER, "metadata": json.loads(opening * 800 + "1" + closing * 800)}}

    recording = decode_object(document, Recording, "recording")
    stored = json.dumps(without_secrets(document))

    assert str(recording.id) == ID
    assert stored.count(opening[0]) < 110
    assert without_secrets(RECORDING) == RECORDING


def test_secrets_and_urls_are_removed() -> None:
    document = {
        "id": ID,
        "data": {"download_url": "https://h/x?s=1", "provider_data_download_url": None, "title": "Weekly"},
        "meeting_url": {"meeting_password": "pw", "platform": "zoom"},
        "metadata": {
            "note": "see https://h/a?Signature=x and https://user:pw@h/b#access_token=x.",
            "nested": '{"u": "https:\\/\\/h\\/a?Signature=x"}',
            "API-Key": "x",
            "apiKey": "x",
            "client_secret": "x",
            "Authorization": "x",
            "session_cookie": "x",
            "passcode": "x",
        },
        "list": [{"token": "x"}, ["https://h?x"], 1, None, True],
    }

    assert without_secrets(document) == {
        "id": ID,
        "data": {"title": "Weekly"},
        "metadata": {"note": "see https://h/a and https://h/b", "nested": '{"u": "https:\\/\\/h\\/a"}'},
        "list": [{}, ["https://h"], 1, None, True],
    }


SECRET_KEYS = """
    api_key api-key API-Key apiKey APIKey apikey X-Api-Key access_key secretKey private_key signing_key auth_key
    deduplication_key token accessToken access_token accesstoken auth_token tokens token_id zak_token password
    Password PassWord pass_word meeting_password db_passwords password1 passcode passphrase pwd secret client_secret
    clientSecrets secret_id credential credentials bearer Authorization authorization authorization_id authorisation
    auth basic_auth auth_header oauth oauth2 OAuth authentication authenticator session user_session session_cookie
    session_token sessionKey session_data cookie cookies signature url downloadUrl downloadURL downloadURLs webhook_url
    URLs url_of_crm
"""
PLAIN_KEYS = """
    author authors author_id authorName authority authorities authored_by co_author session_id sessionId SessionID
    sessionUUID session_name session_number session_type coaching_session_id sessions_title auth_id auth0_user_id
    secretary secretariat hourly_rate curling tokenizer passport passenger bypass compass key keynote monkey deal
    deal_key account_id crm 客户 id
"""


@pytest.mark.parametrize("key", SECRET_KEYS.split())
def test_keys_with_a_word_for_a_secret_are_removed(key: str) -> None:
    assert without_secrets({key: "x", "deal": "won"}) == {"deal": "won"}
    assert customer_metadata({key: "x", "deal": "won"}) == {"deal": "won"}


@pytest.mark.parametrize("key", PLAIN_KEYS.split())
def test_keys_that_only_resemble_a_secret_are_kept(key: str) -> None:
    assert without_secrets({key: "x"}) == customer_metadata({key: "x"}) == {key: "x"}


@given(documents)
def test_removing_secrets_is_idempotent_and_leaves_the_document_unchanged(document: Any) -> None:
    before = deepcopy(document)

    once = without_secrets(document)

    assert without_secrets(once) == once
    assert document == before
    assert json.dumps(without_secrets(deepcopy(document))) == json.dumps(once)


@given(documents)
def test_no_working_url_remains(document: Any) -> None:
    text = json.dumps(without_secrets(document))

    assert "h/a?b" not in text
    assert "u:p@" not in text
    for key in ("download_url", "meetingUrl", "password", "Token", "X-Api-Key"):
        assert f'"{key}":' not in text
