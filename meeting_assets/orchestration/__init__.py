"""Dagster code: the asset graph, triggers, operations, and the commands that start runs (`sync`, `dev`)."""
