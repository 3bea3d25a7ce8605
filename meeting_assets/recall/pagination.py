"""Detects lists of the API that never end."""

from __future__ import annotations

from urllib.parse import parse_qs

from meeting_assets.core.errors import Transient
from meeting_assets.recall.responses import Page

MAX_PAGES_WITHOUT_NEW_OBJECT = 10
"""In a row; a list that continues after these does not end."""
MAX_PAGES = 50_000
"""In one list; at 50 calls per minute these take 16 hours."""


class PageMissing(Transient):
    """A page does not exist, because the list has become shorter or a cursor has expired."""


def names_page(query: str) -> bool:
    """True if a query requests another page than the first one.

    >>> names_page("page=3"), names_page("cursor=cD0y"), names_page("status=done"), names_page("")
    (True, True, False, False)
    """
    return not {"page", "cursor"}.isdisjoint(parse_qs(query))


class EndlessListGuard:
    """Checks each page of one list for progress."""

    def __init__(self, path: str, first_query: str) -> None:
        self._path = path
        self._queries = {first_query}
        self._object_ids: set[str] = set()
        self._pages = 0
        self._pages_without_new_object = 0

    def check(self, page: Page) -> None:
        """Counts one more page.

        Raises:
            Transient: the list does not end.
        """
        object_ids = {each["id"] for each in page.results if isinstance(each.get("id"), str)}
        self._pages += 1
        self._pages_without_new_object = 0 if object_ids - self._object_ids else self._pages_without_new_object + 1
        self._object_ids |= object_ids
        if page.next_query is None:
            return
        if page.next_query in self._queries:
            raise Transient(f"{self._path}: a page of the list leads back to an earlier one")
        self._queries.add(page.next_query)
        if self._pages_without_new_object >= MAX_PAGES_WITHOUT_NEW_OBJECT:
            raise Transient(
                f"{self._path}: {self._pages_without_new_object} pages in a row brought no new object; reading stopped"
            )
        if self._pages >= MAX_PAGES:
            raise Transient(f"{self._path}: the list did not end within {MAX_PAGES:,} pages; reading stopped")
