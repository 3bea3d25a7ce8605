"""Webhooks of Recall.ai: messages and their signatures, the inbox table, the receiver, and the recordings they name."""
