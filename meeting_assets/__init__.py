"""Finished Recall.ai meetings, brought home. The map of the package, from the top down:

    definitions     what is deployed
    cli             the `meeting-assets` command
    orchestration   Dagster and only Dagster: assets, partitions, jobs, resources
    pipeline        a day of work without Dagster: discover, fetch, load, derive
    artifacts       one file per download artifact: wire format, tables, payload -> rows; the registry of all seven
    metrics         one file per question about a meeting: tables, pure functions
    recall          the API: client and its objects
    store           raw store, database, ledger
    sandbox         a stand-in Recall API on a loopback port, with plausible meetings
    settings        every setting, its default and meaning
    core            words shared by all: errors, instants, intervals

A recording arrives (`pipeline.discover`), its artifacts are fetched (`pipeline.fetch`), parsed (`pipeline.load`)
and measured (`pipeline.derive`). An eighth artifact is one new file in `artifacts` and one line in its registry.
"""
