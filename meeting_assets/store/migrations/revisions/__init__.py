"""Alembic's revisions of persistent tables, for changes that are more than additions.

The id of a revision is the schema version it leads to, with four digits. To change a persistent table, raise
`SCHEMA_VERSION` in `store/migrations/plan.py` and add `versions/NNNN_description.py`, which revises the previous one;
a version that changes only derived tables has an empty revision.
`op.batch_alter_table` works on both databases.
"""
