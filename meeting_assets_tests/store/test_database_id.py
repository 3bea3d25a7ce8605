"""Database and raw store share an id. A process with another database or raw store is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meeting_assets.core.errors import StoreError
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.database_id import DATABASE_ID, bind_ids, held_id, verified_id
from meeting_assets.store.raw import RawStore
from meeting_assets_tests.support.environments import days_of_world, sync_days, use_sandbox
from meeting_assets_tests.support.sample_day import DAY

OURS, OTHERS = "0" * 32, "1" * 32


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    with open_storage(read_settings()) as storage:
        yield storage


def given_ids(storage: Storage, of_database: str | None, of_raw: str | None) -> None:
    if of_database:
        storage.database.set_meta(DATABASE_ID, of_database)
    if of_raw:
        storage.raw.bind_database(of_raw)


def fill() -> None:
    with Sandbox(uniform(DAY, recordings=1, words=5)) as sandbox, pytest.MonkeyPatch.context() as monkeypatch:
        use_sandbox(sandbox, monkeypatch)
        sync_days(days_of_world(sandbox))


def test_new_database_and_new_raw_store_get_one_id(storage: Storage) -> None:
    made = bind_ids(storage.database, storage.raw)

    assert held_id(storage.database) == storage.raw.database_id() == made == bind_ids(storage.database, storage.raw)


@pytest.mark.parametrize(
    ("of_database", "of_raw", "adopts", "expected"),
    [
        (OURS, None, False, OURS),
        (OURS, OURS, False, OURS),
        (None, OTHERS, False, None),
        (OURS, OTHERS, False, None),
        (None, OTHERS, True, OTHERS),
        (OURS, OTHERS, True, OTHERS),
    ],
)
def test_ids_of_an_empty_database_are_bound_or_refused(
    storage: Storage, of_database: str | None, of_raw: str | None, adopts: bool, expected: str | None
) -> None:
    given_ids(storage, of_database, of_raw)

    if expected is None:
        with pytest.raises(StoreError, match="MEETING_ASSETS_DATABASE_URL"):
            bind_ids(storage.database, storage.raw, adopts=adopts)
        assert (held_id(storage.database), storage.raw.database_id()) == (of_database, of_raw)
    else:
        assert bind_ids(storage.database, storage.raw, adopts=adopts) == expected
        assert held_id(storage.database) == storage.raw.database_id() == expected


def test_database_with_recordings_adopts_no_other_id(storage: Storage, home: Path) -> None:
    fill()
    other_store = RawStore.at(str(home / "other"))
    other_store.bind_database(OTHERS)
    held = held_id(storage.database)

    with pytest.raises(StoreError, match="another database"):
        bind_ids(storage.database, other_store, adopts=True)

    assert held is not None
    assert held_id(storage.database) == held


@pytest.mark.parametrize(
    ("of_database", "of_raw", "requested_for", "setting"),
    [
        (None, None, OURS, "MEETING_ASSETS_DATABASE_URL"),
        (None, OURS, OURS, "MEETING_ASSETS_DATABASE_URL"),
        (None, OURS, None, "MEETING_ASSETS_DATABASE_URL"),
        (OTHERS, OURS, OURS, "MEETING_ASSETS_DATABASE_URL"),
        (OTHERS, OTHERS, OURS, "MEETING_ASSETS_DATABASE_URL"),
        (OURS, None, OURS, "MEETING_ASSETS_RAW_URL"),
        (OURS, OTHERS, OURS, "MEETING_ASSETS_RAW_URL"),
        (OTHERS, OURS, None, "MEETING_ASSETS_DATABASE_URL"),
        (OURS, None, None, "MEETING_ASSETS_RAW_URL"),
    ],
)
def test_run_with_a_wrong_setting_is_refused_and_changes_no_id(
    storage: Storage, of_database: str | None, of_raw: str | None, requested_for: str | None, setting: str
) -> None:
    given_ids(storage, of_database, of_raw)

    with pytest.raises(StoreError, match=setting) as refused:
        verified_id(storage.database, storage.raw, requested_for)

    assert "://" not in str(refused.value)
    assert (held_id(storage.database), storage.raw.database_id()) == (of_database, of_raw)


@pytest.mark.parametrize("requested_for", [OURS, None])
def test_run_with_the_right_settings_is_verified(storage: Storage, requested_for: str | None) -> None:
    given_ids(storage, OURS, OURS)

    assert verified_id(storage.database, storage.raw, requested_for) == OURS


def test_damaged_id_in_the_raw_store_is_reported(storage: Storage, home: Path) -> None:
    (home / "raw").mkdir(exist_ok=True)
    (home / "raw" / "database.json").write_bytes(b"{")

    with pytest.raises(StoreError, match=r"database\.json"):
        bind_ids(storage.database, storage.raw)


def test_raw_store_keeps_the_first_database_id(home: Path) -> None:
    store = RawStore.at(str(home / "raw"))

    assert [store.bind_database(OURS), store.bind_database(OTHERS)] == [OURS, OURS]
