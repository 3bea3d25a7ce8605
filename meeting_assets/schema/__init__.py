"""Table definitions: column types and helpers, column lineage, the persistent tables."""
