"""The new state of a ledger row after an observation: absent, pending, stored, failed, deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from meeting_assets.store.ledger_states import (
    ABSENT,
    DELETED,
    FAILED,
    FETCHED,
    NO_ARTIFACT,
    PARSED,
    PENDING,
    QUARANTINED,
    STORED,
    is_due,
    is_fetchable,
    reconcile,
)
from meeting_assets_tests.support.ledger_states import (
    LATER,
    SHA,
    T0,
    A,
    B,
    at,
    ledger_rows,
    listed,
    observation,
    statuses,
)


def test_finished_recording_without_objects_has_one_absent_row() -> None:
    rows = reconcile({}, observation())

    assert statuses(rows) == {NO_ARTIFACT: ABSENT}
    assert rows[NO_ARTIFACT].recording_id == "recording"


def test_unfinished_recording_without_objects_has_no_row() -> None:
    assert reconcile({}, observation(is_finished=False)) == {}


def test_absent_row_stays_when_the_recording_continues() -> None:
    before = reconcile({}, observation())

    assert reconcile(before, observation(is_finished=False)) == before


def test_new_object_replaces_the_absent_row() -> None:
    rows = reconcile(reconcile({}, observation()), observation(listed()))

    assert statuses(rows) == {A: PENDING}


def test_provider_data_missing_from_a_transcript_is_absent() -> None:
    assert statuses(reconcile({}, observation(listed(exists=False), allows_multiple=True))) == {NO_ARTIFACT: ABSENT}


def test_awaited_provider_data_that_never_appears_becomes_absent() -> None:
    waiting = reconcile({}, observation(listed(code="processing"), allows_multiple=True))

    rows = reconcile(waiting, observation(listed(exists=False, updated_at=LATER), allows_multiple=True))

    assert statuses(waiting) == {A: PENDING}
    assert statuses(rows) == {NO_ARTIFACT: ABSENT}


def test_provider_data_of_one_of_two_transcripts_is_pending() -> None:
    rows = reconcile({}, observation(listed(A, exists=False), listed(B), allows_multiple=True))

    assert statuses(rows) == {B: PENDING}


def test_stored_provider_data_stays_when_its_url_disappears() -> None:
    before = ledger_rows(PARSED)

    assert reconcile(before, observation(listed(exists=False, updated_at=LATER), allows_multiple=True)) == before


def test_provider_data_with_a_late_url_becomes_pending() -> None:
    before = reconcile({}, observation(listed(exists=False), allows_multiple=True))

    assert statuses(reconcile(before, observation(listed(), allows_multiple=True))) == {A: PENDING}


@pytest.mark.parametrize("code", ["processing", "done", "paused", "something new"])
def test_object_is_pending_until_its_bytes_are_stored(code: str) -> None:
    rows = reconcile({}, observation(listed(code=code, sub_code="why", provider="rev_async")))

    row = rows[A]
    assert (row.status, row.sha256, row.attempts) == (PENDING, None, 0)
    assert (row.api_status, row.sub_code, row.provider) == (code, "why", "rev_async")
    assert (row.api_updated_at, row.api_created_at) == (T0, T0)


def test_failed_attempts_are_kept_while_the_object_is_unchanged() -> None:
    before = ledger_rows(PENDING, error="503", attempts=3, next_attempt_at=LATER)

    assert reconcile(before, observation(listed())) == before


def test_failed_attempts_are_cleared_when_the_object_changes() -> None:
    before = ledger_rows(PENDING, error="503", attempts=3, next_attempt_at=LATER)

    row = reconcile(before, observation(listed(updated_at=LATER)))[A]

    assert (row.status, row.error, row.attempts, row.next_attempt_at) == (PENDING, None, 0, None)


def test_rows_of_unlisted_artifacts_are_unchanged() -> None:
    before = ledger_rows(PENDING) | ledger_rows(PARSED, artifact_id=B)

    assert reconcile(before, observation(allows_multiple=True)) == before


@pytest.mark.parametrize("status", sorted(STORED))
def test_stored_artifact_is_unchanged_while_the_object_is_unchanged(status: str) -> None:
    before = ledger_rows(status, error="[1]: expected int" if status == QUARANTINED else None)

    assert reconcile(before, observation(listed())) == before


@pytest.mark.parametrize("status", sorted(STORED))
@pytest.mark.parametrize("code", ["done", "processing"])
def test_changed_object_is_fetched_again_and_its_bytes_are_kept_until_then(status: str, code: str) -> None:
    before = ledger_rows(status, error="[1]: expected int")

    row = reconcile(before, observation(listed(code=code, updated_at=LATER)))[A]

    assert (row.status, row.error, row.api_updated_at) == (PENDING, None, LATER)
    assert (row.sha256, row.raw_key, row.row_count) == (
        SHA,
        before[A].raw_key,
        before[A].row_count,
    )


def test_removal_of_updated_at_is_a_change() -> None:
    assert statuses(reconcile(ledger_rows(PARSED), observation(listed(updated_at=None)))) == {A: PENDING}


def test_observation_older_than_the_row_changes_nothing() -> None:
    before = ledger_rows(PARSED, observed_at=at(2))

    assert reconcile(before, observation(listed(code="processing", updated_at=LATER, observed_at=at(1)))) == before


@pytest.mark.parametrize("observed_at", [None, T0], ids=["of-a-former-version", "earlier"])
def test_later_observation_wins_even_with_an_earlier_updated_at(observed_at: datetime | None) -> None:
    """Two API hosts with different clocks: `processing` at T+2 s, then `done` at T+1 s."""
    second = timedelta(seconds=1)
    before = ledger_rows(PENDING, api_status="processing", api_updated_at=T0 + 2 * second, observed_at=observed_at)

    row = reconcile(before, observation(listed(updated_at=T0 + second, observed_at=at(1))))[A]

    assert (row.status, row.api_status, row.api_updated_at) == (PENDING, "done", T0 + second)
    assert is_fetchable(row, at(1))


def test_bytes_issued_again_with_an_earlier_updated_at_are_fetched() -> None:
    rows = reconcile(ledger_rows(PARSED, observed_at=T0), observation(listed(updated_at=at(-5), observed_at=at(1))))

    assert statuses(rows) == {A: PENDING}


def test_object_missing_from_a_later_observation_does_not_return() -> None:
    """Provider data that the later of two observations, recorded first, listed without a URL."""
    before = reconcile({}, replace(observation(listed(exists=False, observed_at=at(2))), observed_at=at(2)))

    assert reconcile(before, replace(observation(listed(observed_at=at(1))), observed_at=at(1))) == before


def test_processing_status_with_the_same_updated_at_is_no_change() -> None:
    assert statuses(reconcile(ledger_rows(PARSED), observation(listed(code="processing")))) == {A: PARSED}


@pytest.mark.parametrize("status", sorted(STORED))
@pytest.mark.parametrize("code", ["failed", "deleted"])
def test_stored_artifact_stays_when_the_api_fails_or_deletes_it(status: str, code: str) -> None:
    before = ledger_rows(status, error="[1]: expected int")

    row = reconcile(before, observation(listed(code=code, sub_code="why", updated_at=LATER)))[A]

    assert row == replace(before[A], api_status=code, sub_code="why", api_updated_at=LATER)


@pytest.mark.parametrize("code", ["failed", "deleted"])
def test_stored_bytes_become_current_when_newer_bytes_never_arrive(code: str) -> None:
    before = ledger_rows(PENDING, SHA, error="503", attempts=2, next_attempt_at=LATER)

    row = reconcile(before, observation(listed(code=code, updated_at=LATER)))[A]

    assert (row.status, row.sha256, row.api_status) == (FETCHED, SHA, code)
    assert (row.error, row.attempts, row.next_attempt_at) == (None, 0, None)


@pytest.mark.parametrize("code", ["failed", "deleted"])
def test_artifact_that_ends_at_the_api_before_it_is_fetched_has_that_status(code: str) -> None:
    fresh = reconcile({}, observation(listed(code=code, sub_code="why")))
    waited_for = reconcile(
        ledger_rows(PENDING, error="503", attempts=2, next_attempt_at=LATER), observation(listed(code=code))
    )

    assert statuses(fresh) == statuses(waited_for) == {A: code}
    assert fresh[A].sub_code == "why"
    assert (waited_for[A].error, waited_for[A].next_attempt_at) == (None, None)


@pytest.mark.parametrize(("status", "code"), [(FAILED, "done"), (FAILED, "processing"), (DELETED, "done")])
def test_artifact_that_returns_at_the_api_is_fetched(status: str, code: str) -> None:
    before = ledger_rows(status, api_status=status)

    assert statuses(reconcile(before, observation(listed(code=code, updated_at=LATER)))) == {A: PENDING}


def test_failed_artifact_can_become_deleted() -> None:
    before = ledger_rows(FAILED, api_status="failed")

    assert statuses(reconcile(before, observation(listed(code="deleted", updated_at=LATER)))) == {A: DELETED}


@pytest.mark.parametrize(
    ("wait", "due"),
    [
        (None, True),
        (timedelta(seconds=-1), True),
        (timedelta(seconds=1), False),
        (timedelta(hours=6), False),
        (timedelta(hours=7), True),
        (timedelta(days=3650), True),
    ],
)
def test_attempt_scheduled_beyond_the_longest_wait_is_due(wait: timedelta | None, due: bool) -> None:
    assert is_due(T0 + wait if wait is not None else None, T0) is due
