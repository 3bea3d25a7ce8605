"""Malformed payloads of every known sort: each becomes rows or is quarantined, and no other recording is affected."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets_tests.conftest import Truth, sqlite_first
from meeting_assets_tests.support.environments import VOLATILE_COLUMNS, ledger_row, sync_days, table_rows, use_sandbox
from meeting_assets_tests.support.sample_day import DAY

pytestmark = [sqlite_first, pytest.mark.with_tables]

Mutation = Callable[[bytes], bytes]

HEALTHY = 2
LONG_WORD = "w" * 10_000_000
REPAIRED = ("nul", "lone-surrogate", "raw-nul")


def entries(document: Any) -> list[Any]:
    """The entries of a payload."""
    entries: list[Any] = document["parts"] if isinstance(document, dict) else document
    return entries


def changed(change: Callable[[Any], None]) -> Mutation:
    """A mutation that changes the decoded document."""

    def mutation(body: bytes) -> bytes:
        document = json.loads(body)
        change(document)
        return json.dumps(document).encode()

    return mutation


def with_field(text: bytes) -> Mutation:
    """A mutation that adds a field with this literal value to the first object."""
    return lambda body: body.replace(b"{", b'{"surprise": ' + text + b", ", 1)


def deepest_of(entry: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The holder and name of the most deeply nested typed value of an entry."""
    if "words" in entry:
        return entry["words"][0]["start_timestamp"], "relative"
    if "source_audio" in entry:
        return entry["source_audio"], "offset"
    moment = entry.get("start_timestamp") or entry.get("timestamp")
    return (moment, "relative") if moment else (entry, "id")


def deepest(value: Any) -> Mutation:
    """A mutation that replaces the most deeply nested typed value."""

    def change(document: Any) -> None:
        holder, name = deepest_of(entries(document)[0])
        holder[name] = value

    return changed(change)


def only_long_word(document: Any) -> None:
    if document and "words" in entries(document)[0]:
        entries(document)[0]["words"][0]["text"] = LONG_WORD


def unknown_values(document: Any) -> None:
    for entry in entries(document):
        for name in ("action", "type", "platform", "language_code"):
            if name in entry:
                entry[name] = "never seen before"
        entry["surprise"] = [{"at": {"all": None}}]


QUARANTINED: Mapping[str, tuple[Mutation, str]] = {
    "no-json": (lambda _: b"gone", "byte 0: invalid character"),
    "truncated": (lambda body: body[: len(body) // 2], "byte "),
    "empty": (lambda _: b"", "byte 0: input data was truncated"),
    "null": (lambda _: b"null", "byte 0: expected "),
    "other-top-level": (lambda _: b'"text"', "byte 0: expected "),
    "wrong-type-deep-down": (deepest([1]), ": expected "),
    "nan": (with_field(b"NaN"), "byte "),
    "infinity": (with_field(b"-Infinity"), "byte "),
    "number-beyond-floats": (lambda body: deepest("HERE")(body).replace(b'"HERE"', b"1e999"), ": "),
    "integer-beyond-64-bits": (deepest(2**70), ": expected "),
    "nested-too-deep": (with_field(b"[" * 50_000 + b"]" * 50_000), "nested more than 200 levels"),
    "not-utf-8": (with_field(b'"\xff\xfe"'), "text is not UTF-8"),
}
PARSED: Mapping[str, Mutation] = {
    "nul": with_field(rb'"a\u0000b"'),
    "lone-surrogate": with_field(rb'"a\ud83db"'),
    "raw-nul": with_field(b'"a\x00b"'),
    "byte-order-mark": lambda body: b"\xef\xbb\xbf" + body,
    "everything-twice": changed(lambda document: entries(document).extend(entries(document)[:])),
    "unknown-values": changed(unknown_values),
    "one-long-word": changed(only_long_word),
    "spread-out": changed(lambda _: None),
}


def test_malformed_payloads_neither_crash_nor_affect_other_recordings(truth: Truth) -> None:
    mutations = {name: mutation for name, (mutation, _) in QUARANTINED.items()} | dict(PARSED)
    with truth(uniform(DAY, recordings=HEALTHY + len(mutations))) as (sandbox, expected):
        victims = dict(zip(mutations, sandbox.world.recordings[HEALTHY:], strict=True))
        for name, recording in victims.items():
            for kind, artifact in ARTIFACTS.items():
                media = recording.of(artifact.collection)[0]
                healthy = sandbox.payload(media.id, kind)
                malformed = mutations[name](healthy)
                assert malformed != healthy
                sandbox.set_payload(media.id, kind, malformed)

        sync_days([DAY])

        for name, recording in victims.items():
            for kind, artifact in ARTIFACTS.items():
                assert_contained(name, kind, ledger_row(recording.of(artifact.collection)[0].id, kind))
        found, harmed = table_rows(without=VOLATILE_COLUMNS), {each.id for each in victims.values()}
        assert {row[0] for row in found["meeting_metrics"]} == {each.id for each in sandbox.world.recordings}
        for table, rows in expected.items():
            assert [row for row in found[table] if row[0] not in harmed] == [
                row for row in rows if row[0] not in harmed
            ], table


def assert_contained(name: str, kind: str, row: Mapping[str, Any]) -> None:
    outcome = row["status"], row["row_count"] is not None
    if name in QUARANTINED:
        assert outcome == ("quarantined", False), (name, kind, row["error"])
        assert QUARANTINED[name][1] in row["error"], (name, kind)
    else:
        assert outcome == ("parsed", True), (name, kind, row["error"])
        assert row["row_count"] > 0
        assert row["error"] is None
        assert row["repaired_chars"] == (name in REPAIRED)


@pytest.mark.deployment
def test_meeting_of_twelve_hours_is_stored(truth: Truth) -> None:
    with truth(uniform(DAY, recordings=1, words=120_000, people=30)) as (_, expected):
        sync_days([DAY])

        assert table_rows(without=VOLATILE_COLUMNS) == expected
    assert len(expected["transcript_words"]) == 120_000


@pytest.mark.deployment
def test_day_of_five_thousand_recordings_is_stored(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=5_000, words=20), limits=False) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        monkeypatch.setenv("RECALL_LIST_CALLS_PER_MINUTE", "100000")

        sync_days([DAY])
        rows = table_rows()

    assert len(rows["meeting_metrics"]) == 5_000
    assert {row[3] for row in rows["artifacts"]} == {"parsed"}
    assert len(rows["transcript_words"]) == 5_000 * 20
