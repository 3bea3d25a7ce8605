"""Diagnostics of a deployment: the dependencies of a run, Dagster's home, its daemon and orphaned runs."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Any

import dagster as dg
import yaml  # type: ignore[import-untyped]

from meeting_assets.core.errors import SettingsError, StoreError, StoreRefused
from meeting_assets.core.instants import now
from meeting_assets.health.diagnostics.api import diagnose_api
from meeting_assets.health.diagnostics.database import diagnose_database
from meeting_assets.health.diagnostics.publications import PUBLICATIONS, diagnose_publications
from meeting_assets.health.diagnostics.raw_store import RAW_OBJECTS, diagnose_raw_objects, diagnose_raw_store
from meeting_assets.health.diagnostics.report import Diagnostics, HealthCheck, Severity, diagnose, shown_size
from meeting_assets.health.diagnostics.settings import effective_settings
from meeting_assets.orchestration.home import (
    CONFIG,
    names_removed_storage,
    prepare_home,
    removed_storage_sentence,
    shipped,
)
from meeting_assets.orchestration.operations.orphaned_runs import fail_orphaned_runs, unknown_sentence
from meeting_assets.orchestration.operations.storage_probe import probe_storage
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.pipeline.storage import open_raw_store
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.database import Database
from meeting_assets.store.database_id import mismatch

HOME = "Dagster home"
# Dagster creates these on first use: with a wrong one, the daemon looks healthy and every run fails.
LAZY_PARTS = ("run_launcher", "run_coordinator", "event_log_storage", "run_storage", "schedule_storage", "scheduler")
# Daemon threads send a heartbeat every 30 s, but not while they work.
MAX_SILENCE_S = 120.0
SAFE_PREFIX = "Failure condition: Couldn't "


def diagnostics() -> Diagnostics:
    """Diagnostics of the deployment that the environment describes."""
    try:
        settings = read_settings()
    except SettingsError as error:
        return Diagnostics([], iter([HealthCheck("settings", Severity.ERROR, str(error))]))
    return Diagnostics(effective_settings(settings), run_diagnostics(settings))


def run_diagnostics(settings: Settings) -> Iterator[HealthCheck]:
    """Yields each health check as soon as it is known. Orphaned runs are failed."""
    yield from diagnose("API", diagnose_api(settings))
    yield from diagnose("database", diagnose_database(settings))
    yield from diagnose("raw store", diagnose_raw_store(settings))
    yield from diagnose("raw store", _of_ids(settings))
    yield from diagnose(RAW_OBJECTS, diagnose_raw_objects(settings))
    yield from diagnose(PUBLICATIONS, diagnose_publications(settings))
    yield from diagnose(HOME, of_dagster(settings))


def _of_ids(settings: Settings) -> Iterator[HealthCheck]:
    """Checks that database and raw store belong together. Earlier checks report a store that cannot be used."""
    try:
        database, raw = (
            Database.at(settings.database_url, settings.database_schema, is_read_only=True),
            open_raw_store(settings),
        )
    except StoreError:
        return
    with closing(database):
        if (sentence := mismatch(database, raw)) is not None:
            yield HealthCheck("raw store", Severity.ERROR, sentence, StoreRefused)


def of_dagster(settings: Settings) -> Iterator[HealthCheck]:
    """Checks Dagster's home, storage, daemon and runs."""
    given, home = settings.dagster_home_override, settings.dagster_home
    if given is not None and not given.is_absolute():
        sentence = f"DAGSTER_HOME is not an absolute path, and Dagster's own commands reject it. Set it to {home}."
        yield HealthCheck(HOME, Severity.WARNING, sentence)
    if not home.is_dir():
        yield _missing_home(settings)
        return
    faults = [*_config_findings(home / CONFIG)]
    yield from faults
    if any(each.severity is Severity.ERROR for each in faults):
        return
    prepare_home(settings)
    yield from _instance_findings(home, settings)


def _missing_home(settings: Settings) -> HealthCheck:
    creates_it = "`meeting-assets sync` or `meeting-assets dev` creates it"
    if settings.dagster_home_override is None:
        return HealthCheck(HOME, Severity.WARNING, f"There is no {settings.dagster_home} yet; {creates_it}.")
    sentence = f"DAGSTER_HOME names {settings.dagster_home}, which does not exist. Correct it, or {creates_it}."
    return HealthCheck(HOME, Severity.ERROR, sentence)


def _config_findings(path: Path) -> Iterator[HealthCheck]:
    """Checks dagster.yaml before Dagster reads it."""
    if not path.exists():
        yield HealthCheck(HOME, Severity.WARNING, f"{path} did not exist; the shipped file was copied there.")
        return
    fix = "Correct it, or remove it and run `meeting-assets doctor` to copy the shipped file"
    try:
        config = yaml.safe_load(path.read_text()) or {}
    except (OSError, UnicodeDecodeError) as error:
        yield HealthCheck(HOME, Severity.ERROR, f"{path} cannot be read ({type(error).__name__}). {fix}.")
        return
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        location = f" in line {mark.line + 1}" if mark else ""
        yield HealthCheck(HOME, Severity.ERROR, f"{path} is not valid YAML{location}. {fix}.")
        return
    if not isinstance(config, dict):
        yield HealthCheck(HOME, Severity.ERROR, f"{path} is not a mapping of settings. {fix}.")
        return
    if names_removed_storage(path.parent):
        yield HealthCheck(HOME, Severity.ERROR, removed_storage_sentence(path.parent))
        return
    missing = [*_missing_keys(yaml.safe_load(shipped(CONFIG).read_text()), config)]
    if missing:
        sentence = f"{path} lacks these settings of the shipped file, so Dagster's defaults hold: {', '.join(missing)}."
        yield HealthCheck(HOME, Severity.WARNING, sentence)


def _missing_keys(expected: Mapping[str, Any], present: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The dotted keys of one YAML document that another lacks; of a missing branch only its root."""
    for key, value in expected.items():
        if key not in present:
            yield f"{above}{key}"
        elif isinstance(value, dict) and isinstance(present[key], dict):
            yield from _missing_keys(value, present[key], f"{above}{key}.")


def _instance_findings(home: Path, settings: Settings) -> Iterator[HealthCheck]:
    try:
        with dagster_instance() as instance:
            faults = [*_part_findings(instance)]
            yield from faults
            yield from diagnose(HOME, _of_home(instance, home))
            if not faults:
                yield from diagnose("events", _of_events(instance))
                yield from diagnose("daemon", _of_daemon(instance, home))
            yield from diagnose("runs", _of_orphaned_runs(instance, settings))
    except SettingsError as error:
        yield HealthCheck(HOME, Severity.ERROR, str(error))
    except Exception as error:  # noqa: BLE001 - Dagster's own classes are not all public, and dagster.yaml names others
        sentence = f"Dagster cannot use {home / CONFIG}: {_fault(error)}. Correct it there."
        yield HealthCheck(HOME, Severity.ERROR, sentence)


def _part_findings(instance: dg.DagsterInstance) -> Iterator[HealthCheck]:
    """Checks the parts of dagster.yaml that Dagster loads on first use."""
    for part in LAZY_PARTS:
        try:
            getattr(instance, part)
        except Exception as error:  # noqa: BLE001 - classes of other packages may raise any error
            sentence = f"{part} of {CONFIG} cannot be used: {_fault(error)}. Correct it there."
            yield HealthCheck(HOME, Severity.ERROR, sentence)


def _fault(error: Exception) -> str:
    """A description of an error that is known to contain no secret; else its class."""
    text = str(error)
    if text.startswith(SAFE_PREFIX):
        return "c" + text.removeprefix("Failure condition: C").partition(" when ")[0]
    return _config_fault(error) if isinstance(error, dg.DagsterInvalidConfigError) else type(error).__name__


def _config_fault(error: dg.DagsterInvalidConfigError) -> str:
    """The invalid keys. Dagster's own text quotes their values, which may be secrets."""
    faults = [_key_fault(each) for each in error.errors]
    return "; ".join(faults) or "its keys contradict each other"


def _key_fault(fault: Any) -> str:
    path = ".".join(str(entry.field_name) for entry in fault.stack.entries if hasattr(entry, "field_name"))
    key = getattr(fault.error_data, "field_name", None)
    keys = [key] if key else getattr(fault.error_data, "field_names", [])
    location = ", ".join(".".join(filter(None, (path, each))) for each in keys) or path or "its root"
    return f"{location} ({fault.reason.value.lower().replace('_', ' ')})"


def _of_home(instance: dg.DagsterInstance, home: Path) -> Iterator[HealthCheck]:
    size_bytes = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    runs = instance.get_runs_count()
    yield HealthCheck(HOME, Severity.OK, f"{home} contains {shown_size(size_bytes)} and {runs} runs.")


def _of_events(instance: dg.DagsterInstance) -> Iterator[HealthCheck]:
    probe_storage(instance)
    yield HealthCheck("events", Severity.OK, "Dagster's storage accepts runs and events; the probe run was deleted.")


def _of_daemon(instance: dg.DagsterInstance, home: Path) -> Iterator[HealthCheck]:
    start = f"`DAGSTER_HOME={home} dagster-daemon run -m meeting_assets.definitions`, or `meeting-assets dev`"
    silent = {name: age_s for name, age_s in _silences_s(instance).items() if age_s > MAX_SILENCE_S}
    if not silent:
        yield HealthCheck("daemon", Severity.OK, "It runs: sensors, schedules and queued runs are active.")
        return
    if len(silent) < len(instance.get_required_daemon_types()):
        parts = ", ".join(sorted(name.lower() for name in silent))
        sentence = f"It runs, but these threads do not report: {parts}. Stop it and start {start}."
    else:
        since = "" if min(silent.values()) == inf else f" since {timedelta(seconds=round(min(silent.values())))}"
        sentence = f"It does not run{since}, so no sensor, schedule or queued run starts. Start {start}."
    yield HealthCheck("daemon", Severity.WARNING, sentence)


def _silences_s(instance: dg.DagsterInstance) -> dict[str, float]:
    """Seconds since the last heartbeat of each daemon thread. Dagster itself tolerates half an hour."""
    heard = instance.get_daemon_heartbeats()
    until_s = now().timestamp()
    return {
        name: until_s - heard[name].timestamp if name in heard else inf for name in instance.get_required_daemon_types()
    }


def _of_orphaned_runs(instance: dg.DagsterInstance, settings: Settings) -> Iterator[HealthCheck]:
    try:
        found = fail_orphaned_runs(instance, settings)
    except StoreError as error:
        yield HealthCheck("runs", Severity.WARNING, f"Orphaned runs could not be checked. {error}")
        return
    if found.failed:
        sentence = (
            f"The processes of these runs ended without reporting it to Dagster; the runs are failed now: "
            f"{', '.join(found.failed)}. Everything that they stored is kept; the next run continues from there."
        )
        yield HealthCheck("runs", Severity.WARNING, sentence)
    if found.silent:
        sentence = (
            f"These runs of other hosts have not reported for a minute: {', '.join(found.silent)}. The sensor "
            "orphaned_runs fails them if they stay silent."
        )
        yield HealthCheck("runs", Severity.WARNING, sentence)
    if found.unknown:
        yield HealthCheck("runs", Severity.WARNING, unknown_sentence(found.unknown))
    if not (found.failed or found.silent or found.unknown):
        yield HealthCheck("runs", Severity.OK, "Every run in progress reports.")
