"""Alembic's revisions of persistent tables, for changes that are more than additions.

A revision's id is the schema version that it leads to, with four digits. To change a persistent table, raise
`SCHEMA_VERSION` in `store/migrations/plan.py` and add `versions/NNNN_what_it_does.py`, which revises the one before.
`op.batch_alter_table` describes a change for both databases.
"""
