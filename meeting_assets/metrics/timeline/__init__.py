"""Interval arithmetic: intervals of time, speech segments per speaker, and the cleaning of raw segments."""
