"""Where meetings are kept: raw bytes in an object store, tables in a database, and the ledger of what is where."""
