"""Diagnostics of a deployment: its settings, the API, the database and the raw store, each checked on its own."""
