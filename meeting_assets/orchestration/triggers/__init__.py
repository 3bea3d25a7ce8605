"""Sensors and schedules that request runs: finished recordings, webhook events, nightly reconciliation."""
