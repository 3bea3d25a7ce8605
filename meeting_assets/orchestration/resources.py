"""The one resource: the warehouse as the environment describes it. It has no configuration in Dagster, so that no
secret ever reaches a run's config."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

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
from meeting_assets.core.logs import write_json
from meeting_assets.orchestration.run_tags import DATABASE_ID, process_tag
from meeting_assets.pipeline.run_heartbeat import RunHeartbeat
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.recall.log_filters import suppress_request_logs
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database
from meeting_assets.store.database_id import verified_id

PRIVATE = 0o077
HOPELESS = "no other run would do better"
ALIKE = (Refused, SettingsError, StoreError)


class StorageResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where meetings are kept: database and raw store, from MEETING_ASSETS_… and RECALL_… variables."""

    _kept: ExitStack | None = PrivateAttr(None)
    """During a run, what is open; the steps of a run in one process use the same, and prepare the tables once."""
    _of_run: tuple[Settings, Storage] | None = PrivateAttr(None)
    _run: dg.DagsterRun | None = PrivateAttr(None)
    _database_id: str | None = PrivateAttr(None)
    _heartbeat: RunHeartbeat | None = PrivateAttr(None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Starts the run's heartbeat, writes its tags, and names the run in what the process logs."""
        if context.instance is not None and context.run is not None:
            self._run = context.run
            self._kept = ExitStack()
            with suppress(MeetingAssetsError):  # raised again by the step, which says it in the run
                settings_of_process(context.run.run_id)
                self._open_for_run(context.run)
            if self._of_run is None:
                self._close()
            database = {DATABASE_ID: self._database_id} if self._database_id else {}
            context.instance.add_run_tags(context.run.run_id, process_tag(context.run.run_id) | database)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """The process may go on to other work."""
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._close()
        self._kept = self._run = self._heartbeat = self._database_id = None
        with suppress(SettingsError):
            settings_of_process()

    @contextmanager
    def open_storage(self) -> Iterator[tuple[Settings, Storage]]:
        """The settings and the warehouse, for one step; what this package raises on purpose becomes one sentence."""
        os.umask(PRIVATE)
        suppress_request_logs()
        try:
            if self._run is None:
                with _opened() as ours:
                    yield ours
                return
            yield self._open_for_run(self._run)
        except MeetingAssetsError as error:
            self._close()
            is_transient = isinstance(error, Transient | TransactionLost)
            raise dg.Failure(
                description=str(error),
                metadata={HOPELESS: type(error).__name__} if isinstance(error, ALIKE) and not is_transient else None,
                allow_retries=is_transient,
            ) from None

    def _open_for_run(self, run: dg.DagsterRun) -> tuple[Settings, Storage]:
        """What is open during the run; before anything is stored, the database is verified and a heartbeat written."""
        if self._of_run is None:
            assert self._kept is not None
            settings, storage = self._kept.enter_context(_opened())
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
        """The next step opens anew: of what is raised on purpose, it may have been the database."""
        self._of_run = None
        if self._kept is not None:
            self._kept.close()


@contextmanager
def _opened() -> Iterator[tuple[Settings, Storage]]:
    settings = read_settings()
    with ExitStack() as stack:
        yield settings, _entered(stack, settings)


@retry_on_conflict
def _entered(stack: ExitStack, settings: Settings) -> Storage:
    """The warehouse; a run waits for a database that restarts."""
    return stack.enter_context(open_storage(settings))


def settings_of_process(run_id: str | None = None) -> Settings:
    """The settings, for a process of Dagster: from now on its files are the user's alone, and it logs as was set.

    Raises:
        SettingsError: one of them is wrong.
    """
    os.umask(PRIVATE)
    suppress_request_logs()
    settings = read_settings()
    if settings.log_format == "json":
        write_json(settings.secrets, run_id=run_id)
    return settings


def fail_at_end(faults: list[str]) -> None:
    """Fails the step after all its outputs, if something went wrong that nobody could have put into the ledger."""
    if faults:
        raise dg.Failure(description="; ".join(faults[:5]), allow_retries=False)
