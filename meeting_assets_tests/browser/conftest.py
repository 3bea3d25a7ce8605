"""The site of a fortnight in a real browser, opened from disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, select

from meeting_assets.metrics.series import RecordingSeries
from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.metrics.trends import People
from meeting_assets.pipeline.everyday_views import EVERYDAY_VIEWS
from meeting_assets.publications.pages import links
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import shared_folder
from meeting_assets_tests.support.browsers import running_chromium
from meeting_assets_tests.support.site_pages import HOSTILE, copy_of_database, write_site
from meeting_assets_tests.support.stored_fortnight import fortnight_at_home

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
KINDS = ("index", "people", "person", "series list", "series", "health", "definitions")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The fortnight with one hostile name and title."""
    with ExitStack() as open_home:
        with shared_folder(tmp_path_factory, "fortnight") as home:
            open_home.enter_context(fortnight_at_home(home, f"sqlite:///{home / 'meetings.db'}"))
        engine = copy_of_database(home / "meetings.db", tmp_path_factory.mktemp("site") / "copy.db")
        people = table_of(People)
        with engine.begin() as connection:
            recordings = table_of(Recordings)
            newest = connection.scalar(select(recordings.c.recording_id).order_by(recordings.c.started_at.desc()))
            for table, values in (
                (recordings, {"display_title": HOSTILE}),
                (table_of(ParticipantMetrics), {"name": HOSTILE}),
            ):
                connection.execute(table.update().where(table.c.recording_id == newest).values(values))
            first = connection.scalar(select(people.c.person_key).order_by(people.c.person_key))
            connection.execute(people.update().where(people.c.person_key == first).values(name=HOSTILE))
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def site(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the written site."""
    folder = tmp_path_factory.mktemp("pages")
    write_site(engine, folder)
    return folder


@pytest.fixture(scope="module")
def keys(engine: Engine) -> dict[str, str]:
    """The key of one page of each kind."""
    with engine.connect() as connection:
        people, series = table_of(People).c, table_of(RecordingSeries).c
        person = connection.scalar(select(people.person_key).order_by(people.meeting_count.desc()))
        of_series = connection.scalar(select(series.series_id).order_by(series.meeting_count.desc()))
    assert person is not None
    assert of_series is not None
    pages = (links.INDEX, links.PEOPLE, links.person_key_page(person), links.SERIES, links.series_page(of_series))
    return dict(zip(KINDS, (*pages, links.HEALTH, links.DEFINITIONS), strict=True))


@pytest.fixture(scope="module")
def browser(site: Path) -> Iterator[Browser]:
    """Started last: while it runs, this thread can have no other event loop."""
    assert site
    with running_chromium() as browser:
        yield browser


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Path) -> Iterator[Open]:
    """Opens a page from disk. Messages of the console, errors and requests for anything but the site fail the test."""
    contexts, troubles = [], []

    def open_in_new_context(key: str, folder: Path = site, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": WIDE, "timezone_id": "Asia/Tokyo", "locale": "en-US"} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(dialog.message))
        page.on("request", lambda each: None if each.url.startswith(folder.as_uri()) else troubles.append(each.url))
        page.on("requestfailed", lambda each: troubles.append(f"{each.url} failed"))
        page.goto(f"{folder.as_uri()}/{key}")
        return page

    yield open_in_new_context
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="module")
def meetings(engine: Engine) -> list[Any]:
    """The rows of the view `meetings`, newest first."""
    view = EVERYDAY_VIEWS["meetings"].subquery()
    with engine.connect() as connection:
        return [*connection.execute(select(view).order_by(view.c.started_at.desc(), view.c.recording_id.desc()))]
