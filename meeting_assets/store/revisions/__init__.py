"""Alembic's revisions of persistent tables, for changes that are more than additions.

A revision's id is the schema version that it leads to, with four digits. To change a persistent table: raise
`SCHEMA_VERSION` in `store/schema.py`, add `versions/NNNN_what_it_does.py` that revises the one before, and describe the
change with `op.batch_alter_table`, which works on both databases.
"""
