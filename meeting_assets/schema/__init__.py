"""Table definitions: column types and helpers, column lineage, and the tables that cannot be rebuilt from raw bytes."""
