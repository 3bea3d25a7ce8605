"""Storage: the database and its schema, the ledger and its worklist, the raw store, and locks."""
