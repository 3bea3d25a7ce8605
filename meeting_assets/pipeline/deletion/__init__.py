"""Deletion: purge of recordings and artifacts, retention, and tombstones that prevent another download."""
