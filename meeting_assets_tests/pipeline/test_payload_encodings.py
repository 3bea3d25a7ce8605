"""Payloads with wrong labels or encodings, and error pages with status 200."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.conftest import Truth, sqlite_first
from meeting_assets_tests.support.environments import VOLATILE_COLUMNS, TableRows, ledger_row, sync_days, table_rows
from meeting_assets_tests.support.sample_day import DAY, assert_other_recordings_unchanged, victim

pytestmark = [sqlite_first, pytest.mark.with_tables]

BOM = b"\xef\xbb\xbf"
GZIP = {"Content-Encoding": "gzip"}
READ: Mapping[str, Fault] = {
    "labelled-html": Fault("", times=None, edited_headers={"Content-Type": "text/html; charset=utf-8"}),
    "labelled-xml": Fault("", times=None, edited_headers={"Content-Type": "application/xml"}),
    "gzip-without-header": Fault("", times=None, edit=gzip.compress),
    "gzip-file": Fault("", times=None, edit=gzip.compress, edited_headers={"Content-Type": "application/gzip"}),
    "header-without-gzip": Fault("", times=None, edited_headers=GZIP),
    "gzip-twice": Fault("", times=None, edit=gzip.compress, gzip=True),
    "xml-once": Fault("", body=b"<?xml version='1.0'?><Error><Code>SlowDown</Code></Error>"),
    "html-once": Fault("", body=b"<html>said</html>", content_type="application/json"),
}


def test_payload_is_parsed_despite_wrong_headers(truth: Truth) -> None:
    with truth(uniform(DAY, recordings=len(READ), words=5)) as (sandbox, expected):
        for recording, fault in zip(sandbox.world.recordings, READ.values(), strict=True):
            for kind, artifact in ARTIFACTS.items():
                sandbox.inject(replace(fault, match=f"{kind}:{recording.of(artifact.collection)[0].id}"))

        sync_days([DAY])

        assert sandbox.stats.faulted >= len(READ) * len(ARTIFACTS)
        assert table_rows(without=VOLATILE_COLUMNS) == expected


def test_page_is_read_despite_byte_order_mark_and_wrong_headers(sandbox: Sandbox, clean: TableRows) -> None:
    sandbox.inject(Fault("/api/v1/recording/", times=None, edit=lambda body: BOM + body))
    sandbox.inject(Fault("/api/v1/transcript/", times=None, edited_headers=GZIP | {"Content-Type": "text/html"}))
    sandbox.inject(Fault("/api/v1/video_separate/", times=None, edit=gzip.compress))

    sync_days([DAY])

    assert table_rows(without=VOLATILE_COLUMNS) == clean


def test_error_page_with_status_200_stays_pending_and_is_not_stored(sandbox: Sandbox, clean: TableRows) -> None:
    artifact = victim("transcript")
    sandbox.inject(Fault(f"transcript:{artifact.id}", times=None, body=b"<Error><Code>said</Code></Error>"))

    sync_days([DAY])

    row = ledger_row(artifact.id, "transcript")
    assert (row["status"], row["sha256"], row["attempts"]) == ("pending", None, 1)
    assert row["error"] == "the download gave XML instead of JSON"
    assert_other_recordings_unchanged(clean, ["transcript"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_damaged_gzip_is_quarantined(sandbox: Sandbox, clean: TableRows) -> None:
    artifact = victim("transcript")
    packed = gzip.compress(b'[{"participant": {"id": 1}}]')
    damaged = packed[:12] + b"\xff\xff\xff" + packed[15:]
    sandbox.set_payload(artifact.id, "transcript", damaged)

    sync_days([DAY])

    row = ledger_row(artifact.id, "transcript")
    assert (row["status"], row["error"]) == ("quarantined", "byte 0: gzip that cannot be decompressed")
    assert row["size_bytes"] == len(damaged)
    assert_other_recordings_unchanged(clean, ["transcript"])


def test_instants_without_a_zone_are_utc(sandbox: Sandbox, clean: TableRows) -> None:
    def naive(page: bytes) -> bytes:
        return re.sub(rb'(T\d\d:\d\d:\d\d(?:\.\d+)?)Z"', rb'\1"', page)

    for name in ("recording", "transcript", "video_separate", "audio_separate", "bot"):
        sandbox.inject(Fault(f"/api/v1/{name}/", times=None, edit=naive))

    sync_days([DAY])

    assert sandbox.stats.faulted > 0
    assert table_rows(without=frozenset({*VOLATILE_COLUMNS, "listing_sha256"})) == without_listing(clean)


def without_listing(clean: TableRows) -> TableRows:
    """The rows without the hash of recording.json, the last column: that file has instants as the API sent them."""
    return clean | {"recordings": [row[:-1] for row in clean["recordings"]]}
