"""Transient failures of calls and downloads are retried: the tables equal those of an undisturbed day."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import Transient
from meeting_assets.health.status import status_of
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.conftest import Truth, sqlite_first
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    TableRows,
    ledger_row,
    open_test_storage,
    sync_days,
    table_rows,
    use_sandbox,
)
from meeting_assets_tests.support.sample_day import DAY, PORT, WORLD, assert_other_recordings_unchanged, victim

pytestmark = [sqlite_first, pytest.mark.with_tables]

TIMEOUT_S = 60.0
AT_ONCE = 4
"""Number of consecutive faults that a call survives."""
PAGE_OF_THE_EDGE = b"<html>403 ERROR Request blocked.</html>"
LISTS = tuple(f"/api/v1/{name}/" for name in ("recording", "transcript", "video_separate", "audio_separate", "bot"))


def batched(names: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """The names in batches."""
    remaining = iter(names)
    while batch := tuple(islice(remaining, size)):
        yield batch


FAILING = {
    "429-with-wait": Fault("", status=429, headers={"Retry-After": "1"}),
    "429": Fault("", status=429),
    "500": Fault("", status=500),
    "502": Fault("", status=502, body=PAGE_OF_THE_EDGE, content_type="text/html"),
    "503": Fault("", status=503, headers={"Retry-After": "1"}),
    "504": Fault("", status=504),
    "reset": Fault("", reset=True),
    "cut": Fault("", cut_after_bytes=20),
    "without-its-end": Fault("", truncate_to_bytes=100),
    "html": Fault("", body=PAGE_OF_THE_EDGE, content_type="text/html"),
    "403-html": Fault("", status=403, body=PAGE_OF_THE_EDGE, content_type="text/html"),
}
UNUSUAL = {
    "drip": Fault("", pieces=20, pause_s=0.01),
    "gzip": Fault("", gzip=True),
    "chunked-gzip": Fault("", gzip=True, pieces=3),
}
"""Unusual responses that are no failures."""
OF_LISTS = FAILING | UNUSUAL
SERIES = [*batched(FAILING, AT_ONCE), *((name,) for name in UNUSUAL)]
"""Faults of consecutive attempts of one call; an unusual response ends the call, so it stands alone."""
OF_DOWNLOADS = OF_LISTS | {
    "expired": Fault("", expired=True),
    "404": Fault("", status=404),
    "410": Fault("", status=410),
    "moved": Fault("", moved=True),
}


def test_transient_download_failures_are_retried(truth: Truth) -> None:
    with truth(uniform(DAY, recordings=len(OF_DOWNLOADS))) as (sandbox, expected):
        for recording, fault in zip(sandbox.world.recordings, OF_DOWNLOADS.values(), strict=True):
            for kind, artifact in ARTIFACTS.items():
                sandbox.inject(replace(fault, match=f"{kind}:{recording.of(artifact.collection)[0].id}"))

        sync_days([DAY])

        assert sandbox.stats.faulted == len(OF_DOWNLOADS) * len(ARTIFACTS)
        assert table_rows(without=VOLATILE_COLUMNS) == expected
        assert sandbox.stats.downloads_with_authorization == 0


@pytest.mark.parametrize("faults", SERIES, ids=" ".join)
def test_transient_list_failures_are_retried(sandbox: Sandbox, clean: TableRows, faults: tuple[str, ...]) -> None:
    for path in LISTS:
        for name in faults:
            sandbox.inject(replace(OF_LISTS[name], match=path))

    sync_days([DAY])

    assert sandbox.stats.faulted == len(faults) * len(LISTS)
    assert table_rows(without=VOLATILE_COLUMNS) == clean


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (lambda match: Fault(match, times=None, expired=True), "the download URL is no longer accepted (403)"),
        (lambda match: Fault(match, times=None, status=503), "the download answered 503"),
        (lambda match: Fault(match, times=None, body=b"<html>", content_type="text/html"), "HTML"),
    ],
    ids=["expired", "5xx", "html"],
)
def test_permanent_download_failure_stays_pending_and_is_fetched_by_the_next_run(
    sandbox: Sandbox, clean: TableRows, fault: Callable[[str], Fault], error: str
) -> None:
    artifact = victim("transcript")
    sandbox.inject(fault(f"transcript:{artifact.id}"))

    sync_days([DAY])

    row = ledger_row(artifact.id, "transcript")
    assert (row["status"], row["attempts"]) == ("pending", 1)
    assert error in row["error"]
    assert row["next_attempt_at"] is not None
    assert_other_recordings_unchanged(clean, ["transcript"])

    sandbox.clear_faults()
    sync_days([DAY])

    assert table_rows(without=VOLATILE_COLUMNS) == clean


def test_urls_that_expire_between_list_and_download_are_renewed(sandbox: Sandbox, clean: TableRows) -> None:
    sandbox.inject(Fault("/download/", times=None, delay_s=0.3))

    with ThreadPoolExecutor() as pool:
        run = pool.submit(sync_days, [DAY])
        wait_until(lambda: any("/download/" in path for _, path in sandbox.stats.requests))
        sandbox.expire_urls()
        run.result()

    assert sandbox.stats.expired > 0
    assert table_rows(without=VOLATILE_COLUMNS) == clean


def test_artifacts_stay_pending_while_every_url_expires_before_use(sandbox: Sandbox, clean: TableRows) -> None:
    sandbox.expire_urls_after(0)

    report = sync_days([DAY])

    assert sum(counts["failed"] for counts in report.counts.values()) == len(ARTIFACTS) * len(WORLD.recordings)
    assert {row[3] for row in table_rows()["artifacts"]} == {"pending"}

    sandbox.expire_urls_after(3600)
    sync_days([DAY])

    assert table_rows(without=VOLATILE_COLUMNS) == clean


def test_pages_that_repeat_objects_count_nothing_twice(sandbox: Sandbox, clean: TableRows) -> None:
    sandbox.habits.page_size, sandbox.habits.pages_repeat = 2, 1

    sync_days([DAY])

    assert table_rows(without=VOLATILE_COLUMNS) == clean


def test_list_that_grows_while_it_is_read_loses_nothing(sandbox: Sandbox) -> None:
    sandbox.habits.page_size = 1
    sandbox.inject(Fault("/api/v1/", times=None, delay_s=0.05))
    instants = [each.created_at for each in WORLD.recordings for _ in range(2)]

    with ThreadPoolExecutor() as pool:
        run = pool.submit(sync_days, [DAY])
        wait_until(lambda: sandbox.stats.list_calls["recording"] > 0)
        assert sandbox.stats.list_calls["recording"] < len(WORLD.recordings)
        added = {sandbox.add_recording(each + timedelta(seconds=1), words=5).id for each in instants}
        run.result()

    there = {each.id for each in WORLD.recordings}
    assert there <= {row[0] for row in table_rows()["meeting_metrics"]} <= there | added
    sync_days([DAY])
    assert {row[0] for row in table_rows()["meeting_metrics"]} == there | added


def test_api_outage_changes_nothing_and_ends_no_retries(
    sandbox: Sandbox, clean: TableRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.inject(Fault("transcript:", times=None, status=503))
    sync_days([DAY])
    before = table_rows()
    sandbox.stop()

    with pytest.raises(Transient, match="no connection"):
        sync_days([DAY])

    assert table_rows() == before
    assert {ledger_row(each.of("transcript")[0].id, "transcript")["status"] for each in WORLD.recordings} == {"pending"}
    with Sandbox(WORLD, download_port=PORT) as back:
        use_sandbox(back, monkeypatch)
        sync_days([DAY])
        assert table_rows(without=VOLATILE_COLUMNS) == clean


@pytest.mark.parametrize(
    ("chance", "recordings"),
    [
        (0.2, 4),
        pytest.param(0.2, 40, marks=pytest.mark.deployment),
        pytest.param(0.5, 10, marks=pytest.mark.deployment),
    ],
)
def test_all_faults_at_once_end_in_the_same_tables(truth: Truth, chance: float, recordings: int) -> None:
    with truth(uniform(DAY, recordings=recordings, words=100)) as (sandbox, expected):
        sandbox.habits.page_size, sandbox.habits.pages_repeat = 3, 1
        storm = [replace(fault, match=path) for fault in OF_LISTS.values() for path in LISTS]
        storm += [replace(fault, match="/download/") for fault in OF_DOWNLOADS.values()]
        sandbox.inject_randomly(storm, chance=chance)

        sync_until_complete(at_most=30)

        assert sandbox.stats.faulted > 0
        assert table_rows(without=VOLATILE_COLUMNS) == expected


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def sync_until_complete(*, at_most: int) -> None:
    """Syncs the day until no artifact is missing."""
    for _ in range(at_most):
        try:
            sync_days([DAY])
        except Transient:
            continue
        with open_test_storage() as storage:
            if status_of(storage).missing == 0:
                return
    raise AssertionError("artifacts are still missing")
