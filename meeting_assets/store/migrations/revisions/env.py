"""Alembic runs this module for every command, on the connection and transaction of `store/migrations/migrate.py`."""

from alembic import context

from meeting_assets.store.migrations.plan import REVISION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=REVISION_TABLE)
context.run_migrations()
