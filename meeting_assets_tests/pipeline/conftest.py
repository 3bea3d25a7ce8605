"""Days whose right tables are known: the small one of `small_day`, and any other by `truth`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from meeting_assets.sandbox import Sandbox, World
from meeting_assets_tests.households import (
    VOLATILE,
    Contents,
    bring_home,
    contents,
    days_of,
    free_port,
    settle_in,
    use,
)
from meeting_assets_tests.pipeline.small_day import DAY, PORT, WORLD


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """The tables of the day as they are when nothing is wrong."""
    with pytest.MonkeyPatch.context() as monkeypatch, Sandbox(WORLD, download_port=PORT) as sandbox:
        settle_in(tmp_path_factory.mktemp("clean"), monkeypatch)
        use(sandbox, monkeypatch)
        bring_home([DAY])
        return contents(without=VOLATILE)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An API that serves the day, to both kinds of database."""
    with Sandbox(WORLD, download_port=PORT) as running:
        use(running, monkeypatch)
        yield running


Truth = Callable[[World], AbstractContextManager[tuple[Sandbox, Contents]]]


@pytest.fixture
def truth(database_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """An API that serves a world, and the tables of that world when nothing is wrong, made in another home."""

    @contextmanager
    def served(world: World) -> Iterator[tuple[Sandbox, Contents]]:
        port = free_port()
        with pytest.MonkeyPatch.context() as elsewhere, Sandbox(world, limits=False, download_port=port) as undisturbed:
            settle_in(tmp_path_factory.mktemp("undisturbed"), elsewhere)
            use(undisturbed, elsewhere)
            bring_home(days_of(undisturbed))
            expected = contents(without=VOLATILE)
        with Sandbox(world, limits=False, download_port=port) as sandbox:
            use(sandbox, monkeypatch)
            yield sandbox, expected

    return served
