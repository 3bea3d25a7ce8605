"""Webhooks of Recall.ai: events, signatures, the inbox table, the receiver, and the resolution of days."""
