"""The resource `storage`: the database and raw store that the settings of a workspace configure.

It has no configuration in Dagster, so no secret can reach a run's config.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar, cast

import dagster as dg
from pydantic import PrivateAttr

from meeting_assets.core.errors import (
    MeetingAssetsError,
    NotPublished,
    Refused,
    SettingsError,
    StoreError,
    TransactionLost,
    Transient,
    UsageError,
)
from meeting_assets.core.logs import log_as_json
from meeting_assets.orchestration.cancellation import marked_before_reported
from meeting_assets.orchestration.code_location import add_code_location
from meeting_assets.orchestration.run_heartbeat import RunHeartbeat
from meeting_assets.orchestration.run_tags import database_tag_key, process_tag
from meeting_assets.orchestration.sqlite_commits import commits_without_fsync
from meeting_assets.orchestration.workspace import DEFAULT, STORAGE, Workspace
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.recall.log_filters import suppress_request_logs
from meeting_assets.settings import Settings
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database
from meeting_assets.store.database_id import verified_id

PRIVATE = 0o077
PERMANENT = "permanent_failure"
"""Metadata key of failures whose cause affects every run, such as a wrong API key."""
PERMANENT_ERRORS = (Refused, SettingsError, StoreError, UsageError)
ERROR = "error"
"""Metadata key of the class of our error that failed a step."""


class RunStorage:
    """The storage that the steps of a run share, and the heartbeat of the run."""

    def __init__(self, run: dg.DagsterRun, workspace: Workspace = DEFAULT) -> None:
        self._run = run
        self._workspace = workspace
        self._heartbeat: RunHeartbeat | None = None
        self._settings_and_storage: tuple[Settings, Storage] | None = None
        self._until_close = ExitStack()
        self._until_end = ExitStack()
        if workspace.owns_process and (dagster_home := os.environ.get("DAGSTER_HOME")) is not None:
            self._until_end.enter_context(commits_without_fsync(Path(dagster_home)))
        self.database_id: str | None = None

    def open(self) -> tuple[Settings, Storage]:
        """Opens the storage if it is closed, verifies the database, and starts the heartbeat before any write."""
        if self._settings_and_storage is None:
            with ExitStack() as stack:
                settings, storage = stack.enter_context(_open(self._workspace, self._run.run_id))
                expected = self._run.tags.get(database_tag_key(self._workspace))
                self.database_id = verified_id(storage.database, storage.raw, expected)
                if self._heartbeat is None and self._has_one_process():
                    self._heartbeat = self._start_heartbeat(settings, storage)
                if self._heartbeat is not None:
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

    def _has_one_process(self) -> bool:
        """False for other jobs of a project: their steps may have a process each, and a heartbeat is of one process."""
        return self._workspace.owns_process or self._run.job_name in self._workspace.jobs

    def _start_heartbeat(self, settings: Settings, storage: Storage) -> RunHeartbeat:
        heartbeat = RunHeartbeat(self._run.run_id, lambda: Database.at(settings.database_url, settings.database_schema))
        heartbeat.start(storage.database)
        self._until_end.callback(heartbeat.stop)
        return heartbeat


class StorageResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Database and raw store of the meetings, configured by MEETING_ASSETS_… and RECALL_… variables."""

    workspace: ClassVar[Workspace] = DEFAULT
    _run_storage: RunStorage | None = PrivateAttr(None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Opens the storage of the run and adds its process, database and code location to the run."""
        if context.instance is None or context.run is None:
            return
        self._run_storage = RunStorage(context.run, self.workspace)
        with suppress(MeetingAssetsError):  # the step raises it again, so that the run shows it
            self._run_storage.open()
        database_id = self._run_storage.database_id
        tags = process_tag(context.run.run_id) | (
            {database_tag_key(self.workspace): database_id} if database_id else {}
        )
        context.instance.add_run_tags(context.run.run_id, tags)
        if self.workspace.owns_process:
            add_code_location(context.instance, context.run)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Closes the storage and ends the heartbeat; the process may continue with other work."""
        if self._run_storage is not None:
            self._run_storage.end()
        self._run_storage = None
        with suppress(SettingsError):
            apply_settings(self.workspace)

    @contextmanager
    def open_storage(self) -> Iterator[tuple[Settings, Storage]]:
        """The settings and the storage for one step. Errors of this package become a `dg.Failure` with their message.

        After an error the storage is closed, because a broken connection may be its cause.
        """
        try:
            with marked_before_reported(), self._entered() as settings_and_storage:
                yield settings_and_storage
        except MeetingAssetsError as error:
            if self._run_storage is not None:
                self._run_storage.close()
            is_transient = isinstance(error, Transient | TransactionLost)
            is_permanent = isinstance(error, PERMANENT_ERRORS) and not isinstance(error, NotPublished)
            raise dg.Failure(
                description=str(error),
                metadata={ERROR: type(error).__name__}
                | ({PERMANENT: True} if is_permanent and not is_transient else {}),
                allow_retries=is_transient,
            ) from None

    @contextmanager
    def _entered(self) -> Iterator[tuple[Settings, Storage]]:
        if self._run_storage is not None:
            yield self._run_storage.open()
        else:
            with _open(self.workspace) as settings_and_storage:
                yield settings_and_storage


def storage_resource(workspace: Workspace) -> StorageResource:
    """The resource of a workspace, under its `storage_key`.

    The workspace is a variable of a class: fields of a resource are configuration, which Dagster stores and shows.
    """
    if workspace == DEFAULT:
        return StorageResource()

    class WorkspaceStorageResource(StorageResource):
        __doc__ = StorageResource.__doc__

    WorkspaceStorageResource.workspace = workspace
    return WorkspaceStorageResource()


def storage_key(workspace: Workspace) -> str:
    """The key of the resource of a workspace."""
    return workspace.named(STORAGE)


def storage_of(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext, workspace: Workspace
) -> StorageResource:
    """The resource of a workspace in a step."""
    return cast("StorageResource", getattr(context.resources, storage_key(workspace)))


@contextmanager
def _open(workspace: Workspace, run_id: str | None = None) -> Iterator[tuple[Settings, Storage]]:
    settings = apply_settings(workspace, run_id)
    with ExitStack() as stack:
        yield settings, _entered_storage(stack, settings)


@retry_on_conflict
def _entered_storage(stack: ExitStack, settings: Settings) -> Storage:
    """Opens the storage; retries while the database restarts."""
    return stack.enter_context(open_storage(settings))


def apply_settings(workspace: Workspace = DEFAULT, run_id: str | None = None) -> Settings:
    """Reads the settings and applies them to a process of Dagster: private files, and the log format.

    A process of another project keeps its own; only requests are no longer logged, because their URLs are secrets.

    Raises:
        SettingsError: a setting is invalid.
    """
    suppress_request_logs()
    settings = workspace.settings()
    if not workspace.owns_process:
        return settings
    os.umask(PRIVATE)
    if settings.log_format == "json":
        log_as_json(settings.secrets, run_id=run_id)
    return settings


def fail_if_faulty(faults: list[str]) -> None:
    """Fails the step after all its outputs if there were errors that the ledger cannot record."""
    if faults:
        raise dg.Failure(description="; ".join(faults[:5]), allow_retries=False)
