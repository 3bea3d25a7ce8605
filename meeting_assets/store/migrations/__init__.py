"""Changes of the database schema: the plan, its inspection, the set-up of a database, and `meeting-assets migrate`."""
