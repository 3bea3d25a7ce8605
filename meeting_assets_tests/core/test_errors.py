"""The error tree: as it is drawn, and fit to cross a process."""

from __future__ import annotations

import pickle
import re

import pytest

from meeting_assets.core import errors
from meeting_assets.core.errors import ApiError, MeetingAssetsError, PayloadError, Refused, Transient

CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MeetingAssetsError)]


def test_the_tree_is_as_it_is_drawn() -> None:
    drawn: dict[str, str | None] = {}
    path: list[str] = []
    for line in str(errors.__doc__).splitlines():
        if named := re.match(r"([ │├└─]*)(\w+)(?: {2,}\S.*)?$", line):
            depth = len(named.group(1)) // 4
            path[depth:] = [named.group(2)]
            drawn[path[-1]] = path[-2] if depth else None

    assert drawn == {
        each.__name__: None if each is MeetingAssetsError else each.__bases__[0].__name__ for each in CLASSES
    }


def test_each_class_says_what_it_means() -> None:
    assert all(each.__doc__ for each in CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_is_its_sentence(kind: type[MeetingAssetsError]) -> None:
    assert str(kind("Check RECALL_API_KEY.")) == "Check RECALL_API_KEY."


def test_only_transient_says_when_to_ask_again() -> None:
    assert Transient("x").retry_after_s is None
    assert Transient("x", retry_after_s=3.0).retry_after_s == 3.0
    assert not hasattr(Refused("x"), "retry_after_s")


def test_an_error_survives_the_way_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(Transient("x", retry_after_s=3.0)))  # noqa: S301 - made here

    assert (type(copy), str(copy), copy.retry_after_s) == (Transient, "x", 3.0)


def test_a_bad_payload_is_no_fault_of_the_api() -> None:
    assert not issubclass(PayloadError, ApiError)
