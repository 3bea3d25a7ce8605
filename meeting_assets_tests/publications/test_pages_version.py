"""A change of a page needs a new `PAGES_VERSION`, or pages that are already published stay as they are.

After an intended change, raise `PAGES_VERSION` and run `make renew`, which refuses a change without a new version.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Connection

from meeting_assets.publications.pages import PAGES_VERSION
from meeting_assets.publications.pages.meeting_page import meeting_page
from meeting_assets.publications.pages.site import Site
from meeting_assets_tests.support.site_pages import rendered_site

GOLDEN = Path(__file__).parents[1] / "golden/pages.json"
"""The version of the pages, and the hash of each page of the meetings of `page_meetings`."""
INSTANT = re.compile(rb"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(\.\d+)?")
"""Shared pages show when rows were written, which differs with each run of the tests."""


def hashes_of(connection: Connection, ids: Mapping[str, str]) -> dict[str, str]:
    """The hashes of all pages by name, stylesheet and script included."""
    site = Site.read(connection)
    pages = {name: (meeting_page(connection, each, site) or "").encode() for name, each in ids.items()}
    shared = {key: INSTANT.sub(b"", page.content) for key, page in rendered_site(connection).items()}
    return {name: hashlib.sha256(content).hexdigest()[:16] for name, content in sorted((pages | shared).items())}


def is_unannounced(recorded: Mapping[str, object], version: str, hashes: Mapping[str, str]) -> bool:
    """Whether a page differs from the recorded one of the same version."""
    return recorded.get("version") == version and recorded["pages"] != hashes


@pytest.mark.golden
def test_changed_page_has_a_new_version(connection: Connection, ids: dict[str, str]) -> None:
    recorded = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    found = hashes_of(connection, ids)
    assert not is_unannounced(recorded, PAGES_VERSION, found), "Raise PAGES_VERSION: pages have changed."
    if os.environ.get("RENEW"):
        recorded = {"version": PAGES_VERSION, "pages": found}
        GOLDEN.write_text(json.dumps(recorded, indent=2) + "\n")

    assert recorded == {"version": PAGES_VERSION, "pages": found}, "Run `make renew` for the new version."


@pytest.mark.parametrize(
    ("version", "pages", "expected"),
    [("2", {"a": "1"}, False), ("2", {"a": "2"}, True), ("3", {"a": "2"}, False), ("2", {}, True)],
)
def test_change_is_unannounced_if_the_version_is_the_same(version: str, pages: dict[str, str], expected: bool) -> None:
    assert is_unannounced({"version": "2", "pages": {"a": "1"}}, version, pages) == expected


def test_hashes_depend_on_the_pages_alone(connection: Connection, ids: dict[str, str]) -> None:
    found = hashes_of(connection, ids)

    assert found == hashes_of(connection, ids)
    assert len({found[name] for name in ids}) == len(ids)
