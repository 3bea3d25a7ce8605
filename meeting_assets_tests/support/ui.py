"""What a person sees and does in Dagster's UI, over the GraphQL that the UI itself speaks (`ui.graphql`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx

from meeting_assets.orchestration.assets.raw import STEP
from meeting_assets.orchestration.runs import JOB

LOCATION = "meeting_assets"
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": LOCATION}
DOCUMENT = Path(__file__).with_name("ui.graphql").read_text()
PARTITION = "dagster/partition"
ENDED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
BACKFILL_ENDED = frozenset({"COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "CANCELED", "FAILED"})
LAST_WORDS = 12
ANSWER_S = 90.0
POLL_S = 0.8
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the list of runs shows it."""

    run_id: str
    status: str
    tags: Mapping[str, str]
    config: Mapping[str, Any]
    created_s: float
    started_s: float | None
    ended_s: float | None

    @property
    def day(self) -> str | None:
        return self.tags.get(PARTITION)

    @property
    def recording_ids(self) -> list[str]:
        """What the run is restricted to."""
        return list(self.config.get("ops", {}).get(STEP, {}).get("config", {}).get("recording_ids", []))

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Materialization:
    """One event of an asset's page."""

    run_id: str
    partition: str | None
    at_s: float
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """The last evaluation of a check; `status` is None where there was none."""

    asset: str
    name: str
    status: str | None
    description: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tick:
    """One look of a sensor."""

    at_s: float
    status: str
    run_ids: Sequence[str]
    skip_reason: str | None
    error: str | None


def until(look: Callable[[], Found], what: str, *, within_s: float, every_s: float = POLL_S) -> Found:
    """The first truthy thing that `look` finds, asked for again and again."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(every_s)
    return found


class Ui:
    """One webserver's GraphQL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=ANSWER_S)

    def close(self) -> None:
        self._client.close()

    def is_ready(self) -> bool:
        """Whether the definitions are loaded and every daemon thread has sent a heartbeat."""
        try:
            health = self._ask("Health", repository=REPOSITORY)
        except httpx.TransportError:
            return False
        daemons = health["instance"]["daemonHealth"]["allDaemonStatuses"]
        is_loaded = health["repositoryOrError"]["__typename"] == "Repository"
        return is_loaded and all(each["healthy"] for each in daemons if each["required"])

    def assets(self) -> list[str]:
        """Every asset."""
        return ["/".join(node["assetKey"]["path"]) for node in self._ask("Checks")["assetNodes"]]

    def runs(self, *, day: date | None = None, limit: int = 500) -> list[Run]:
        """The runs, the newest first."""
        tags = [{"key": PARTITION, "value": day.isoformat()}] if day else []
        answer = _good(self._ask("Runs", filter={"tags": tags}, limit=limit), "Runs")
        return [_run(each) for each in answer["results"]]

    def run(self, run_id: str) -> Run:
        answer = _good(self._ask("Runs", filter={"runIds": [run_id]}, limit=1), "Runs")
        return _run(answer["results"][0])

    def messages(self, run_id: str) -> list[str]:
        """What a run's log says, errors included."""
        events = _good(self._ask("Events", id=run_id), "EventConnection")["events"]
        errors = [(each["error"]["cause"] or each["error"])["message"] for each in events if each.get("error")]
        return [*(each["message"] for each in events if each.get("message")), *errors]

    def materializations(self, asset: str, *, day: date | None = None) -> list[Materialization]:
        """The events of an asset (`raw/transcript`), the newest first."""
        partitions = [day.isoformat()] if day else None
        answer = self._ask("Materializations", key={"path": asset.split("/")}, partitions=partitions)
        events = next(iter(answer.values())).get("assetMaterializations", [])
        return [
            Materialization(each["runId"], each["partition"], float(each["timestamp"]) / 1000, _metadata(each))
            for each in events
        ]

    def checks(self) -> list[Check]:
        """Every check with its last evaluation."""
        found: list[Check] = []
        for node in self._ask("Checks")["assetNodes"]:
            for check in node["assetChecksOrError"].get("checks", []):
                last = check["executionForLatestMaterialization"] or {}
                evaluation = last.get("evaluation") or {}
                found.append(
                    Check(
                        asset="/".join(node["assetKey"]["path"]),
                        name=check["name"],
                        status=last.get("status"),
                        description=evaluation.get("description") or "",
                        metadata=_metadata(evaluation) if evaluation else {},
                    )
                )
        return found

    def ticks(self, sensor: str) -> list[Tick]:
        """What a sensor did lately, the newest first."""
        ticks = self._sensor(sensor)["sensorState"]["ticks"]
        return [
            Tick(
                each["timestamp"],
                each["status"],
                each["runIds"],
                each["skipReason"],
                each["error"]["message"] if each["error"] else None,
            )
            for each in ticks
        ]

    def backfill(self, assets: Sequence[str], days: Sequence[date]) -> str:
        """Launches a backfill, as `Materialize` does with more than one partition; its id."""
        params = {
            "assetSelection": [{"path": each.split("/")} for each in assets],
            "partitionNames": [day.isoformat() for day in days],
            "tags": [],
        }
        return str(_good(self._ask("Backfill", params=params), "LaunchBackfillSuccess")["backfillId"])

    def launch(self, day: date, *, recording_ids: Sequence[str] = (), refetch: bool = False) -> str:
        """Launches the job for a day, as the launchpad does; the run's id."""
        config = {"ops": {STEP: {"config": {"recording_ids": [*recording_ids], "refetch": refetch}}}}
        (run_id,) = self._launched([_params(JOB, config, {PARTITION: day.isoformat()})])
        return run_id

    def evaluate_schedule(self, schedule: str) -> list[str]:
        """Lets a schedule tick now and launches what it asks for (`Test schedule`, `Launch all`); the runs' ids."""
        selector = REPOSITORY | {"scheduleName": schedule}
        job = _good(self._ask("Schedule", selector=selector), "Schedule")["pipelineName"]
        answer = _good(self._ask("TestSchedule", selector=selector, at_s=time.time()), "DryRunInstigationTick")
        result = answer["evaluationResult"]
        assert result["error"] is None, result["error"]
        return self._launched(
            [
                _params(
                    each["jobName"] or job,
                    each["runConfigYaml"],
                    {tag["key"]: tag["value"] for tag in each["tags"]},
                )
                for each in result["runRequests"] or []
            ]
        )

    def start_sensor(self, sensor: str) -> None:
        _good(self._ask("StartSensor", selector=REPOSITORY | {"sensorName": sensor}), "Sensor")

    def stop_sensor(self, sensor: str) -> None:
        _good(self._ask("StopSensor", id=self._sensor(sensor)["id"]), "StopSensorMutationResult")

    def wait_for_run(self, run_id: str, *, within_s: float = 60) -> Run:
        """Waits for the end of a run, successful or not."""
        until(lambda: self.run(run_id).has_ended, f"the end of run {run_id}", within_s=within_s)
        return self.run(run_id)

    def wait_for_success(self, run_id: str, *, within_s: float = 60) -> Run:
        """The run when it has come to a good end; its last words if that was no good one."""
        run = self.wait_for_run(run_id, within_s=within_s)
        assert run.status == "SUCCESS", "\n".join([run.status, *self.messages(run_id)[-LAST_WORDS:]])
        return run

    def wait_for_backfill(self, backfill_id: str, *, within_s: float) -> str:
        """How a backfill ended."""

        def status() -> str:
            return str(_good(self._ask("BackfillState", id=backfill_id), "PartitionBackfill")["status"])

        until(lambda: status() in BACKFILL_ENDED, "the backfill's end", within_s=within_s)
        return status()

    def _sensor(self, name: str) -> dict[str, Any]:
        return _good(self._ask("Sensor", selector=REPOSITORY | {"sensorName": name}), "Sensor")

    def _launched(self, params: Sequence[Mapping[str, Any]]) -> list[str]:
        answer = _good(self._ask("Launch", list=[*params]), "LaunchMultipleRunsResult")
        launched = [_good({"": each}, "LaunchRunSuccess") for each in answer["launchMultipleRunsResult"]]
        return [each["run"]["runId"] for each in launched]

    def _ask(self, operation: str, **variables: Any) -> dict[str, Any]:
        body = {"query": DOCUMENT, "operationName": operation, "variables": variables}
        answer = self._client.post("/graphql", json=body).json()
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data


def _good(answer: Mapping[str, Any], typename: str) -> dict[str, Any]:
    """The one thing in an answer, which is of this type, or the sentence in its place."""
    (thing,) = answer.values()
    assert thing["__typename"] == typename, thing
    return dict(thing)


def _params(job: str, config: Any, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "selector": REPOSITORY | {"jobName": job},
        "mode": "default",
        "runConfigData": config,
        "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
    }


def _run(answer: Mapping[str, Any]) -> Run:
    return Run(
        answer["runId"],
        answer["status"],
        {tag["key"]: tag["value"] for tag in answer["tags"]},
        answer["runConfig"] or {},
        answer["creationTime"],
        answer["startTime"],
        answer["endTime"],
    )


def _metadata(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event's metadata by label; tables as their rows."""
    found: dict[str, Any] = {}
    for entry in event["metadataEntries"]:
        values = [value for name, value in entry.items() if name != "label"]
        found[entry["label"]] = values[0] if values else None
    return found
