"""Changes of the database schema: definitions, the plan, the set-up of a database, and `meeting-assets migrate`."""
