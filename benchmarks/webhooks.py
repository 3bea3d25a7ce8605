"""Webhook receiver under load: sends signed messages at a fixed rate and checks that none is lost.

    python benchmarks/webhooks.py --rate 500 --seconds 60 [--database-url postgresql://…] [--kill-at 30]

Each connection sends one message at a time and waits for the response. A message without a 2xx response is sent again
with the same id. At the end the inbox must contain each acknowledged message exactly once, and no other.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import select
from standardwebhooks import Webhook

from meeting_assets.settings import read_settings
from meeting_assets.store.database import Database
from meeting_assets.webhooks.application import PATH
from meeting_assets.webhooks.inbox import INBOX

SECRET = "whsec_" + base64.b64encode(b"of a benchmark, and of nothing else").decode()
CONNECTIONS = 64
EVENTS = ("recording.done", "transcript.done", "participant_events.done", "audio_separate.done")


@dataclass
class Tally:
    """Responses to the messages."""

    answered: dict[str, float] = field(default_factory=dict)
    """Seconds until the 2xx response, by message id."""
    statuses: Counter[str] = field(default_factory=Counter)
    ended_s: float = 0.0


class Endpoint:
    """A receiver in its own process."""

    def __init__(self, port: int = 0) -> None:
        command = [sys.executable, "-m", "meeting_assets.cli", "webhooks", "--port", str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        found = re.search(r"http://\S+", self.process.stdout.readline())
        assert found, "the receiver did not start"
        self.url = found[0]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def request(webhook: Webhook, message_id: str, body: str) -> bytes:
    at = datetime.now(UTC)
    headers = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": webhook.sign(message_id, at, body),
    }
    lines = [f"POST {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", body]
    return "\r\n".join(lines).encode()


def message(number: int) -> tuple[str, str]:
    event = EVENTS[number % len(EVENTS)]
    noun = event.partition(".")[0]
    status = '{"code":"done","sub_code":null,"updated_at":"2026-01-05T10:00:00.000000Z"}'
    things = "".join(f'"{name}":{{"id":"{uuid4()}","metadata":{{}}}},' for name in {noun, "recording", "bot"})
    return f"msg_{number:08d}", f'{{"event":"{event}","data":{{{things}"data":{status}}}}}'


async def deliver(url: str, webhook: Webhook, numbers: asyncio.Queue[int | None], tally: Tally) -> None:
    """Sends messages over one connection and reopens it when it is lost."""
    address = urlsplit(url)
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (number := await numbers.get()) is not None:
        message_id, body = message(number)
        began_s = time.perf_counter()
        while message_id not in tally.answered:
            try:
                streams = streams or await asyncio.open_connection(address.hostname, address.port)
                reader, writer = streams
                writer.write(request(webhook, message_id, body))
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                status = head[9:12].decode()
            except (OSError, asyncio.IncompleteReadError):
                status, streams = "none", None
            tally.statuses[status] += 1
            if status == "200":
                tally.answered[message_id] = time.perf_counter() - began_s
            else:
                await asyncio.sleep(0.5)
    if streams:
        streams[1].close()


async def load(url: str, *, rate: float, seconds: float, kill_at_s: float | None, endpoint: Endpoint) -> Tally:
    numbers: asyncio.Queue[int | None] = asyncio.Queue()
    tally, webhook = Tally(), Webhook(SECRET)
    began_s = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CONNECTIONS):
            tasks.create_task(deliver(url, webhook, numbers, tally))
        if kill_at_s is not None:
            tasks.create_task(kill(endpoint, kill_at_s))
        for number in range(round(rate * seconds)):
            ahead_s = began_s + number / rate - time.perf_counter()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
            numbers.put_nowait(number)
        for _ in range(CONNECTIONS):
            numbers.put_nowait(None)
    tally.ended_s = time.perf_counter() - began_s
    return tally


async def kill(endpoint: Endpoint, after_s: float) -> None:
    """Kills the receiver with SIGKILL and starts it again."""
    await asyncio.sleep(after_s)
    port = urlsplit(endpoint.url).port or 0
    endpoint.end(signal.SIGKILL)
    endpoint.process = (await asyncio.to_thread(Endpoint, port)).process


def stored() -> list[str]:
    database = Database.at(read_settings().database_url)
    with database.reading() as connection:
        return [*connection.scalars(select(INBOX.c.message_id))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=500.0, help="messages per second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--database-url", help="an empty database; default: a temporary SQLite file")
    parser.add_argument("--kill-at", type=float, help="kill and restart the receiver after this many seconds")
    given = parser.parse_args()
    with TemporaryDirectory() as home:
        os.environ |= {"MEETING_ASSETS_HOME": home, "RECALL_WEBHOOK_SECRETS": SECRET}
        if given.database_url:
            os.environ["MEETING_ASSETS_DATABASE_URL"] = given.database_url
        endpoint = Endpoint()
        try:
            work = load(
                endpoint.url, rate=given.rate, seconds=given.seconds, kill_at_s=given.kill_at, endpoint=endpoint
            )
            tally = asyncio.run(work)
        finally:
            status = endpoint.end()
        report(tally, stored(), status)


def report(tally: Tally, ids: list[str], status: int) -> None:
    times_ms = sorted(1000 * each for each in tally.answered.values())
    lost, unexpected = tally.answered.keys() - {*ids}, {*ids} - tally.answered.keys()
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(times_ms)} messages in {tally.ended_s:.1f} s: {len(times_ms) / tally.ended_s:.0f} per second")
    print(f"responses: {dict(tally.statuses)}")
    cuts = statistics.quantiles(times_ms, n=100)
    print(f"until response: median {cuts[49]:.1f} ms, 99 % {cuts[98]:.1f} ms, longest {times_ms[-1]:.1f} ms")
    for process, used in (("receiver", children), ("sender", own)):
        print(f"processor time of the {process}: {used.ru_utime + used.ru_stime:.1f} s")
    print(
        f"in the inbox: {len(ids)}, lost {len(lost)}, never acknowledged {len(unexpected)}, "
        f"duplicates {len(ids) - len({*ids})}"
    )
    print(f"the receiver ended with status {status}")
    sys.exit(1 if lost or unexpected or len(ids) != len({*ids}) else 0)


if __name__ == "__main__":
    main()
