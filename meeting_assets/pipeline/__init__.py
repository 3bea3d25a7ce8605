"""Ingestion without Dagster: discover, fetch, load, derive, roll up, rebuild, delete."""
