"""Stores finished Recall.ai meetings: raw artifacts, SQL tables and metrics as Dagster assets.

The packages, from the top layer down; a module imports only from layers below its own:

    component       the same definitions as a Dagster component, for other projects and for several workspaces
    definitions     the definitions of a workspace; those of the environment are deployed by default
    cli             the `meeting-assets` command; `console` prints for it
    orchestration   Dagster code: `assets`, `triggers` (sensors, schedules), `operations` (alerts, retention, doctor)
    health          read-only checks: data checks, audit, status, diagnostics, purge verification
    webhooks        receiver of Recall.ai's webhooks: message, signature, inbox
    publications    files for readers: the text of a meeting, and one module per export format
    webserver_proxy a proxy that refuses forged requests to Dagster's webserver
    pipeline        the work of one day without Dagster: discover, fetch, load, derive, rollup, purge
    artifacts       one module per download artifact: wire format, tables, payload -> rows; the registry
    metrics         one module per question: tables and pure functions; `timeline` holds interval arithmetic
    store           raw store, database, ledger, worklist, locks, migrations
    recall          the API client, its objects and rate limits
    schema          column types, column helpers, lineage, the persistent tables
    settings        every setting with default and meaning
    core            code that all layers share: errors, instants, names, URLs, logs
    sandbox         a stand-in for the Recall.ai API with plausible meetings; imports only `core`

A recording is discovered (`pipeline.discover`), its artifacts are fetched (`pipeline.fetch`), loaded (`pipeline.load`)
and measured (`pipeline.derive`). `health` observes the result. Another artifact is one module in `artifacts` and one
line in its registry. Importing a module never changes the process; entry points (`cli`, `definitions.defs`) do that.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meeting_assets.component import MeetingAssetsComponent

__all__ = ["MeetingAssetsComponent"]


def __getattr__(name: str) -> Any:
    # perf: importing Dagster takes 2 s, and most commands do not need it (benchmarks idle)
    if name == "MeetingAssetsComponent":
        return import_module("meeting_assets.component").MeetingAssetsComponent
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The names of the package; `dg` finds the component among them."""
    return sorted({*globals(), *__all__})
