"""Retrieves of single objects: one that fails costs no other, and an API that is down is not asked without end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import date

import httpx
import pytest

from meeting_assets.core.errors import Refused
from meeting_assets.pipeline.discover import Discovery, retrieve_unfinished
from meeting_assets.pipeline.retrieval import AT_ONCE, MOST_FAILURES_IN_A_ROW, NOT_ASKED, Name, Retrieval, Retrieved
from meeting_assets.recall.client import ATTEMPTS
from meeting_assets_tests.support.fake_transport import FakeTransport, assert_no_secrets

IDS = [f"{number:08}-0000-4000-8000-000000000000" for number in range(200)]
RECORDING = {"id": IDS[0], "created_at": "2026-03-02T09:00:00Z", "status": {"code": "done"}}
DAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meeting_assets.recall.pacing.FIRST_WAIT_S", 0.001)
    monkeypatch.setattr("meeting_assets.recall.pacing.JITTER_S", 0.0)


def outcomes(
    answer: Callable[[str], httpx.Response], ids: Collection[str] = IDS
) -> tuple[dict[str, Retrieved], FakeTransport]:
    """What retrieves of recordings give, where the API answers so to their ids."""
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


def test_an_object_that_was_not_asked_for_is_not_taken_for_the_one_that_was() -> None:
    found, _ = outcomes(lambda _: httpx.Response(200, json={"id": IDS[1].upper()}), IDS[:2])

    assert found[IDS[0]].fault == f"the API answered with another object for recording {IDS[0]}"
    assert not found[IDS[0]].is_gone
    assert found[IDS[1]].document is not None


def test_an_api_that_is_down_is_not_asked_for_everything() -> None:
    found, wire = outcomes(lambda _: httpx.Response(503))

    assert len(wire.requests) <= (MOST_FAILURES_IN_A_ROW + AT_ONCE) * ATTEMPTS
    assert not any(each.is_gone or each.document for each in found.values())
    assert sum(each.fault == NOT_ASKED for each in found.values()) >= len(IDS) - MOST_FAILURES_IN_A_ROW - AT_ONCE


def test_some_objects_that_fail_for_good_do_not_hide_the_others() -> None:
    found, _ = outcomes(lambda each: httpx.Response(500 if int(each[:8]) % 2 else 200, json={"id": each}))

    assert all((int(each[:8]) % 2 == 1) == bool(outcome.fault) for each, outcome in found.items())


@pytest.mark.parametrize("code", [401, 402])
def test_a_refused_key_is_raised(code: int) -> None:
    with pytest.raises(Refused) as raised:
        outcomes(lambda _: httpx.Response(code), IDS[:3])

    assert_no_secrets(raised.value)


@pytest.mark.parametrize("reference", [{}, {"recording": None}])
def test_a_media_object_that_names_no_recording_may_belong_to_any(reference: dict[str, None]) -> None:
    discovery = Discovery()
    discovery.add(RECORDING, [DAY])

    discovery.add_media("transcript", {"id": IDS[1], **reference})

    assert discovery.unclear == {"transcript"}
    assert discovery.faults == {f"transcript {IDS[1]}": f"transcript {IDS[1]}: it names no recording"}


def test_an_object_that_a_retrieve_reads_is_no_longer_named() -> None:
    discovery = Discovery()
    discovery.add({**RECORDING, "created_at": 7}, [DAY])
    assert len(discovery.faults) == 1

    discovery.add(RECORDING, [DAY])

    assert discovery.faults == {}
    assert discovery.found.keys() == {IDS[0]}


def test_objects_that_were_not_asked_for_count_no_attempt() -> None:
    wire = FakeTransport(lambda _: httpx.Response(500))
    discovery = Discovery()
    discovery.add(RECORDING, None)

    async def ask() -> None:
        media = {(IDS[0], "transcript", each) for each in IDS}
        async with wire.client() as client:
            await retrieve_unfinished(client, discovery, recordings=(), media=media, days=[DAY])

    asyncio.run(ask())

    assert 0 < len(discovery.not_given) < len(IDS)
    assert NOT_ASKED not in discovery.not_given.values()
