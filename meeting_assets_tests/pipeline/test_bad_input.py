"""Bad input is named, kept, and costs nobody else their data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import Refused
from meeting_assets.metrics import METRICS
from meeting_assets.sandbox import Artifact, Fault, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.raw import RawStore
from meeting_assets_tests.households import (
    VOLATILE,
    Contents,
    Row,
    bring_home,
    contents,
    free_port,
    ledger_row,
    settle_in,
    use,
)

DAY = date(2026, 3, 2)
VICTIM = 1
MEASURED = {table_of(model).name for model in METRICS}
WORLD = uniform(DAY, recordings=3)
PORT = free_port()


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """The tables of the day as they are when nothing is wrong."""
    with pytest.MonkeyPatch.context() as monkeypatch, Sandbox(WORLD, download_port=PORT) as sandbox:
        settle_in(tmp_path_factory.mktemp("clean"), monkeypatch)
        use(sandbox, monkeypatch)
        bring_home([DAY])
        return contents(without=VOLATILE)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(WORLD, download_port=PORT) as running:
        use(running, monkeypatch)
        yield running


def victim(kind: str) -> Artifact:
    """The artifact that something is wrong with."""
    return WORLD.recordings[VICTIM].of(ARTIFACTS[kind].collection)[0]


def assert_nobody_else_is_harmed(clean: Contents, kinds: Iterable[str]) -> None:
    """All rows but those of the victim's `kinds` are as on the clean day, and of those there are none."""
    recording_id = WORLD.recordings[VICTIM].id
    found = contents(without=VOLATILE)
    emptied = {table_of(table).name for kind in kinds for table in ARTIFACTS[kind].tables}
    for table, rows in clean.items():
        if table in emptied:
            assert found[table] == [row for row in rows if row[0] != recording_id], table
        elif table in MEASURED:
            assert _of_others(found[table]) == _of_others(rows), table
        elif table == "recordings":
            # The last column is the hash of recording.json, which says what is home of the recording.
            assert [row[:-1] for row in found[table]] == [row[:-1] for row in rows]
            assert _of_others(found[table]) == _of_others(rows)
        elif table == "artifacts":
            spared = [row for row in rows if row[0] != recording_id or row[1] not in kinds]
            assert [row for row in found[table] if row in spared] == spared
        else:
            assert found[table] == rows, table
    assert recording_id in {row[0] for row in found["meeting_metrics"]}


def _of_others(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row[0] != WORLD.recordings[VICTIM].id]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"no JSON at all", "byte "),
        (b'"a text"', "byte 0: "),
        (b'[{"speaker": "Ada", "timestamp": 3.5}]', ": "),
        (b'[{"participant": {"id": "one"}}, 7]', ": "),
        (b"", "byte 0: "),
    ],
    ids=["no-json", "wrong-top-level", "wrong-shape", "wrong-type", "empty"],
)
def test_what_cannot_be_read_is_quarantined_with_the_place_of_its_fault(
    sandbox: Sandbox, clean: Contents, body: bytes, place: str
) -> None:
    for kind in ARTIFACTS:
        sandbox.set_payload(victim(kind).id, kind, body)

    bring_home([DAY])

    for kind in ARTIFACTS:
        row = ledger_row(victim(kind).id, kind)
        assert (row["status"], row["row_count"]) == ("quarantined", None)
        assert place in row["error"]
        assert RawStore.at(read_settings().raw_url).read(row["raw_key"], row["sha256"]) == body
    assert_nobody_else_is_harmed(clean, ARTIFACTS)


def test_a_cut_download_is_asked_for_again_and_then_quarantined_where_it_ends(
    sandbox: Sandbox, clean: Contents
) -> None:
    for kind in ARTIFACTS:
        sandbox.inject(Fault(f"{kind}:{victim(kind).id}", times=None, truncate_to_bytes=100))

    bring_home([DAY])

    for kind in ARTIFACTS:
        row = ledger_row(victim(kind).id, kind)
        assert (row["status"], row["error"]) == ("quarantined", "byte 100: input data was truncated")
        assert sandbox.stats.downloads_by_kind[kind] > len(WORLD.recordings)
    assert_nobody_else_is_harmed(clean, ARTIFACTS)


def test_a_download_that_is_cut_once_is_whole_in_the_end(sandbox: Sandbox, clean: Contents) -> None:
    for kind in ARTIFACTS:
        sandbox.inject(Fault(f"{kind}:{victim(kind).id}", times=1, truncate_to_bytes=100))

    bring_home([DAY])

    assert contents(without=VOLATILE) == clean


def test_an_empty_list_is_a_valid_artifact_without_rows(sandbox: Sandbox) -> None:
    kinds = set(ARTIFACTS) - {"provider_data", "transcript"}
    for kind in kinds:
        sandbox.set_payload(victim(kind).id, kind, b"[]")

    bring_home([DAY])

    for kind in kinds:
        row = ledger_row(victim(kind).id, kind)
        assert (row["status"], row["row_count"]) == ("parsed", 0)


def test_an_empty_transcript_is_one_with_zeros(sandbox: Sandbox) -> None:
    artifact = victim("transcript")
    sandbox.set_payload(artifact.id, "transcript", b"[]")

    bring_home([DAY])

    (row,) = [row for row in contents()["transcripts"] if row[1] == artifact.id]
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
def test_nulls_and_unknown_fields_actions_and_types_are_rows_like_any_other(
    sandbox: Sandbox, kind: str, body: bytes
) -> None:
    artifact = victim(kind)
    sandbox.set_payload(artifact.id, kind, body)

    bring_home([DAY])

    row = ledger_row(artifact.id, kind)
    assert (row["status"], row["row_count"], row["error"]) == ("parsed", 1, None)


@pytest.mark.parametrize("text", [r"a\u0000b", r"a\ud800b", "a\x00b"], ids=["NUL", "lone-surrogate", "raw-NUL"])
def test_characters_that_no_database_takes_are_replaced_and_counted(sandbox: Sandbox, text: str) -> None:
    artifact = victim("transcript")
    body = f'[{{"participant": {{"id": 1, "name": "{text}"}}, "words": [{{"text": "{text}"}}]}}]'.encode()
    sandbox.set_payload(artifact.id, "transcript", body)

    bring_home([DAY])

    row = ledger_row(artifact.id, "transcript")
    assert (row["status"], row["repaired_chars"]) == ("parsed", 2)
    assert RawStore.at(read_settings().raw_url).read(row["raw_key"], row["sha256"]) == body
    assert [each[-1] for each in contents()["transcript_words"] if each[1] == artifact.id] == ["a\ufffdb"]


@pytest.mark.parametrize(
    "fault",
    [
        lambda match: Fault(match, times=1, expired=True),
        lambda match: Fault(match, times=1, status=404),
        lambda match: Fault(match, times=2, status=503),
        lambda match: Fault(match, times=1, status=429, headers={"Retry-After": "1"}),
        lambda match: Fault(match, times=1, status=429),
        lambda match: Fault(match, times=1, reset=True),
        lambda match: Fault(match, times=1, cut_after_bytes=20),
        lambda match: Fault(match, times=1, body=b"<html>busy</html>", content_type="text/html"),
    ],
    ids=["expired", "404", "5xx", "429-with-wait", "429", "reset", "shorter-than-announced", "html"],
)
def test_what_goes_by_is_ridden_out(sandbox: Sandbox, clean: Contents, fault: Callable[[str], Fault]) -> None:
    for kind in ARTIFACTS:
        sandbox.inject(fault(f"{kind}:{victim(kind).id}"))

    bring_home([DAY])

    assert sandbox.stats.faulted > 0
    assert contents(without=VOLATILE) == clean


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (lambda match: Fault(match, times=None, expired=True), "the download URL is no longer accepted (403)"),
        (lambda match: Fault(match, times=None, status=404), "the download URL is no longer accepted (404)"),
        (lambda match: Fault(match, times=None, status=503), "the download answered 503"),
        (lambda match: Fault(match, times=None, body=b"<html>", content_type="text/html"), "HTML"),
    ],
    ids=["expired", "404", "5xx", "html"],
)
def test_what_does_not_go_by_is_pending_and_comes_with_the_next_run(
    sandbox: Sandbox, clean: Contents, fault: Callable[[str], Fault], error: str
) -> None:
    artifact = victim("transcript")
    sandbox.inject(fault(f"transcript:{artifact.id}"))

    bring_home([DAY])

    row = ledger_row(artifact.id, "transcript")
    assert (row["status"], row["attempts"]) == ("pending", 1)
    assert error in row["error"]
    assert row["next_attempt_at"] is not None
    assert_nobody_else_is_harmed(clean, ["transcript"])

    sandbox.clear_faults()
    bring_home([DAY])

    assert contents(without=VOLATILE) == clean


def test_a_wrong_key_stops_everything_with_one_sentence(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_API_KEY", "not-the-key")

    with pytest.raises(Refused, match="RECALL_API_KEY and RECALL_REGION") as refused:
        bring_home([DAY])

    assert "not-the-key" not in str(refused.value)
    assert not any(contents().values())


@pytest.mark.parametrize("path", ["/api/v1/recording/", "/api/v1/transcript/", "/api/v1/bot/"])
def test_a_list_that_fails_once_is_read_to_its_end(sandbox: Sandbox, clean: Contents, path: str) -> None:
    sandbox.inject(Fault(path, times=1, status=502))

    bring_home([DAY])

    assert contents(without=VOLATILE) == clean
