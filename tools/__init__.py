"""Checks of the repository itself that no public linter offers."""
