"""Interval arithmetic: intervals of time, speech per speaker, and the cleaning of raw segments."""
