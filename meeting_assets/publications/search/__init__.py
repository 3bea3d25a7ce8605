"""The search over transcripts: its query language, the places found, and their snippets."""
