"""The classes of errors match the drawn tree and can be pickled."""

from __future__ import annotations

import pickle
import re

import pytest

from meeting_assets.core import errors
from meeting_assets.core.errors import ApiError, MeetingAssetsError, PayloadError, Refused, Transient

CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MeetingAssetsError)]


def test_drawn_tree_matches_the_classes() -> None:
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


def test_every_class_has_a_docstring() -> None:
    assert all(each.__doc__ for each in CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_text_of_an_error_is_its_message(kind: type[MeetingAssetsError]) -> None:
    assert str(kind("Check RECALL_API_KEY.")) == "Check RECALL_API_KEY."


def test_only_transient_has_a_retry_time() -> None:
    assert Transient("x").retry_after_s is None
    assert Transient("x", retry_after_s=3.0).retry_after_s == 3.0
    assert not hasattr(Refused("x"), "retry_after_s")


def test_errors_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(Transient("x", retry_after_s=3.0)))  # noqa: S301 - created by this test

    assert (type(copy), str(copy), copy.retry_after_s) == (Transient, "x", 3.0)


def test_payload_error_is_not_an_api_error() -> None:
    assert not issubclass(PayloadError, ApiError)
