"""For assets of other projects downstream of these: a condition and a sensor's query that react to changes alone.

`dg.AutomationCondition.eager()` requests a run after every materialization, with or without a change. It ignores data
versions. `eager_on_change` replaces that part of it:

    @dg.asset(deps=["meeting_metrics"], automation_condition=eager_on_change())
    def weekly_report() -> None: ...

`eager()` also misses a change that arrives just after it requested a run, or during that run. `eager_on_change`
requests another run for it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import dagster as dg

from meeting_assets.orchestration.assets.materializations import DATA_VERSION

MAX_EVENTS = 1000


class Changes(NamedTuple):
    """Partitions with another data version than before, and the position in Dagster's events for the next query."""

    partitions: tuple[str, ...]
    cursor: int


def eager_on_change() -> Any:
    """The condition `eager()`, except that only new data versions of dependencies count as updates.

    As in `eager()`, only the latest partition of a daily asset is requested. These parts of it are often removed:

    - `.without(dg.AutomationCondition.in_latest_time_window())`, to follow changes of older days, too.
    - `.without(~dg.AutomationCondition.any_deps_missing())`, for an asset without partitions: days that were never
      ingested are missing, and it would never run.
    """
    condition = dg.AutomationCondition
    is_new = condition.data_version_changed() & ~condition.executed_with_root_target()
    changed = condition.any_deps_match(is_new | condition.will_be_requested()).with_label("any_deps_changed")
    # `since_last_handled()` of Dagster also forgets changes of the tick after a request, and of the end of a run.
    is_handled = (condition.newly_requested() | condition.initial_evaluation()) & ~changed
    awaits_run = condition.newly_missing().since_last_handled() | changed.since(is_handled)
    return (
        condition.in_latest_time_window()
        & awaits_run.with_label("has_unhandled_change")
        & ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
    ).with_label("eager_on_change")


def changed_partitions(instance: dg.DagsterInstance, asset: dg.AssetKey, cursor: int = 0) -> Changes:
    """Partitions of an asset of this package that have changed since a position in Dagster's events.

    Reads at most `MAX_EVENTS` materializations; a later call reads the rest.
    """
    newest: dict[str, tuple[int, str | None]] = {}
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset, after_storage_id=cursor), limit=MAX_EVENTS, ascending=True
    )
    first: dict[str, int] = {}
    for record in found.records:
        if record.asset_materialization is not None and record.partition_key is not None:
            newest[record.partition_key] = record.storage_id, _version(record.asset_materialization)
            first.setdefault(record.partition_key, record.storage_id)
    before = {partition: _version_before(instance, asset, partition, first[partition]) for partition in newest}
    changed = sorted(partition for partition, (_, version) in newest.items() if version != before[partition])
    return Changes(tuple(changed), max((record.storage_id for record in found.records), default=cursor))


def _version_before(instance: dg.DagsterInstance, asset: dg.AssetKey, partition: str, storage_id: int) -> str | None:
    filters = dg.AssetRecordsFilter(asset, asset_partitions=[partition], before_storage_id=storage_id)
    records: Iterable[dg.EventLogRecord] = instance.fetch_materializations(filters, limit=1).records
    return next((_version(each.asset_materialization) for each in records if each.asset_materialization), None)


def _version(materialization: dg.AssetMaterialization) -> str | None:
    version = materialization.metadata.get(DATA_VERSION)
    return str(version.value) if version is not None else None
