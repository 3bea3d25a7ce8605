"""An invalid value in any field of a listed object does not affect the other objects of its page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import msgspec
import pytest

from meeting_assets.core.errors import PayloadError
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.objects import Bot, Media, Recording, decode_object, without_secrets
from meeting_assets.recall.responses import parse_page
from meeting_assets.sandbox import Sandbox, uniform

KINDS: dict[str, type[Any]] = {
    "recording": Recording,
    "transcript": Media,
    "video_separate": Media,
    "audio_separate": Media,
    "bot": Bot,
}
POISONS = {
    "infinite": b"1e400",
    "NaN": b"NaN",
    "negative": b"-7",
    "huge": b"1e300",
    "5000-digits": b"9" * 5000,
    "not-utf-8": b'"\xff\xfe"',
    "lone-surrogate": rb'"\ud800"',
    "NUL": rb'"\u0000"',
    "null": b"null",
    "deep": b"[" * 3000 + b"]" * 3000,
    "deep-object": b'{"a":' * 3000 + b"1" + b"}" * 3000,
    "no-json": b"undefined",
    "absurd-date": b'"9999-12-31T23:59:59-14:00"',
    "first-date": b'"0001-01-01T00:00:00+14:00"',
    "naive-date": b'"2026-03-02T09:30:00"',
    "other-type": b'[{"said": "poison"}]',
}
HERE = "5f3c-here"

Path = tuple[str | int, ...]


@pytest.fixture(scope="module")
def pages() -> dict[str, list[dict[str, Any]]]:
    """Three objects of each collection, as a sandbox lists them."""

    async def call(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
        async with RecallClient(Access(sandbox.url, sandbox.api_key)) as client:
            return {name: [each async for each in client.list_objects(name, {})] for name in KINDS}

    with Sandbox(uniform(date(2026, 3, 2), recordings=3, words=1)) as sandbox:
        return asyncio.run(call(sandbox))


def paths(document: Any, prefix: Path = ()) -> Iterator[Path]:
    """Paths of all fields of a document; of each list, only the first element is followed."""
    members: list[tuple[str | int, Any]] = []
    if isinstance(document, dict):
        members = [*document.items()]
    elif isinstance(document, list):
        members = [*enumerate(document[:1])]
    for key, value in members:
        yield (*prefix, key)
        yield from paths(value, (*prefix, key))


def poisoned(documents: list[dict[str, Any]], path: Path, poison: bytes) -> bytes:
    """The page; one field of its second object has this literal as its value."""
    copy = json.loads(json.dumps(documents))
    parent: Any = copy[1]
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = HERE
    page = json.dumps({"next": None, "previous": None, "results": copy}).encode()
    return page.replace(f'"{HERE}"'.encode(), poison)


def outcome(document: dict[str, Any], kind: type[Any]) -> Any:
    try:
        return decode_object(document, kind, "it")
    except PayloadError as error:
        return str(error)


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("collection", KINDS)
def test_poisoned_field_affects_only_its_object(
    pages: dict[str, list[dict[str, Any]]], collection: str, poison: str
) -> None:
    documents, kind = pages[collection], KINDS[collection]
    expected = [decode_object(each, kind, "it") for each in documents]
    assert len(documents) == 3

    for path in paths(documents[1]):
        content = poisoned(documents, path, POISONS[poison])
        results = parse_page(httpx.Response(200, content=content), "/api/v1/x/").results
        first, second, third = [outcome(each, kind) for each in results]

        assert [first, third] == [expected[0], expected[2]], path
        if isinstance(second, str):
            assert second.startswith("it: "), path
            assert "poison" not in second
            assert results[1].get("id") == documents[1]["id"] or path[0] == "id"
        msgspec.json.encode(without_secrets(results[1]))
