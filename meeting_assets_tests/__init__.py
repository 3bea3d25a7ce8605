"""Tests: sentences about behaviour, against the sandbox over HTTP, real SQLite files and a real PostgreSQL."""
