"""The raw store finds a recording below every day and prefix, in a folder and in an object store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from meeting_assets.store import raw_tombstones
from meeting_assets.store.raw import RawStore
from meeting_assets.store.tombstones import Tombstone, TombstoneName

DAYS = [date(2026, 3, 2), date(2026, 3, 9)]
RECORDING, OTHER = "0f7a4f0e-0000-4000-8000-000000000000", "1f7a4f0e-0000-4000-8000-000000000000"


@pytest.fixture(params=["folder", "object store"])
def raw(request: pytest.FixtureRequest, tmp_path: Path) -> RawStore:
    return RawStore(LocalStore(tmp_path) if request.param == "folder" else MemoryStore())


def test_days_of_recordings_are_found(raw: RawStore) -> None:
    for day in DAYS:
        raw.write_listing(day, RECORDING, b"{}")
    raw.write_listing(DAYS[1], OTHER, b"{}")

    assert raw.days_of([RECORDING, OTHER, "unknown"]) == {RECORDING: DAYS, OTHER: DAYS[1:], "unknown": []}
    assert raw.days_of([]) == {}


def test_every_prefix_naming_a_recording_is_found_except_tombstones(raw: RawStore) -> None:
    for key in (
        f"2026-03-02/{RECORDING}/recording.json",
        f"2026-03-02/{RECORDING}/transcript/1/0.zst",
        f"2026-99-99/{RECORDING}/recording.json",
        f"elsewhere/copy-of-{RECORDING}/recording.json",
        f"{RECORDING}/recording.json",
        f"2026-03-02/{OTHER}/recording.json",
        "origin.json",
    ):
        raw.put(key, b"{}")
    raw_tombstones.write(
        raw, [Tombstone(TombstoneName(RECORDING), None, datetime(2026, 3, 3, tzinfo=UTC), "asked for")]
    )

    assert raw.prefixes_naming([RECORDING]) == {
        f"2026-03-02/{RECORDING}": 2,
        f"2026-99-99/{RECORDING}": 1,
        RECORDING: 1,
        f"elsewhere/copy-of-{RECORDING}": 1,
    }
    assert raw.prefixes_naming([]) == {}


def test_tombstones_are_read_as_written(raw: RawStore) -> None:
    at = datetime(2026, 3, 3, 12, 30, tzinfo=UTC)
    of_recording = Tombstone(TombstoneName(OTHER), DAYS[0], at, "retention")
    of_artifact = Tombstone(TombstoneName(RECORDING, "transcript", "c1d2"), None, at, "deleted at the API")
    for tombstone in (of_recording, of_artifact, of_artifact):
        raw_tombstones.write(raw, [tombstone])
    raw.put("tombstones/no-id.json", b"{}")

    assert raw_tombstones.names(raw) == {of_recording.name, of_artifact.name}
    assert [raw_tombstones.read(raw, each.name) for each in (of_recording, of_artifact)] == [of_recording, of_artifact]

    raw_tombstones.remove_artifacts_of(raw, RECORDING)
    raw_tombstones.remove(raw, [of_recording.name])
    assert raw_tombstones.names(raw) == set()


def test_prefixes_that_are_no_dates_are_ignored(raw: RawStore) -> None:
    raw.put(f"2026-99-99/{RECORDING}/recording.json", b"{}")
    raw.write_listing(DAYS[0], RECORDING, b"{}")

    assert raw.days_of([RECORDING]) == {RECORDING: DAYS[:1]}
    assert raw.days() == DAYS[:1]
