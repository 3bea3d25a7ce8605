"""The command `migrate`, which changes the schema and an old `dagster.yaml`."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.terminal import err, print_line
from meeting_assets.console import progress
from meeting_assets.core.errors import NothingStored
from meeting_assets.core.logs import is_json


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the steps and change nothing")] = False,
) -> None:
    """Upgrades the tables to this version; keeps rows and grants."""
    from meeting_assets.orchestration.home import migrate_home
    from meeting_assets.pipeline.storage import whole_schema
    from meeting_assets.store.database import Database
    from meeting_assets.store.migrations.migrate import migrate as change_tables
    from meeting_assets.store.migrations.migrate import migration_steps

    settings = read_settings()
    if (sentence := migrate_home(settings.dagster_home, is_dry_run=dry_run)) is not None:
        print_line(sentence)
    address = settings.database_url, settings.database_schema
    try:
        with closing(Database.at(*address, is_read_only=True)) as database:
            planned = migration_steps(database, whole_schema())
    except NothingStored as error:
        print_line(str(error))
        return
    for step in planned:
        print_line(f"{step}.")
    if not planned:
        print_line("The tables match this version; there is nothing to do.")
    if dry_run or not planned:
        return
    with closing(Database.at(*address)) as database, progress(err, "Changing the tables", is_quiet=is_json()):
        is_outdated = change_tables(database, whole_schema())
    print_line("The tables match this version now.")
    if is_outdated:
        print_line("Run `meeting-assets rebuild --outdated` to fill the new columns of existing rows.")
