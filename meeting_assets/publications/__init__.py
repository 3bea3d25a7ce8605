"""Output for readers: files in standard formats, and the text of a meeting that they are written from."""
