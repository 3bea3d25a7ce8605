"""The probe of the bots does not spend the retries of a whole pass during an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import pytest

from meeting_assets.pipeline.bots_pass import FIRST_PAGE, LISTED, NOT_STORED
from meeting_assets.pipeline.bots_probe import BUDGET_S, are_bots_current
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.recall.client import CALL_TIMEOUT_S, Access
from meeting_assets.settings import read_settings

FAR_BELOW_THE_RETRIES_S = 5.0
"""A pass retries a failing call for about 7 s, and a throttled one for minutes."""
OUTAGES = {
    "silent": b"",
    "throttling": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n",
    "failing": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
}


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    with open_storage(read_settings()) as storage:
        yield storage


@pytest.mark.parametrize("outage", OUTAGES)
def test_outage_is_given_up_within_the_budget(storage: Storage, outage: str) -> None:
    for name in (LISTED, NOT_STORED, FIRST_PAGE):
        storage.database.set_meta(name, "0")
    requests: list[bytes] = []
    answers: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers.append(asyncio.current_task())
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OUTAGES[outage])
        await writer.drain()
        with suppress(ConnectionError):
            await reader.read()  # until the client closes the connection
        writer.close()
        await writer.wait_closed()

    async def probe() -> bool:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            is_current = await are_bots_current(storage, Access(f"http://127.0.0.1:{port}", "key"), budget_s=0.3)
            await asyncio.gather(*filter(None, answers))
        return is_current

    started_s = monotonic()
    is_current = asyncio.run(probe())

    assert not is_current
    assert requests
    assert monotonic() - started_s < FAR_BELOW_THE_RETRIES_S


def test_budget_is_shorter_than_one_call_of_the_pass() -> None:
    assert BUDGET_S < CALL_TIMEOUT_S
