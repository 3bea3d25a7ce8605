"""Dagster and only Dagster: partitions, resources, the asset graph and how runs are started."""
