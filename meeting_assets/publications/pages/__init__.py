"""Pages for readers: a static site that needs no server and no network, and that opens from disk."""

PAGES_VERSION = "2"
"""Raise it whenever a change of code, template or stylesheet changes a page."""
