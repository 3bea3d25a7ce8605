"""A day of work without Dagster: discover what the API has, fetch it, load it into tables, derive metrics."""
