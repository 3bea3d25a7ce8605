"""The Recall.ai API: client, rate limits and retries, decoding of its responses, and the objects it lists."""
