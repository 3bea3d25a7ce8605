"""Fixtures of pages: meetings with one peculiarity each, stored once in each process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection

from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.sandbox import Sandbox
from meeting_assets.settings import read_settings
from meeting_assets_tests.pipeline.conftest import home_with_meetings as home_with_meetings
from meeting_assets_tests.pipeline.conftest import stored_fortnight as stored_fortnight
from meeting_assets_tests.support.environments import sync_days, use_home, use_sandbox
from meeting_assets_tests.support.page_meetings import DAY, recording_ids, world


@pytest.fixture(scope="session")
def stored_page_meetings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """The meetings of `page_meetings` in SQLite, never changed."""
    with ExitStack() as stack:
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        use_home(tmp_path_factory.mktemp("page_meetings"), monkeypatch)
        with Sandbox(world(), limits=False) as sandbox:
            use_sandbox(sandbox, monkeypatch)
            sync_days([DAY])
        storage = stack.enter_context(open_storage(read_settings()))
        monkeypatch.undo()
        yield storage


@pytest.fixture
def connection(stored_page_meetings: Storage) -> Iterator[Connection]:
    with stored_page_meetings.database.reading() as connection:
        yield connection


@pytest.fixture(scope="session")
def ids() -> dict[str, str]:
    """The recording ids of the meetings of `page_meetings`, by name."""
    return recording_ids()
