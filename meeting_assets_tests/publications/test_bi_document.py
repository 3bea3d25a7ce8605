"""docs/bi.md: its role reads reports and no words, its tables exist, and Datasette's settings hide what it says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import yaml  # type: ignore[import-untyped]
from sqlalchemy import make_url

from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.publications.datasette import DATABASE, INTERNAL_TABLES
from meeting_assets.store.database import Database
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.conftest import ROOT
from meeting_assets_tests.publications.test_datasette import FILE
from meeting_assets_tests.support.schema_versions import execute

DOCUMENT = (ROOT / "docs/bi.md").read_text()
INSUFFICIENT_PRIVILEGE = psycopg.errors.InsufficientPrivilege
NOT_FOR_REPORTS = ("transcript_words", "utterances", "chat", "participants", "recordings", "meta")


def documented(language: str) -> str:
    """The code of the page in a language."""
    (found,) = re.findall(rf"^```{language}\n(.+?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.fixture
def reports(postgresql_database: str) -> Iterator[psycopg.Connection]:
    """A connection of the documented role. Roles belong to all databases of a server, so it has another name."""
    with closing(Database.at(postgresql_database)) as database:
        set_up_database(database, whole_schema())
    role = str(make_url(postgresql_database).database)
    statements = re.sub(r"\breports\b", role, documented("sql"))
    execute(postgresql_database, *(each for each in statements.split(";\n") if each.strip()))
    url = make_url(postgresql_database).set(username=role, drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection
    execute(postgresql_database, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_documented_role_reads_tables_for_reports_by_their_names(reports: psycopg.Connection) -> None:
    statements = [line for line in documented("sql").splitlines() if not line.startswith("--")]
    granted = re.findall(r"meetings\.(\w+)", "\n".join(statements).partition("GRANT SELECT ON")[2])

    assert len(granted) == 8
    for name in granted:
        reports.execute(f"SELECT * FROM {name}")


@pytest.mark.parametrize("name", [*NOT_FOR_REPORTS, "people", "participant_metrics", "person_trends"])
def test_documented_role_may_not_read_words_persons_and_internal_tables(reports: psycopg.Connection, name: str) -> None:
    with pytest.raises(INSUFFICIENT_PRIVILEGE):
        reports.execute(f"SELECT * FROM {name}")


def test_documented_role_cannot_write(reports: psycopg.Connection) -> None:
    with pytest.raises((INSUFFICIENT_PRIVILEGE, psycopg.errors.ReadOnlySqlTransaction)):
        reports.execute("DELETE FROM people")


def test_documented_role_sees_the_descriptions(reports: psycopg.Connection) -> None:
    row = reports.execute("SELECT obj_description('meetings.meetings'::regclass, 'pg_class')").fetchone()

    assert row == (whole_schema().descriptions.relations["meetings"].text,)


def test_every_table_and_view_of_the_page_exists() -> None:
    known = {*whole_schema().tables, *whole_schema().views}
    tables = [line for line in DOCUMENT.splitlines() if line.startswith("| ") and "`" in line]
    named = {name for line in tables[:-4] for name in re.findall(r"`([a-z]+(?:_[a-z]+)*)`", line)}

    assert len(named) > 25
    assert named - known == set()
    assert {*INTERNAL_TABLES} <= named


@pytest.fixture
def small_file(home: Path) -> Path:
    """A SQLite database with all tables and no rows."""
    file = home / "meetings.db"
    with closing(Database.at(f"sqlite:///{file}")) as database:
        set_up_database(database, whole_schema())
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            (home / "copy").mkdir()
            connection.exec_driver_sql(f"VACUUM INTO '{home / 'copy' / 'meetings.db'}'")
    return home / "copy" / "meetings.db"


def test_documented_settings_allow_queries_and_hide_tables_and_other_sql(small_file: Path) -> None:
    from datasette.app import Datasette  # type: ignore[import-untyped]

    metadata, restriction = yaml.safe_load(FILE.read_text()), yaml.safe_load(documented("yaml"))
    database = restriction["databases"][DATABASE]
    metadata["databases"][DATABASE]["allow_sql"] = database["allow_sql"]
    for name, rule in database["tables"].items():
        metadata["databases"][DATABASE]["tables"][name] |= rule
    datasette = Datasette(immutables=[str(small_file)], metadata=metadata)

    async def status_codes(*paths: str) -> list[int]:
        return [(await datasette.client.get(f"/{DATABASE}{path}")).status_code for path in paths]

    paths = ["/late_starts", "/meetings", "/transcript_utterances", ".json?sql=select+1"]
    assert asyncio.run(status_codes(*paths)) == [200, 200, 403, 403]


def test_documented_option_allows_no_sql_but_that_of_the_queries(small_file: Path) -> None:
    from datasette.app import Datasette

    metadata = yaml.safe_load(FILE.read_text())
    datasette = Datasette(immutables=[str(small_file)], metadata=metadata, settings={"default_allow_sql": False})

    async def status_codes(*paths: str) -> list[int]:
        return [(await datasette.client.get(f"/{DATABASE}{path}")).status_code for path in paths]

    assert asyncio.run(status_codes("/late_starts", "/meetings", ".json?sql=select+1")) == [200, 200, 403]
