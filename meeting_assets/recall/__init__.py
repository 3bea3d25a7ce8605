"""The Recall.ai API: its client, its pacing and the objects it lists."""
