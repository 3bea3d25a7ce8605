"""Deletion: purge of recordings and artifacts, retention, and tombstones that keep purged data out."""
