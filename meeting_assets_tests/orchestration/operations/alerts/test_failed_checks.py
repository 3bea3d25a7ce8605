"""A check is reported when it starts and when it stops failing."""

from __future__ import annotations

import dagster as dg
import pytest

from meeting_assets.orchestration.operations.alerts import failed_checks
from meeting_assets.sandbox import Sandbox
from meeting_assets_tests.support.alerts import DAY, OTHER_DAY, Receiver, Watch, fail
from meeting_assets_tests.support.runs import run_successfully

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
]


def test_check_is_reported_when_it_starts_and_stops_failing(
    sandbox: Sandbox, defs: dg.Definitions, checks: Watch, receiver: Receiver
) -> None:
    recording = sandbox.world.recordings[0]
    transcript = recording.of("transcript")[0]
    whole = sandbox.payload(transcript.id, "transcript")
    run_successfully(defs, [DAY])
    checks.tick()
    assert receiver.documents == []

    sandbox.reissue(transcript.id, {"transcript": b'{"poison": 1}'})
    first_failed = run_successfully(defs, [DAY]).run_id
    checks.tick()
    run_successfully(defs, [OTHER_DAY])
    checks.tick()
    sandbox.reissue(transcript.id, {"transcript": whole})
    passed = run_successfully(defs, [DAY]).run_id
    checks.tick()
    run_successfully(defs, [DAY])
    checks.tick()

    failed_document, passed_document = receiver.documents
    assert failed_document["kind"] == "check_failed"
    assert failed_document["run_id"] == first_failed
    assert failed_document["recordings"] == [recording.id]
    assert failed_document["days"] == [DAY.isoformat()]
    (check,) = failed_document["checks"]
    assert "quarantined" in check
    assert failed_document["text"].startswith(f"Check fails: {check} of transcript")
    assert f"violations: 1. Recordings, newest first: {recording.id}. Rule: Every fetched " in failed_document["text"]
    assert passed_document["kind"] == "check_passed"
    assert passed_document["run_id"] == passed
    assert passed_document["checks"] == [check]
    assert passed_document["text"].startswith(f"Check passes again: {check} of transcript")


def test_run_that_dies_before_its_checks_changes_no_outcome(
    sandbox: Sandbox, defs: dg.Definitions, checks: Watch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcript = sandbox.world.recordings[0].of("transcript")[0]
    sandbox.reissue(transcript.id, {"transcript": b'{"poison": 1}'})
    run_successfully(defs, [DAY])
    checks.tick()

    fail(defs, monkeypatch)
    checks.tick()
    fresh = Watch(failed_checks(), defs)
    fresh.tick()

    assert [document["kind"] for document in receiver.documents] == ["check_failed"] * 2
