"""Requested aliases are checked, and made all or none."""

from __future__ import annotations

import pytest

from meeting_assets.core.errors import UsageError
from meeting_assets.pipeline.aliases import alias_request, change_aliases
from meeting_assets.store.person_aliases import all_aliases
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.aliased_persons import (
    AT,
    BO,
    CHI,
    alias,
    meetings_without_person_keys,
    set_participants,
)
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.rollups import (
    SUNDAY,
    Home,
)

pytestmark = [sqlite_first, pytest.mark.with_tables]


@pytest.fixture
def meetings(home_with_meetings: Home) -> list[str]:
    """The ids of four meetings, on Sunday, Monday (two) and Tuesday, without any person key."""
    return meetings_without_person_keys(home_with_meetings)


@pytest.mark.usefixtures("meetings")
def test_alias_that_says_the_same_changes_nothing() -> None:
    alias(("email:Ada@Example.com", "zoom:a"), note="married")

    again = alias(("email:ada@example.com", "zoom:a"))

    assert (again.added, again.replaced, again.unchanged) == (0, 0, 1)
    with open_test_storage() as storage:
        (stored,) = storage.database.read(all_aliases)
    assert stored == ("email:ada@example.com", "zoom:a", "test", AT, "married")


def test_keys_that_occur_in_no_meeting_are_named(meetings: list[str]) -> None:
    set_participants(meetings[0], SUNDAY, ("Ada", "zoom:a"), BO, CHI)

    done = alias(("zoom:a", "email:new@example.com"), ("zoom:typo", "zoom:a"), ("name:Bo Larsen", "zoom:a"))

    assert done.unknown == ["email:new@example.com", "zoom:typo"]


@pytest.mark.parametrize(
    ("pairs", "undo", "reason"),
    [
        ([("zoom:c", "zoom:a")], [], "cycle"),
        ([("zoom:x", "zoom:y"), ("zoom:y", "zoom:x")], [], "cycle"),
        ([("zoom:x", "zoom:y"), ("zoom:x", "zoom:z")], [], "twice"),
        ([("zoom:a", "zoom:z")], ["zoom:a"], "twice"),
    ],
    ids=["cycle through others", "cycle within", "one key twice", "stated and undone"],
)
def test_change_with_a_fault_changes_nothing(
    meetings: list[str], pairs: list[tuple[str, str]], undo: list[str], reason: str
) -> None:
    alias(("zoom:a", "zoom:b"), ("zoom:b", "zoom:c"))

    with pytest.raises(UsageError, match=reason):
        alias(("zoom:new", "zoom:q"), *pairs, undo=undo)

    with open_test_storage() as storage:
        assert [each[:2] for each in storage.database.read(all_aliases)] == [
            ("zoom:a", "zoom:b"),
            ("zoom:b", "zoom:c"),
        ]


@pytest.mark.parametrize(
    ("key", "target", "reason"),
    [
        ("Ada", "zoom:a", "not a person key"),
        ("phone:1", "zoom:a", "not a person key"),
        ("email:ada", "zoom:a", "not a person key"),
        ("name:\u200b", "zoom:a", "not a person key"),
        ("zoom:", "zoom:a", "not a person key"),
        ("zoom:a", "name:Ada", "does not identify"),
        ("email:A@x.example", "email:a@X.example", "itself"),
        ("zoom:\0", "zoom:a", "control characters"),
        ("zoom:\udcff", "zoom:a", "UTF-8"),
        ("zoom:" + "a" * 2000, "zoom:a", "longer"),
    ],
)
def test_malformed_alias_is_refused_with_a_reason(key: str, target: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        alias_request(key, target)


@pytest.mark.parametrize("author", [" ", "a" * 201, "A\x1b[31m"], ids=["empty", "long", "escape"])
def test_author_that_cannot_be_stored_changes_nothing(meetings: list[str], author: str) -> None:
    with open_test_storage() as storage:
        with pytest.raises(UsageError, match="the author"):
            change_aliases(storage, [alias_request("zoom:a", "zoom:b")], author=author, at=AT)

        assert storage.database.read(all_aliases) == []
