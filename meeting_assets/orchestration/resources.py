"""The resource `storage`: database and raw store of the environment's settings.

It has no configuration in Dagster, so no secret can reach a run's config.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from meeting_assets.core.errors import (
    MeetingAssetsError,
    Refused,
    SettingsError,
    StoreError,
    TransactionLost,
    Transient,
)
from meeting_assets.core.logs import log_as_json
from meeting_assets.orchestration.run_heartbeat import RunHeartbeat
from meeting_assets.orchestration.run_tags import DATABASE_ID, process_tag
from meeting_assets.orchestration.sqlite_commits import lighter_commits
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.recall.log_filters import suppress_request_logs
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database
from meeting_assets.store.database_id import verified_id

PRIVATE = 0o077
PERMANENT = "permanent_failure"
"""Metadata key of failures that every other run would repeat."""
PERMANENT_ERRORS = (Refused, SettingsError, StoreError)


class StorageResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Database and raw store of the meetings, configured by MEETING_ASSETS_… and RECALL_… variables."""

    _kept: ExitStack | None = PrivateAttr(None)
    """Open resources of the run. The steps of a run share them and check the tables once."""
    _commits: ExitStack | None = PrivateAttr(None)
    _of_run: tuple[Settings, Storage] | None = PrivateAttr(None)
    _run: dg.DagsterRun | None = PrivateAttr(None)
    _database_id: str | None = PrivateAttr(None)
    _heartbeat: RunHeartbeat | None = PrivateAttr(None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Starts the run's heartbeat, writes its tags, and names the run in what the process logs."""
        if context.instance is not None and context.run is not None:
            self._run = context.run
            self._commits = ExitStack()
            if (dagster_home := os.environ.get("DAGSTER_HOME")) is not None:
                self._commits.enter_context(lighter_commits(Path(dagster_home)))
            self._kept = ExitStack()
            with suppress(MeetingAssetsError):  # the step raises it again, so that the run shows it
                settings_of_process(context.run.run_id)
                self._open_for_run(context.run)
            if self._of_run is None:
                self._close()
            database = {DATABASE_ID: self._database_id} if self._database_id else {}
            context.instance.add_run_tags(context.run.run_id, process_tag(context.run.run_id) | database)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Ends the heartbeat and closes the storage; the process may continue with other work."""
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._close()
        if self._commits is not None:
            self._commits.close()
        self._kept = self._commits = self._run = self._heartbeat = self._database_id = None
        with suppress(SettingsError):
            settings_of_process()

    @contextmanager
    def open_storage(self) -> Iterator[tuple[Settings, Storage]]:
        """The settings and the storage for one step. Errors of this package become a failure with one sentence."""
        os.umask(PRIVATE)
        suppress_request_logs()
        try:
            if self._run is None:
                with _open() as settings_and_storage:
                    yield settings_and_storage
                return
            yield self._open_for_run(self._run)
        except MeetingAssetsError as error:
            self._close()
            is_transient = isinstance(error, Transient | TransactionLost)
            raise dg.Failure(
                description=str(error),
                metadata={PERMANENT: type(error).__name__}
                if isinstance(error, PERMANENT_ERRORS) and not is_transient
                else None,
                allow_retries=is_transient,
            ) from None

    def _open_for_run(self, run: dg.DagsterRun) -> tuple[Settings, Storage]:
        """Opens the storage once per run, verifies the database and starts the heartbeat before anything is stored."""
        if self._of_run is None:
            assert self._kept is not None
            settings, storage = self._kept.enter_context(_open())
            self._database_id = verified_id(storage.database, storage.raw, run.tags.get(DATABASE_ID))
            if self._heartbeat is None:
                heartbeat = RunHeartbeat(
                    run.run_id, lambda: Database.at(settings.database_url, settings.database_schema)
                )
                heartbeat.start(storage.database)
                self._heartbeat = heartbeat
            storage.database.before_commit = self._heartbeat.before_commit
            self._of_run = settings, storage
        return self._of_run

    def _close(self) -> None:
        """Closes the storage; the next step opens it again, because the database may have caused the error."""
        self._of_run = None
        if self._kept is not None:
            self._kept.close()


@contextmanager
def _open() -> Iterator[tuple[Settings, Storage]]:
    settings = read_settings()
    with ExitStack() as stack:
        yield settings, _entered_storage(stack, settings)


@retry_on_conflict
def _entered_storage(stack: ExitStack, settings: Settings) -> Storage:
    """Opens the storage; retries while the database restarts."""
    return stack.enter_context(open_storage(settings))


def settings_of_process(run_id: str | None = None) -> Settings:
    """Reads the settings and applies them to a process of Dagster: private files, and the log format.

    Raises:
        SettingsError: a setting is invalid.
    """
    os.umask(PRIVATE)
    suppress_request_logs()
    settings = read_settings()
    if settings.log_format == "json":
        log_as_json(settings.secrets, run_id=run_id)
    return settings


def fail_at_end(faults: list[str]) -> None:
    """Fails the step after all its outputs if there were errors that the ledger cannot record."""
    if faults:
        raise dg.Failure(description="; ".join(faults[:5]), allow_retries=False)
