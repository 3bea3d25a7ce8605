"""Fixtures of the sandbox tests: sandboxes, HTTP clients and payloads of a fortnight."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from meeting_assets.sandbox import Recording, Sandbox, World, fortnight, uniform

DAY = date(2026, 1, 5)
LAST_DAY = date(2026, 1, 18)


class Archive:
    """Payloads of a world as the sandbox would serve them."""

    def __init__(self, world: World) -> None:
        self._sandbox = Sandbox(world)
        self.world = self._sandbox.world
        self._bodies: dict[tuple[str, str], bytes] = {}

    def read(self, recording: Recording, kind: str, *, newest: bool = True) -> Any:
        """Payload of the newest (or oldest) artifact that has this kind."""
        artifacts = [each for each in recording.artifacts if kind in each.kinds]
        artifacts.sort(key=lambda each: each.created_at)
        key = artifacts[-1 if newest else 0].id, kind
        # perf: composing the payloads of a fortnight takes seconds, and most tests read all of them
        body = self._bodies.get(key) or self._bodies.setdefault(key, self._sandbox.payload(*key))
        return json.loads(body)

    def has(self, recording: Recording, kind: str) -> bool:
        return any(kind in each.kinds for each in recording.artifacts)


@pytest.fixture(scope="session")
def archive() -> Archive:
    return Archive(fortnight(LAST_DAY))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with three small meetings and no rate limits."""
    with Sandbox(uniform(DAY, recordings=3), limits=False) as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with client(sandbox) as http:
        yield http


@pytest.fixture
def web() -> Iterator[httpx.Client]:
    """A client without an API key, as downloads require."""
    with httpx.Client() as http:
        yield http


def client(sandbox: Sandbox) -> httpx.Client:
    return httpx.Client(base_url=f"{sandbox.url}/api/v1/", headers={"Authorization": f"Token {sandbox.api_key}"})


def results(api: httpx.Client, path: str, **query: str) -> list[Any]:
    """Results of all pages of a list."""
    found: list[Any] = []
    url: str | None = str(httpx.URL(path, params=query))
    while url:
        page = api.get(url).raise_for_status().json()
        found += page["results"]
        url = page["next"]
    return found
