"""Unreadable payloads are quarantined, and other recordings are not affected."""

from __future__ import annotations

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import Refused
from meeting_assets.sandbox import Fault, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store.raw import RawStore
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import TableRows, ledger_row, sync_days, table_rows
from meeting_assets_tests.support.sample_day import DAY, WORLD, assert_other_recordings_unchanged, victim

pytestmark = [sqlite_first, pytest.mark.with_tables]


@pytest.mark.parametrize(
    ("body", "location"),
    [
        (b"no JSON at all", "byte "),
        (b'"a text"', "byte 0: "),
        (b'[{"speaker": "Ada", "timestamp": 3.5}]', ": "),
        (b'[{"participant": {"id": "one"}}, 7]', ": "),
        (b"", "byte 0: "),
    ],
    ids=["no-json", "wrong-top-level", "wrong-shape", "wrong-type", "empty"],
)
def test_unreadable_payload_is_quarantined_with_the_place_of_its_fault(
    sandbox: Sandbox, clean: TableRows, body: bytes, location: str
) -> None:
    for kind in ARTIFACTS:
        sandbox.set_payload(victim(kind).id, kind, body)

    sync_days([DAY])

    for kind in ARTIFACTS:
        row = ledger_row(victim(kind).id, kind)
        assert (row["status"], row["row_count"]) == ("quarantined", None)
        assert location in row["error"]
        assert RawStore.at(read_settings().raw_url).read(row["raw_key"], row["sha256"]) == body
    assert_other_recordings_unchanged(clean, ARTIFACTS)


def test_truncated_download_is_repeated_and_then_quarantined(sandbox: Sandbox, clean: TableRows) -> None:
    for kind in ARTIFACTS:
        sandbox.inject(Fault(f"{kind}:{victim(kind).id}", times=None, truncate_to_bytes=100))

    sync_days([DAY])

    for kind in ARTIFACTS:
        row = ledger_row(victim(kind).id, kind)
        assert (row["status"], row["error"]) == ("quarantined", "byte 100: input data was truncated")
        assert sandbox.stats.downloads_by_kind[kind] > len(WORLD.recordings)
    assert_other_recordings_unchanged(clean, ARTIFACTS)


def test_empty_list_is_a_valid_artifact_without_rows(sandbox: Sandbox) -> None:
    kinds = set(ARTIFACTS) - {"provider_data", "transcript"}
    for kind in kinds:
        sandbox.set_payload(victim(kind).id, kind, b"[]")

    sync_days([DAY])

    for kind in kinds:
        row = ledger_row(victim(kind).id, kind)
        assert (row["status"], row["row_count"]) == ("parsed", 0)


def test_empty_transcript_has_zero_counts(sandbox: Sandbox) -> None:
    artifact = victim("transcript")
    sandbox.set_payload(artifact.id, "transcript", b"[]")

    sync_days([DAY])

    (row,) = [row for row in table_rows()["transcripts"] if row[1] == artifact.id]
    assert row[-3:] == (0, 0, 0)
    assert not row[5]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("participants", b'[{"id": null, "name": null, "is_host": null, "platform": null, "extra_data": null}]'),
        ("participant_events", b'[{"id": "e", "action": "levitate", "participant": {"id": 1}, "timestamp": null}]'),
        ("speaker_timeline", b'[{"participant": {"id": 1}, "start_timestamp": null, "end_timestamp": null}]'),
        ("transcript", b'[{"participant": {"id": null}, "mood": {"a": [1]}, "words": [{"text": "so", "x": 1}]}]'),
        ("provider_data", b'{"parts": [{"type": "telepathy", "data": null, "source_audio": null}], "more": 1}'),
        ("video_separate", b'[{"participant": {"id": 1}, "start_timestamp": null, "type": "hologram"}]'),
        ("audio_separate", b'[{"participant": {"id": 1}, "start_timestamp": {}, "duration": null}]'),
    ],
)
def test_nulls_and_unknown_fields_actions_and_types_become_rows(sandbox: Sandbox, kind: str, body: bytes) -> None:
    artifact = victim(kind)
    sandbox.set_payload(artifact.id, kind, body)

    sync_days([DAY])

    row = ledger_row(artifact.id, kind)
    assert (row["status"], row["row_count"], row["error"]) == ("parsed", 1, None)


@pytest.mark.parametrize("text", [r"a\u0000b", r"a\ud800b", "a\x00b"], ids=["NUL", "lone-surrogate", "raw-NUL"])
def test_characters_that_databases_reject_are_replaced_and_counted(sandbox: Sandbox, text: str) -> None:
    artifact = victim("transcript")
    body = f'[{{"participant": {{"id": 1, "name": "{text}"}}, "words": [{{"text": "{text}"}}]}}]'.encode()
    sandbox.set_payload(artifact.id, "transcript", body)

    sync_days([DAY])

    row = ledger_row(artifact.id, "transcript")
    assert (row["status"], row["repaired_chars"]) == ("parsed", 2)
    assert RawStore.at(read_settings().raw_url).read(row["raw_key"], row["sha256"]) == body
    assert [each[-1] for each in table_rows()["transcript_words"] if each[1] == artifact.id] == ["a\ufffdb"]


def test_wrong_key_stops_the_sync_with_an_instruction(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_API_KEY", "not-the-key")

    with pytest.raises(Refused, match="RECALL_API_KEY and RECALL_REGION") as refused:
        sync_days([DAY])

    assert "not-the-key" not in str(refused.value)
    assert not any(table_rows().values())
