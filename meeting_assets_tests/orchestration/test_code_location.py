"""A run gets its code location, and tells when Dagster does not accept the origin."""

from __future__ import annotations

import dagster as dg
import pytest

from meeting_assets.orchestration import code_location
from meeting_assets.orchestration.code_location import LOCATION_TAGS, add_code_location

OMITTED = "Dagster rejected the origin of this run. The timeline omits it."


def added_run(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    return instance.add_run(dg.DagsterRun(job_name="job", run_id=run_id))


@pytest.fixture(autouse=True)
def _new_process() -> None:
    code_location.log_omission.cache_clear()


@pytest.mark.parametrize("error", [TypeError, ValueError, type("DeserializationError", (Exception,), {})])
def test_rejected_origin_is_logged_once(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def reject(_: str) -> None:
        raise error

    monkeypatch.setattr(dg, "deserialize_value", reject)
    with dg.DagsterInstance.ephemeral() as instance:
        for run_id in "one", "other":
            add_code_location(instance, added_run(instance, run_id))
        runs = instance.get_runs(dg.RunsFilter(tags=LOCATION_TAGS))

    assert caplog.messages == [OMITTED]
    assert len(runs) == 2


def test_error_of_the_storage_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise OSError("disk full")

    with dg.DagsterInstance.ephemeral() as instance:
        run = added_run(instance, "one")
        monkeypatch.setattr(instance, "get_run_by_id", fail)

        with pytest.raises(OSError, match="disk full"):
            add_code_location(instance, run)
