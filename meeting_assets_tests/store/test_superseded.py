"""The current one of several objects of a kind, and the superseded ones."""

from __future__ import annotations

import pytest

from meeting_assets.store.ledger_states import (
    DELETED,
    FAILED,
    FETCHED,
    PARSED,
    PENDING,
    SUPERSEDED,
    reconcile,
)
from meeting_assets_tests.support.ledger_states import (
    LATER,
    SHA,
    A,
    B,
    C,
    at,
    ledger_rows,
    listed,
    observation,
    statuses,
)


def test_newest_of_several_objects_is_fetched() -> None:
    rows = reconcile(
        {}, observation(listed(A, created_at=at(1)), listed(B, created_at=at(2)), listed(C, created_at=at(0)))
    )

    assert statuses(rows) == {A: SUPERSEDED, B: PENDING, C: SUPERSEDED}


def test_all_transcripts_of_a_recording_are_fetched() -> None:
    rows = reconcile({}, observation(listed(A, created_at=at(1)), listed(B, created_at=at(2)), allows_multiple=True))

    assert statuses(rows) == {A: PENDING, B: PENDING}


def test_objects_created_at_the_same_time_are_ordered_by_id() -> None:
    assert statuses(reconcile({}, observation(listed(B), listed(A)))) == {A: SUPERSEDED, B: PENDING}
    assert statuses(reconcile({}, observation(listed(B, created_at=None), listed(A, created_at=None)))) == {
        A: SUPERSEDED,
        B: PENDING,
    }


def test_bytes_stay_current_until_newer_bytes_are_stored() -> None:
    waiting = reconcile(ledger_rows(PARSED), observation(listed(A), listed(B, created_at=LATER)))
    arrived = reconcile(ledger_rows(PARSED) | ledger_rows(FETCHED, artifact_id=B, api_created_at=LATER), observation())

    assert statuses(waiting) == {A: PARSED, B: PENDING}
    assert statuses(arrived) == {A: SUPERSEDED, B: FETCHED}
    assert arrived[A].sha256 == SHA


def test_older_object_that_changes_while_a_newer_one_is_pending_is_not_fetched_again() -> None:
    before = ledger_rows(PARSED) | ledger_rows(PENDING, artifact_id=B, api_created_at=LATER)

    rows = reconcile(before, observation(listed(A, updated_at=LATER), listed(B, created_at=LATER)))

    assert statuses(rows) == {A: FETCHED, B: PENDING}


@pytest.mark.parametrize("code", ["processing", "failed", "deleted"])
def test_newer_object_that_is_not_done_supersedes_nothing(code: str) -> None:
    rows = reconcile({}, observation(listed(A), listed(B, code, created_at=LATER)))

    assert statuses(rows)[A] == PENDING
    assert statuses(rows)[B] == (PENDING if code == "processing" else code)


@pytest.mark.parametrize("code", ["processing", "failed", "deleted"])
def test_older_object_is_superseded_in_any_status(code: str) -> None:
    rows = reconcile({}, observation(listed(A, code), listed(B, created_at=LATER)))

    assert statuses(rows) == {A: SUPERSEDED, B: PENDING}


def test_older_object_that_is_listed_late_is_superseded_immediately() -> None:
    rows = reconcile(ledger_rows(PARSED), observation(listed(A), listed(B, created_at=at(-5))))

    assert statuses(rows) == {A: PARSED, B: SUPERSEDED}


@pytest.mark.parametrize("code", ["done", "failed", "deleted"])
def test_superseded_object_stays_superseded_while_the_newer_object_exists(code: str) -> None:
    before = ledger_rows(SUPERSEDED, SHA) | ledger_rows(PARSED, artifact_id=B, api_created_at=LATER)

    rows = reconcile(before, observation(listed(A, code, updated_at=LATER)))

    assert statuses(rows) == {A: SUPERSEDED, B: PARSED}


@pytest.mark.parametrize("code", ["failed", "deleted"])
@pytest.mark.parametrize(("sha256", "revived"), [(None, PENDING), (SHA, FETCHED)])
@pytest.mark.parametrize("is_seen", [True, False])
def test_superseded_object_becomes_current_again_when_the_newer_one_never_arrives(
    code: str, sha256: str | None, revived: str, is_seen: bool
) -> None:
    before = ledger_rows(SUPERSEDED, sha256) | ledger_rows(PENDING, artifact_id=B, api_created_at=LATER)

    rows = reconcile(before, observation(*[listed(A)][: int(is_seen)], listed(B, code, created_at=LATER)))

    assert statuses(rows) == {A: revived, B: code}


def test_superseded_object_that_ended_at_the_api_gets_that_status_when_it_becomes_current() -> None:
    before = ledger_rows(SUPERSEDED, api_status="failed") | ledger_rows(PENDING, artifact_id=B, api_created_at=LATER)

    rows = reconcile(before, observation(listed(B, "deleted", created_at=LATER)))

    assert statuses(rows) == {A: FAILED, B: DELETED}


def test_observation_without_creation_time_or_provider_keeps_the_recorded_values() -> None:
    before = ledger_rows(PARSED, provider="rev_async")

    assert reconcile(before, observation(listed(created_at=None))) == before
