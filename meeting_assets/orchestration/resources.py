"""The resource `storage`: the database and raw store that the environment variables configure.

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
from meeting_assets.orchestration.code_location import add_code_location
from meeting_assets.orchestration.run_heartbeat import RunHeartbeat
from meeting_assets.orchestration.run_tags import DATABASE_ID, process_tag
from meeting_assets.orchestration.sqlite_commits import commits_without_fsync
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.recall.log_filters import suppress_request_logs
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database
from meeting_assets.store.database_id import verified_id

PRIVATE = 0o077
PERMANENT = "permanent_failure"
"""Metadata key of failures whose cause affects every run, such as a wrong API key."""
PERMANENT_ERRORS = (Refused, SettingsError, StoreError)


class RunStorage:
    """The storage that the steps of a run share, and the heartbeat of the run."""

    def __init__(self, run: dg.DagsterRun) -> None:
        self._run = run
        self._heartbeat: RunHeartbeat | None = None
        self._settings_and_storage: tuple[Settings, Storage] | None = None
        self._until_close = ExitStack()
        self._until_end = ExitStack()
        if (dagster_home := os.environ.get("DAGSTER_HOME")) is not None:
            self._until_end.enter_context(commits_without_fsync(Path(dagster_home)))
        self.database_id: str | None = None

    def open(self) -> tuple[Settings, Storage]:
        """Opens the storage if it is closed, verifies the database, and starts the heartbeat before any write."""
        if self._settings_and_storage is None:
            with ExitStack() as stack:
                settings, storage = stack.enter_context(_open(self._run.run_id))
                self.database_id = verified_id(storage.database, storage.raw, self._run.tags.get(DATABASE_ID))
                if self._heartbeat is None:
                    self._heartbeat = self._start_heartbeat(settings, storage)
                storage.database.before_commit = self._heartbeat.before_commit
                self._until_close = stack.pop_all()
            self._settings_and_storage = settings, storage
        return self._settings_and_storage

    def close(self) -> None:
        """Closes the storage. The next step opens it again."""
        self._settings_and_storage = None
        self._until_close.close()

    def end(self) -> None:
        """Closes the storage and stops the heartbeat."""
        self.close()
        self._until_end.close()

    def _start_heartbeat(self, settings: Settings, storage: Storage) -> RunHeartbeat:
        heartbeat = RunHeartbeat(self._run.run_id, lambda: Database.at(settings.database_url, settings.database_schema))
        heartbeat.start(storage.database)
        self._until_end.callback(heartbeat.stop)
        return heartbeat


class StorageResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Database and raw store of the meetings, configured by MEETING_ASSETS_… and RECALL_… variables."""

    _run_storage: RunStorage | None = PrivateAttr(None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Opens the storage of the run and adds its process, database and code location to the run."""
        if context.instance is None or context.run is None:
            return
        self._run_storage = RunStorage(context.run)
        with suppress(MeetingAssetsError):  # the step raises it again, so that the run shows it
            self._run_storage.open()
        database_id = self._run_storage.database_id
        tags = process_tag(context.run.run_id) | ({DATABASE_ID: database_id} if database_id else {})
        context.instance.add_run_tags(context.run.run_id, tags)
        add_code_location(context.instance, context.run)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Closes the storage and ends the heartbeat; the process may continue with other work."""
        if self._run_storage is not None:
            self._run_storage.end()
        self._run_storage = None
        with suppress(SettingsError):
            apply_settings()

    @contextmanager
    def open_storage(self) -> Iterator[tuple[Settings, Storage]]:
        """The settings and the storage for one step. Errors of this package become a `dg.Failure` with their message.

        After an error the storage is closed, because a broken connection may be its cause.
        """
        try:
            if self._run_storage is not None:
                yield self._run_storage.open()
            else:
                with _open() as settings_and_storage:
                    yield settings_and_storage
        except MeetingAssetsError as error:
            if self._run_storage is not None:
                self._run_storage.close()
            is_transient = isinstance(error, Transient | TransactionLost)
            raise dg.Failure(
                description=str(error),
                metadata={PERMANENT: type(error).__name__}
                if isinstance(error, PERMANENT_ERRORS) and not is_transient
                else None,
                allow_retries=is_transient,
            ) from None


@contextmanager
def _open(run_id: str | None = None) -> Iterator[tuple[Settings, Storage]]:
    settings = apply_settings(run_id)
    with ExitStack() as stack:
        yield settings, _entered_storage(stack, settings)


@retry_on_conflict
def _entered_storage(stack: ExitStack, settings: Settings) -> Storage:
    """Opens the storage; retries while the database restarts."""
    return stack.enter_context(open_storage(settings))


def apply_settings(run_id: str | None = None) -> Settings:
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


def fail_if_faulty(faults: list[str]) -> None:
    """Fails the step after all its outputs if there were errors that the ledger cannot record."""
    if faults:
        raise dg.Failure(description="; ".join(faults[:5]), allow_retries=False)
