"""Webhooks of Recall.ai: message format, signatures, the inbox table, the receiver, and the resolution of days."""
