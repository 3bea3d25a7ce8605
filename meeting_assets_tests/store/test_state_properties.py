"""Invariants of the ledger under any sequence of observations, fetches and parses."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

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
    SUPERSEDED,
    LedgerRow,
    Observation,
    ObservedArtifact,
    reconcile,
)
from meeting_assets_tests.support.ledger_states import (
    SHA,
    T0,
    A,
    B,
    C,
    at,
    ledger_rows,
    observation,
    statuses,
)


class Story:
    """The artifacts of one recording and kind, under observations, fetches and parses in any order."""

    def __init__(self, *, allows_multiple: bool) -> None:
        self.allows_multiple = allows_multiple
        self.rows: dict[str, LedgerRow] = {}

    def fetch(self, artifact_id: str, sha256: str) -> None:
        row = self.rows.get(artifact_id)
        if row is None or row.status != PENDING or row.api_status != "done":
            return
        self.rows[artifact_id] = replace(row, status=FETCHED, sha256=sha256)

    def parse(self, artifact_id: str, status: str) -> None:
        row = self.rows.get(artifact_id)
        if row is not None and row.status == FETCHED:
            self.rows[artifact_id] = replace(row, status=status)


artifacts = st.builds(
    ObservedArtifact,
    st.sampled_from([A, B, C]),
    st.sampled_from(["processing", "done", "done", "failed", "deleted"]),
    updated_at=st.sampled_from([None, at(0), at(1), at(2)]),
    created_at=st.sampled_from([None, at(0), at(1)]),
    exists=st.sampled_from([True, True, False]),
)
listings = st.tuples(
    st.just("listing"), st.lists(artifacts, max_size=3, unique_by=lambda each: each.artifact_id), st.booleans()
)
fetches = st.tuples(st.just("fetch"), st.sampled_from([A, B, C]), st.sampled_from(["x", "y"]))
parses = st.tuples(st.just("parse"), st.sampled_from([A, B, C]), st.sampled_from([PARSED, QUARANTINED]))


@settings(max_examples=300)
@given(st.booleans(), st.lists(listings | fetches | parses, max_size=12))
def test_any_sequence_of_observations_fetches_and_parses_keeps_the_invariants(
    allows_multiple: bool, steps: list[tuple[str, Any, Any]]
) -> None:
    story = Story(allows_multiple=allows_multiple)
    for step, what, how in steps:
        if step == "fetch":
            story.fetch(what, how)
        elif step == "parse":
            story.parse(what, how)
        else:
            given_rows, before = story.rows, deepcopy(story.rows)
            seen = observation(*what, is_finished=how, allows_multiple=allows_multiple)

            story.rows = reconcile(given_rows, seen)

            assert given_rows == before
            assert_bytes_are_kept(before, story.rows)
            assert_listed_artifacts_have_rows(before, story.rows, seen)
            assert reconcile(story.rows, seen) == story.rows
            if not allows_multiple:
                assert_one_is_current(story.rows)
            else:
                assert SUPERSEDED not in statuses(story.rows).values()


clocks = st.sampled_from([None, at(-1), at(0), at(1), at(2)])
"""Instants of API hosts whose clocks agree neither with each other nor with the order of requests."""
observations = st.lists(
    st.builds(
        ObservedArtifact,
        st.sampled_from([A, B]),
        st.sampled_from(["processing", "done", "failed", "deleted"]),
        updated_at=clocks,
        created_at=st.sampled_from([at(0), at(1)]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=300)
@given(st.data(), observations, st.booleans(), st.sampled_from([None, PARSED, PENDING]))
def test_observation_requested_last_wins_in_any_order_of_recording(
    data: st.DataObject, sent: list[ObservedArtifact], allows_multiple: bool, status: str | None
) -> None:
    timed = [replace(each, observed_at=at(10 + number)) for number, each in enumerate(sent)]
    latest = {each.artifact_id: each for each in timed}
    rows = ledger_rows(status, SHA, observed_at=data.draw(st.sampled_from([None, T0]))) if status else {}
    in_order = apply(rows, timed, allows_multiple=allows_multiple)

    in_any_order = apply(rows, data.draw(st.permutations(timed)), allows_multiple=allows_multiple)

    for artifact_id, last in latest.items():
        row = in_any_order[artifact_id]
        assert (row.api_status, row.api_updated_at) == (last.api_status, last.updated_at)
        assert row.observed_at == last.observed_at
    if not rows:
        # Without stored bytes the API alone decides. With stored bytes, an observed change may cause one more fetch.
        ages = {each.artifact_id: each.created_at for each in timed}
        same_age = all(each.created_at == ages[each.artifact_id] for each in timed)
        assert not same_age or statuses(in_any_order) == statuses(in_order)
    for artifact_id, row in in_any_order.items():
        assert row.sha256 == (rows[artifact_id].sha256 if artifact_id in rows else None)


def apply(rows: dict[str, LedgerRow], sent: list[ObservedArtifact], *, allows_multiple: bool) -> dict[str, LedgerRow]:
    """The rows after recording observations one by one."""
    for each in sent:
        rows = reconcile(rows, observation(each, allows_multiple=allows_multiple))
    return rows


def assert_bytes_are_kept(before: Mapping[str, LedgerRow], after: Mapping[str, LedgerRow]) -> None:
    for artifact_id, row in before.items():
        if row.sha256 is not None:
            assert after[artifact_id].sha256 == row.sha256
            assert after[artifact_id].status in {*STORED, PENDING, SUPERSEDED}


def assert_listed_artifacts_have_rows(
    before: Mapping[str, LedgerRow], after: Mapping[str, LedgerRow], seen: Observation
) -> None:
    listed = {each.artifact_id for each in seen.artifacts if each.exists}
    missing = {each.artifact_id for each in seen.artifacts if not each.exists}
    assert after.keys() - {NO_ARTIFACT} >= listed | (before.keys() - missing - {NO_ARTIFACT})
    assert (NO_ARTIFACT in after) <= (len(after) == 1)
    assert after or not seen.is_finished
    for row in after.values():
        if row.status in STORED:
            assert row.sha256 is not None
        if row.status in {ABSENT, FAILED, DELETED}:
            assert row.sha256 is None


def assert_one_is_current(rows: Mapping[str, LedgerRow]) -> None:
    current = [row for row in rows.values() if row.sha256 is not None and row.status != SUPERSEDED]
    assert len(current) == any(row.sha256 is not None for row in rows.values())
    fetchable = [row for row in rows.values() if row.status == PENDING and row.api_status == "done"]
    assert len(fetchable) <= 1
