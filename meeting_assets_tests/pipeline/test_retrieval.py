"""Retrieves of single objects: a failure does not affect the others, and an outage stops them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import date

import httpx
import pytest

from meeting_assets.core.errors import Refused
from meeting_assets.pipeline.discover import retrieve_unfinished
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.retrieval import (
    CONCURRENT_RETRIEVES,
    MAX_FAILURES_IN_A_ROW,
    NOT_REQUESTED,
    Name,
    Retrieval,
    Retrieved,
)
from meeting_assets.recall.client import ATTEMPTS
from meeting_assets_tests.support.fake_transport import FakeTransport, assert_no_secrets

IDS = [f"{number:08}-0000-4000-8000-000000000000" for number in range(200)]
RECORDING = {"id": IDS[0], "created_at": "2026-03-02T09:00:00Z", "status": {"code": "done"}}
DAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meeting_assets.recall.rate_limits.FIRST_WAIT_S", 0.001)
    monkeypatch.setattr("meeting_assets.recall.rate_limits.JITTER_S", 0.0)


def outcomes(
    answer: Callable[[str], httpx.Response], ids: Collection[str] = IDS
) -> tuple[dict[str, Retrieved], FakeTransport]:
    """Outcomes of retrieves of recordings, given the API's response per id."""
    wire = FakeTransport(lambda request: answer(request.url.path.split("/")[-2]))

    async def ask() -> dict[Name, Retrieved]:
        async with wire.client() as client:
            return await Retrieval(client).each([Name("recording", each) for each in ids])

    return {name.object_id: outcome for name, outcome in asyncio.run(ask()).items()}, wire


def test_each_object_has_its_own_outcome() -> None:
    answers = dict(enumerate([200, 404, 403, 500, 410, 204]))

    def answer(object_id: str) -> httpx.Response:
        code = answers.get(int(object_id[:8]), 200)
        return httpx.Response(code, json={"id": object_id})

    found, _ = outcomes(answer)

    assert [found[each].is_gone for each in IDS[:6]] == [False, True, False, False, True, False]
    assert [found[each].is_refused for each in IDS[:6]] == [False, False, True, False, False, True]
    assert [bool(found[each].fault) for each in IDS[:6]] == [False, False, True, True, False, True]
    assert all(found[each].document == {"id": each} for each in (IDS[0], *IDS[6:]))


def test_response_with_another_object_is_a_fault() -> None:
    found, _ = outcomes(lambda _: httpx.Response(200, json={"id": IDS[1].upper()}), IDS[:2])

    assert found[IDS[0]].fault == f"the API answered with another object for recording {IDS[0]}"
    assert not found[IDS[0]].is_gone
    assert found[IDS[1]].document is not None


def test_retrieves_stop_while_the_api_is_down() -> None:
    found, wire = outcomes(lambda _: httpx.Response(503))

    most = MAX_FAILURES_IN_A_ROW + CONCURRENT_RETRIEVES
    assert len(wire.requests) <= most * ATTEMPTS
    assert not any(each.is_gone or each.document for each in found.values())
    assert sum(each.fault == NOT_REQUESTED for each in found.values()) >= len(IDS) - most


def test_permanent_failures_of_some_objects_do_not_stop_the_others() -> None:
    found, _ = outcomes(lambda each: httpx.Response(500 if int(each[:8]) % 2 else 200, json={"id": each}))

    assert all((int(each[:8]) % 2 == 1) == bool(outcome.fault) for each, outcome in found.items())


@pytest.mark.parametrize("code", [401, 402])
def test_refused_key_is_raised(code: int) -> None:
    with pytest.raises(Refused) as raised:
        outcomes(lambda _: httpx.Response(code), IDS[:3])

    assert_no_secrets(raised.value)


@pytest.mark.parametrize("reference", [{}, {"recording": None}])
def test_media_object_without_recording_makes_its_collection_unclear(reference: dict[str, None]) -> None:
    discovery = Discovery()
    discovery.add(RECORDING, [DAY])

    discovery.add_media("transcript", {"id": IDS[1], **reference})

    assert discovery.unclear == {"transcript"}
    assert discovery.faults == {f"transcript {IDS[1]}": f"transcript {IDS[1]}: it names no recording"}


def test_successful_retrieve_removes_the_fault() -> None:
    discovery = Discovery()
    discovery.add({**RECORDING, "created_at": 7}, [DAY])
    assert len(discovery.faults) == 1

    discovery.add(RECORDING, [DAY])

    assert discovery.faults == {}
    assert discovery.found.keys() == {IDS[0]}


def test_unrequested_objects_count_no_attempt() -> None:
    wire = FakeTransport(lambda _: httpx.Response(500))
    discovery = Discovery()
    discovery.add(RECORDING, None)

    async def ask() -> None:
        media = {(IDS[0], "transcript", each) for each in IDS}
        async with wire.client() as client:
            await retrieve_unfinished(client, discovery, recordings=(), media=media, days=[DAY])

    asyncio.run(ask())

    assert 0 < len(discovery.not_given) < len(IDS)
    assert NOT_REQUESTED not in discovery.not_given.values()
