"""Runs that died: their process is gone, and nobody has told Dagster.

Dagster's default launcher does not watch the processes it starts: a killed run stays STARTED and holds its day until
`dagster/max_runtime` is over. So every run writes down which process it is, and whoever looks at the runs of its own
host can tell which of them are dead.
"""

import os
import socket

import dagster as dg
import psutil

PROCESS = "meeting_assets/process"
DEATH = "The process of this run is gone: it was killed, or its machine went down. What it had done is kept."
# When a process started is counted from the boot, and moves with the host's clock.
CLOCK_MAY_MOVE_S = 60.0


def process_tag(run_id: str) -> dict[str, str]:
    """The tag that says which process does a run.

    It names the run, because a retry of a dead run inherits its tags.
    """
    started_s = psutil.Process().create_time()
    return {PROCESS: f"{run_id} {socket.gethostname()} {os.getpid()} {started_s:.2f}"}


def dead_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs in progress that a process of this host did, and that is gone."""
    started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    return [run for run in started if _is_dead(run)]


def fail_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fails the dead runs, so that they hold no day any longer; their ids."""
    dead = dead_runs(instance)
    for run in dead:
        instance.report_run_failed(run, DEATH)
    return [run.run_id for run in dead]


def _is_dead(run: dg.DagsterRun) -> bool:
    run_id, host, pid, started_s = [*run.tags.get(PROCESS, "").split(), *[""] * 4][:4]
    return run_id == run.run_id and host == socket.gethostname() and not _is_alive(pid, started_s)


def _is_alive(pid: str, started_s: str) -> bool:
    """Whether that very process still runs, and is no corpse that waits for its parent; its number may be reused."""
    try:
        process = psutil.Process(int(pid))
        is_same = abs(process.create_time() - float(started_s)) < CLOCK_MAY_MOVE_S
        return is_same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except ValueError:
        return True  # a tag that somebody else wrote says nothing


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs whose process is gone, so that they hold their day for half a minute and no longer.",
)
def dead_runs_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """The sensor that buries dead runs; it starts none."""
    failed = fail_dead_runs(context.instance)
    return dg.SkipReason(f"Failed {', '.join(failed)}: gone." if failed else "Every run in progress is alive.")
