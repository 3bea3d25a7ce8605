"""Sensors and schedules that request runs: finished recordings, webhooks, outdated weeks, nights."""
