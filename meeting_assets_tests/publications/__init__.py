"""Tests of the files for readers."""
