"""The ledger's states: what a look at the API makes of a row, and what no look ever does."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meeting_assets.store.states import (
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
    is_due,
    is_fetchable,
    reconcile,
)

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
LATER = T0 + timedelta(minutes=5)
SHA = "5" * 64
A, B, C = "artifact-a", "artifact-b", "artifact-c"


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def sight(artifact_id: str = A, code: str = "done", **more: Any) -> ObservedArtifact:
    return ObservedArtifact(artifact_id, code, **{"updated_at": T0, "created_at": T0} | more)


def look(*sightings: ObservedArtifact, is_finished: bool = True, allows_multiple: bool = False) -> Observation:
    return Observation("recording", "transcript", sightings, is_finished=is_finished, allows_multiple=allows_multiple)


def known(status: str, sha256: str | None = None, artifact_id: str = A, **more: Any) -> dict[str, LedgerRow]:
    """A row of the ledger as earlier looks and fetches have left it."""
    sha256 = sha256 or (SHA if status in STORED else None)
    row = LedgerRow(
        "recording",
        "transcript",
        artifact_id,
        status,
        api_status="done",
        api_updated_at=T0,
        api_created_at=T0,
        raw_key=sha256 and f"key/{sha256}",
        sha256=sha256,
        row_count=7 if status == PARSED else None,
        parser_version="1" if status in {PARSED, QUARANTINED} else None,
    )
    return {artifact_id: replace(row, **more)}


def statuses(rows: Mapping[str, LedgerRow]) -> dict[str, str]:
    return {artifact_id: row.status for artifact_id, row in rows.items()}


# absent


def test_a_finished_recording_without_an_object_has_one_absent_row() -> None:
    rows = reconcile({}, look())

    assert statuses(rows) == {NO_ARTIFACT: ABSENT}
    assert rows[NO_ARTIFACT].recording_id == "recording"


def test_an_unfinished_recording_without_an_object_has_no_row_yet() -> None:
    assert reconcile({}, look(is_finished=False)) == {}


def test_absent_stays_absent_when_the_recording_goes_on() -> None:
    before = reconcile({}, look())

    assert reconcile(before, look(is_finished=False)) == before


def test_an_object_that_appears_takes_the_place_of_absent() -> None:
    rows = reconcile(reconcile({}, look()), look(sight()))

    assert statuses(rows) == {A: PENDING}


def test_a_transcript_without_provider_data_is_absent() -> None:
    assert statuses(reconcile({}, look(sight(exists=False), allows_multiple=True))) == {NO_ARTIFACT: ABSENT}


def test_provider_data_that_was_waited_for_in_vain_is_absent() -> None:
    waiting = reconcile({}, look(sight(code="processing"), allows_multiple=True))

    rows = reconcile(waiting, look(sight(exists=False, updated_at=LATER), allows_multiple=True))

    assert statuses(waiting) == {A: PENDING}
    assert statuses(rows) == {NO_ARTIFACT: ABSENT}


def test_provider_data_of_one_transcript_of_two_is_not_absent() -> None:
    rows = reconcile({}, look(sight(A, exists=False), sight(B), allows_multiple=True))

    assert statuses(rows) == {B: PENDING}


def test_provider_data_that_is_home_stays_when_its_url_goes() -> None:
    before = known(PARSED)

    assert reconcile(before, look(sight(exists=False, updated_at=LATER), allows_multiple=True)) == before


def test_provider_data_whose_url_comes_late_is_fetched() -> None:
    before = reconcile({}, look(sight(exists=False), allows_multiple=True))

    assert statuses(reconcile(before, look(sight(), allows_multiple=True))) == {A: PENDING}


# pending


@pytest.mark.parametrize("code", ["processing", "done", "paused", "something new"])
def test_an_object_is_pending_until_its_bytes_are_home(code: str) -> None:
    rows = reconcile({}, look(sight(code=code, sub_code="why", provider="rev_async")))

    row = rows[A]
    assert (row.status, row.sha256, row.attempts) == (PENDING, None, 0)
    assert (row.api_status, row.sub_code, row.provider) == (code, "why", "rev_async")
    assert (row.api_updated_at, row.api_created_at) == (T0, T0)


def test_failed_attempts_are_remembered_while_nothing_changes_at_the_api() -> None:
    before = known(PENDING, error="503", attempts=3, next_attempt_at=LATER)

    assert reconcile(before, look(sight())) == before


def test_failed_attempts_are_forgotten_when_the_object_changes() -> None:
    before = known(PENDING, error="503", attempts=3, next_attempt_at=LATER)

    row = reconcile(before, look(sight(updated_at=LATER)))[A]

    assert (row.status, row.error, row.attempts, row.next_attempt_at) == (PENDING, None, 0, None)


def test_what_is_not_in_sight_stays_as_it_is() -> None:
    before = known(PENDING) | known(PARSED, artifact_id=B)

    assert reconcile(before, look(allows_multiple=True)) == before


# fetched, parsed, quarantined


@pytest.mark.parametrize("status", sorted(STORED))
def test_what_is_home_stays_while_nothing_changes_at_the_api(status: str) -> None:
    before = known(status, error="[1]: expected int" if status == QUARANTINED else None)

    assert reconcile(before, look(sight())) == before


@pytest.mark.parametrize("status", sorted(STORED))
@pytest.mark.parametrize("code", ["done", "processing"])
def test_what_changes_at_the_api_is_fetched_again_and_kept_until_then(status: str, code: str) -> None:
    before = known(status, error="[1]: expected int")

    row = reconcile(before, look(sight(code=code, updated_at=LATER)))[A]

    assert (row.status, row.error, row.api_updated_at) == (PENDING, None, LATER)
    assert (row.sha256, row.raw_key, row.row_count) == (
        SHA,
        before[A].raw_key,
        before[A].row_count,
    )


def test_an_instant_that_is_gone_is_a_change() -> None:
    assert statuses(reconcile(known(PARSED), look(sight(updated_at=None)))) == {A: PENDING}


def test_an_observation_older_than_the_row_changes_nothing() -> None:
    before = known(PARSED, observed_at=at(2))

    assert reconcile(before, look(sight(code="processing", updated_at=LATER, observed_at=at(1)))) == before


@pytest.mark.parametrize("observed_at", [None, T0], ids=["of-a-former-version", "earlier"])
def test_a_newer_observation_wins_whatever_instant_the_api_states(observed_at: datetime | None) -> None:
    """Two API hosts with different clocks: `processing` at T+2 s, then `done` at T+1 s."""
    second = timedelta(seconds=1)
    before = known(PENDING, api_status="processing", api_updated_at=T0 + 2 * second, observed_at=observed_at)

    row = reconcile(before, look(sight(updated_at=T0 + second, observed_at=at(1))))[A]

    assert (row.status, row.api_status, row.api_updated_at) == (PENDING, "done", T0 + second)
    assert is_fetchable(row, at(1))


def test_bytes_issued_again_with_an_older_instant_are_fetched() -> None:
    rows = reconcile(known(PARSED, observed_at=T0), look(sight(updated_at=at(-5), observed_at=at(1))))

    assert statuses(rows) == {A: PENDING}


def test_an_object_that_a_later_look_did_not_find_does_not_come_back() -> None:
    """Provider data: listed without a URL by the later of two looks, which is recorded first."""
    before = reconcile({}, replace(look(sight(exists=False, observed_at=at(2))), observed_at=at(2)))

    assert reconcile(before, replace(look(sight(observed_at=at(1))), observed_at=at(1))) == before


def test_processing_again_without_another_instant_is_no_change() -> None:
    assert statuses(reconcile(known(PARSED), look(sight(code="processing")))) == {A: PARSED}


@pytest.mark.parametrize("status", sorted(STORED))
@pytest.mark.parametrize("code", ["failed", "deleted"])
def test_what_is_home_survives_its_end_at_the_api(status: str, code: str) -> None:
    before = known(status, error="[1]: expected int")

    row = reconcile(before, look(sight(code=code, sub_code="why", updated_at=LATER)))[A]

    assert row == replace(before[A], api_status=code, sub_code="why", api_updated_at=LATER)


@pytest.mark.parametrize("code", ["failed", "deleted"])
def test_where_newer_bytes_will_not_come_the_ones_at_home_count(code: str) -> None:
    before = known(PENDING, SHA, error="503", attempts=2, next_attempt_at=LATER)

    row = reconcile(before, look(sight(code=code, updated_at=LATER)))[A]

    assert (row.status, row.sha256, row.api_status) == (FETCHED, SHA, code)
    assert (row.error, row.attempts, row.next_attempt_at) == (None, 0, None)


# failed, deleted


@pytest.mark.parametrize("code", ["failed", "deleted"])
def test_what_ends_at_the_api_before_we_have_it_says_so(code: str) -> None:
    fresh = reconcile({}, look(sight(code=code, sub_code="why")))
    waited_for = reconcile(known(PENDING, error="503", attempts=2, next_attempt_at=LATER), look(sight(code=code)))

    assert statuses(fresh) == statuses(waited_for) == {A: code}
    assert fresh[A].sub_code == "why"
    assert (waited_for[A].error, waited_for[A].next_attempt_at) == (None, None)


@pytest.mark.parametrize(("status", "code"), [(FAILED, "done"), (FAILED, "processing"), (DELETED, "done")])
def test_what_comes_back_at_the_api_is_fetched(status: str, code: str) -> None:
    before = known(status, api_status=status)

    assert statuses(reconcile(before, look(sight(code=code, updated_at=LATER)))) == {A: PENDING}


def test_what_has_failed_may_be_deleted() -> None:
    before = known(FAILED, api_status="failed")

    assert statuses(reconcile(before, look(sight(code="deleted", updated_at=LATER)))) == {A: DELETED}


# superseded


def test_of_several_objects_the_newest_is_fetched() -> None:
    rows = reconcile({}, look(sight(A, created_at=at(1)), sight(B, created_at=at(2)), sight(C, created_at=at(0))))

    assert statuses(rows) == {A: SUPERSEDED, B: PENDING, C: SUPERSEDED}


def test_of_transcripts_all_are_fetched() -> None:
    rows = reconcile({}, look(sight(A, created_at=at(1)), sight(B, created_at=at(2)), allows_multiple=True))

    assert statuses(rows) == {A: PENDING, B: PENDING}


def test_objects_of_the_same_instant_are_told_apart_by_their_ids() -> None:
    assert statuses(reconcile({}, look(sight(B), sight(A)))) == {A: SUPERSEDED, B: PENDING}
    assert statuses(reconcile({}, look(sight(B, created_at=None), sight(A, created_at=None)))) == {
        A: SUPERSEDED,
        B: PENDING,
    }


def test_bytes_stay_current_until_newer_ones_are_home() -> None:
    waiting = reconcile(known(PARSED), look(sight(A), sight(B, created_at=LATER)))
    arrived = reconcile(known(PARSED) | known(FETCHED, artifact_id=B, api_created_at=LATER), look())

    assert statuses(waiting) == {A: PARSED, B: PENDING}
    assert statuses(arrived) == {A: SUPERSEDED, B: FETCHED}
    assert arrived[A].sha256 == SHA


def test_an_object_that_changes_while_a_newer_one_waits_is_not_fetched_again() -> None:
    before = known(PARSED) | known(PENDING, artifact_id=B, api_created_at=LATER)

    rows = reconcile(before, look(sight(A, updated_at=LATER), sight(B, created_at=LATER)))

    assert statuses(rows) == {A: FETCHED, B: PENDING}


@pytest.mark.parametrize("code", ["processing", "failed", "deleted"])
def test_a_newer_object_that_is_not_done_supersedes_nothing(code: str) -> None:
    rows = reconcile({}, look(sight(A), sight(B, code, created_at=LATER)))

    assert statuses(rows)[A] == PENDING
    assert statuses(rows)[B] == (PENDING if code == "processing" else code)


@pytest.mark.parametrize("code", ["processing", "failed", "deleted"])
def test_whatever_is_older_than_what_counts_is_superseded(code: str) -> None:
    rows = reconcile({}, look(sight(A, code), sight(B, created_at=LATER)))

    assert statuses(rows) == {A: SUPERSEDED, B: PENDING}


def test_an_older_object_that_is_listed_late_is_superseded_at_once() -> None:
    rows = reconcile(known(PARSED), look(sight(A), sight(B, created_at=at(-5))))

    assert statuses(rows) == {A: PARSED, B: SUPERSEDED}


@pytest.mark.parametrize("code", ["done", "failed", "deleted"])
def test_superseded_is_for_good_while_what_replaced_it_is_there(code: str) -> None:
    before = known(SUPERSEDED, SHA) | known(PARSED, artifact_id=B, api_created_at=LATER)

    rows = reconcile(before, look(sight(A, code, updated_at=LATER)))

    assert statuses(rows) == {A: SUPERSEDED, B: PARSED}


@pytest.mark.parametrize("code", ["failed", "deleted"])
@pytest.mark.parametrize(("sha256", "revived"), [(None, PENDING), (SHA, FETCHED)])
@pytest.mark.parametrize("is_seen", [True, False])
def test_superseded_is_current_again_when_what_was_to_replace_it_will_not_come(
    code: str, sha256: str | None, revived: str, is_seen: bool
) -> None:
    before = known(SUPERSEDED, sha256) | known(PENDING, artifact_id=B, api_created_at=LATER)

    rows = reconcile(before, look(*[sight(A)][: int(is_seen)], sight(B, code, created_at=LATER)))

    assert statuses(rows) == {A: revived, B: code}


def test_superseded_that_will_not_come_either_says_so() -> None:
    before = known(SUPERSEDED, api_status="failed") | known(PENDING, artifact_id=B, api_created_at=LATER)

    rows = reconcile(before, look(sight(B, "deleted", created_at=LATER)))

    assert statuses(rows) == {A: FAILED, B: DELETED}


def test_a_look_that_does_not_tell_an_objects_age_or_provider_does_not_unsay_them() -> None:
    before = known(PARSED, provider="rev_async")

    assert reconcile(before, look(sight(created_at=None))) == before


# laws


class Story:
    """A recording's artifacts of one kind, through looks at the API, fetches and parses in any order."""

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


sightings = st.builds(
    ObservedArtifact,
    st.sampled_from([A, B, C]),
    st.sampled_from(["processing", "done", "done", "failed", "deleted"]),
    updated_at=st.sampled_from([None, at(0), at(1), at(2)]),
    created_at=st.sampled_from([None, at(0), at(1)]),
    exists=st.sampled_from([True, True, False]),
)
looks = st.tuples(
    st.just("look"), st.lists(sightings, max_size=3, unique_by=lambda each: each.artifact_id), st.booleans()
)
fetches = st.tuples(st.just("fetch"), st.sampled_from([A, B, C]), st.sampled_from(["x", "y"]))
parses = st.tuples(st.just("parse"), st.sampled_from([A, B, C]), st.sampled_from([PARSED, QUARANTINED]))


@settings(max_examples=300)
@given(st.booleans(), st.lists(looks | fetches | parses, max_size=12))
def test_whatever_happens_the_ledger_keeps_its_promises(
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
            seen = look(*what, is_finished=how, allows_multiple=allows_multiple)

            story.rows = reconcile(given_rows, seen)

            assert given_rows == before
            assert_bytes_are_kept(before, story.rows)
            assert_all_is_accounted_for(before, story.rows, seen)
            assert reconcile(story.rows, seen) == story.rows
            if not allows_multiple:
                assert_one_is_current(story.rows)
            else:
                assert SUPERSEDED not in statuses(story.rows).values()


clocks = st.sampled_from([None, at(-1), at(0), at(1), at(2)])
"""What the API's hosts state, whose clocks agree neither with each other nor with the order of requests."""
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
def test_the_observation_sent_last_counts_in_whatever_order_they_are_recorded(
    data: st.DataObject, sent: list[ObservedArtifact], allows_multiple: bool, status: str | None
) -> None:
    timed = [replace(each, observed_at=at(10 + number)) for number, each in enumerate(sent)]
    latest = {each.artifact_id: each for each in timed}
    rows = known(status, SHA, observed_at=data.draw(st.sampled_from([None, T0]))) if status else {}
    in_order = apply(rows, timed, allows_multiple=allows_multiple)

    in_any_order = apply(rows, data.draw(st.permutations(timed)), allows_multiple=allows_multiple)

    for artifact_id, last in latest.items():
        row = in_any_order[artifact_id]
        assert (row.api_status, row.api_updated_at) == (last.api_status, last.updated_at)
        assert row.observed_at == last.observed_at
    if not rows:
        # Without bytes at home the API alone decides; with bytes, a change that was seen may be fetched once more.
        ages = {each.artifact_id: each.created_at for each in timed}
        same_age = all(each.created_at == ages[each.artifact_id] for each in timed)
        assert not same_age or statuses(in_any_order) == statuses(in_order)
    for artifact_id, row in in_any_order.items():
        assert row.sha256 == (rows[artifact_id].sha256 if artifact_id in rows else None)


def apply(rows: dict[str, LedgerRow], sent: list[ObservedArtifact], *, allows_multiple: bool) -> dict[str, LedgerRow]:
    """The rows after these observations were recorded, one after the other."""
    for each in sent:
        rows = reconcile(rows, look(each, allows_multiple=allows_multiple))
    return rows


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
def test_an_attempt_further_ahead_than_any_wait_was_noted_by_a_wrong_clock(wait: timedelta | None, due: bool) -> None:
    assert is_due(T0 + wait if wait is not None else None, T0) is due


def assert_bytes_are_kept(before: Mapping[str, LedgerRow], after: Mapping[str, LedgerRow]) -> None:
    for artifact_id, row in before.items():
        if row.sha256 is not None:
            assert after[artifact_id].sha256 == row.sha256
            assert after[artifact_id].status in {*STORED, PENDING, SUPERSEDED}


def assert_all_is_accounted_for(
    before: Mapping[str, LedgerRow], after: Mapping[str, LedgerRow], seen: Observation
) -> None:
    listed = {each.artifact_id for each in seen.artifacts if each.exists}
    gone = {each.artifact_id for each in seen.artifacts if not each.exists}
    assert after.keys() - {NO_ARTIFACT} >= listed | (before.keys() - gone - {NO_ARTIFACT})
    assert (NO_ARTIFACT in after) <= (len(after) == 1)
    assert after or not seen.is_finished
    for row in after.values():
        if row.status in STORED:
            assert row.sha256 is not None
        if row.status in {ABSENT, FAILED, DELETED}:
            assert row.sha256 is None


def assert_one_is_current(rows: Mapping[str, LedgerRow]) -> None:
    home = [row for row in rows.values() if row.sha256 is not None and row.status != SUPERSEDED]
    assert len(home) == any(row.sha256 is not None for row in rows.values())
    fetchable = [row for row in rows.values() if row.status == PENDING and row.api_status == "done"]
    assert len(fetchable) <= 1
