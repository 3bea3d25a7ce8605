"""Benchmark of media downloads: memory, interruptions and throughput with large files from a sandbox.

The sandbox runs in this process and takes processor time of the same machine. The downloads run in a process of their
own, with the settings of a home whose day is listed already.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.fixtures import FIRST_DAY, Fixtures, out, settings, show, timed, world
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.orchestration.assets.media import JOB
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.storage import access_of, bind_origin, open_storage
from meeting_assets.sandbox import Fault, Sandbox
from meeting_assets.sandbox.media import RandomFiles
from meeting_assets_tests.support import media_process
from meeting_assets_tests.support.media_homes import expect_media, media_rows, sha256_of
from meeting_assets_tests.support.media_process import ended, killed_and_repeated, started
from meeting_assets_tests.support.object_store import BUCKET, s3_server

KIND = MediaKind.VIDEO_MIXED
BYTES_PER_MB = 1_000_000
PARALLEL = 4
CURL = shutil.which("curl") or "curl"
DAGSTER_RUN = (
    "from meeting_assets.definitions import defs; from meeting_assets.orchestration.home import prepare_home; "
    "from meeting_assets.orchestration.runs import run; from meeting_assets.settings import read_settings; "
    "from datetime import date; prepare_home(read_settings()); "
    f"assert run(defs(), {JOB!r}, [date.fromisoformat({FIRST_DAY.isoformat()!r})], run_config={{}}).succeeded"
)


def media(
    fixtures: Fixtures, *, files: int = 40, megabytes: int = 50, resets: int = 30, kills: int = 10, rounds: int = 3
) -> None:
    """Downloads of large media files: peak memory, interruptions to a folder and to S3, and throughput beside curl."""
    source = RandomFiles(megabytes * BYTES_PER_MB)
    with Sandbox(world([FIRST_DAY], files, 10), media=source, limits=False) as sandbox:
        template = fixtures.folder / "media-template"
        listed(sandbox, template)
        memory(fixtures, sandbox, template)
        interruptions(fixtures, sandbox, template, resets, kills)
        throughput(fixtures, sandbox, template, rounds)


def memory(fixtures: Fixtures, sandbox: Sandbox, template: Path) -> None:
    """Peak resident memory of all processes of a download, without and with Dagster."""
    commands = {
        "downloads alone": (sys.executable, "-m", media_process.__name__),
        "run of Dagster's job": (sys.executable, "-c", DAGSTER_RUN),
    }
    rows = []
    for name, command in commands.items():
        with home_of(fixtures, template, "memory") as home, media_settings(home, sandbox):
            sample = timed(command)
            assert_right_bytes(sandbox)
        rows.append([name, f"{sample.peak_mb:.0f}", f"{sample.wall_s:.0f}"])
    show(f"Peak resident memory: {described(sandbox)}", ("process tree", "MB", "seconds"), rows)


def interruptions(fixtures: Fixtures, sandbox: Sandbox, template: Path, resets: int, kills: int) -> None:
    """Connections that are reset and processes that are killed; the sandbox counts the bytes that it sends again."""
    rows = []
    for kind in ("folder", "s3"):
        with home_of(fixtures, template, kind) as home, ExitStack() as stack:
            stack.enter_context(media_settings(home, sandbox))
            if kind == "s3":
                stack.enter_context(raw_store_in_s3(fixtures.folder / "s3"))
            before, resent_before = sandbox.stats.sent_bytes, sandbox.stats.resent_bytes
            sandbox.stats.sent_until_by_file.clear()
            inject_resets(sandbox, resets)
            total = total_bytes(sandbox)
            at = [before + total * number // (kills + 2) for number in range(1, kills + 1)]
            began_s = time.perf_counter()
            killed = killed_and_repeated(lambda: sandbox.stats.sent_bytes, at)
            taken_s = time.perf_counter() - began_s
            sandbox.clear_faults()
            right = assert_right_bytes(sandbox)
            resent = sandbox.stats.resent_bytes - resent_before
            rows.append([kind, resets, killed, f"{right} of {len(sandbox.media_files(KIND))}"])
            rows[-1] += [f"{resent / BYTES_PER_MB:,.0f}", f"{resent / total:.1%}", f"{taken_s:.0f}"]
    columns = ("raw store", "resets", "SIGKILLs", "right SHA-256", "MB sent again", "share", "seconds")
    show(f"Interrupted downloads: {described(sandbox)}", columns, rows)


def throughput(fixtures: Fixtures, sandbox: Sandbox, template: Path, rounds: int) -> None:
    """Seconds from the first request to the last stored file, beside curl with as many connections."""
    total_mb = total_bytes(sandbox) / BYTES_PER_MB
    ours, curls = [], []
    for number in range(rounds):
        contenders = [
            lambda: ours.append(downloaded_s(fixtures, sandbox, template)),
            lambda: curls.append(curl_s(fixtures, sandbox)),
        ]
        for run in contenders[:: -1 if number % 2 else 1]:
            run()
        out.print(f"[dim]round {number + 1}: ours {ours[-1]:.1f} s, curl {curls[-1]:.1f} s")
    ratios = [curl / own for own, curl in zip(ours, curls, strict=True)]
    rows = [
        [name, f"{total_mb / statistics.median(seconds):,.0f}"] for name, seconds in (("ours", ours), ("curl", curls))
    ]
    rows.append(["ours relative to curl", f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"])
    show(f"Throughput to a folder: {described(sandbox)}, {PARALLEL} connections", ("", "MB/s"), rows)


def downloaded_s(fixtures: Fixtures, sandbox: Sandbox, template: Path) -> float:
    """Seconds of a download with hashes, inspection, upload to a folder and ledger, without the start of Python."""
    with home_of(fixtures, template, "throughput") as home, media_settings(home, sandbox):
        report = ended(started())
    return float(report["media_s"])


def curl_s(fixtures: Fixtures, sandbox: Sandbox) -> float:
    """Seconds in which curl writes the same files to a folder."""
    folder = fixtures.folder / "curl"
    folder.mkdir()
    arguments = [each for number, url in enumerate(urls(sandbox)) for each in ("-o", str(folder / str(number)), url)]
    began_s = time.perf_counter()
    subprocess.run([CURL, "--silent", "--fail", "-Z", "--parallel-max", str(PARALLEL), *arguments], check=True)
    taken_s = time.perf_counter() - began_s
    written = sum(path.stat().st_size for path in folder.iterdir())
    assert written == total_bytes(sandbox)
    shutil.rmtree(folder)
    return taken_s


def urls(sandbox: Sandbox) -> list[str]:
    """Fresh URLs of all files."""
    headers = {"Authorization": f"Token {sandbox.api_key}"}
    with httpx.Client(base_url=sandbox.url, headers=headers) as client:
        objects = [client.get(f"/api/v1/{KIND}/{file.artifact_id}/").json() for file in sandbox.media_files(KIND)]
    return [each["data"]["download_url"] for each in objects]


def listed(sandbox: Sandbox, home: Path) -> None:
    """Lists the day into a new home, so that its media files wait."""
    with settings(home, sandbox) as given, open_storage(given) as storage:
        bind_origin(storage, given)
        asyncio.run(fetch_days(storage, access_of(given), [FIRST_DAY], kinds=()))
        expect_media(storage, [KIND])


@contextmanager
def home_of(fixtures: Fixtures, template: Path, name: str) -> Iterator[Path]:
    """A copy of the listed home."""
    home = fixtures.folder / f"media-{name}"
    shutil.copytree(template, home)
    try:
        yield home
    finally:
        shutil.rmtree(home)


@contextmanager
def media_settings(home: Path, sandbox: Sandbox) -> Iterator[None]:
    """Settings of a home that downloads the files of the benchmark."""
    with settings(home, sandbox), pytest.MonkeyPatch.context() as environment:
        environment.setenv("MEETING_ASSETS_MEDIA", KIND.value)
        yield


@contextmanager
def raw_store_in_s3(folder: Path) -> Iterator[None]:
    with s3_server(folder) as variables, pytest.MonkeyPatch.context() as environment:
        for name, value in {**variables, "MEETING_ASSETS_RAW_URL": f"s3://{BUCKET}/raw"}.items():
            environment.setenv(name, value)
        yield


def inject_resets(sandbox: Sandbox, resets: int) -> None:
    """Resets the next response of some files at a random offset, with a seed."""
    offsets = random.Random(18)  # noqa: S311 - no cryptographic use
    found = sandbox.media_files(KIND)
    for number in range(resets):
        file = found[number % len(found)]
        at = offsets.randrange(file.content.size_bytes // 50, file.content.size_bytes * 9 // 10)
        sandbox.inject(Fault(file.label, reset_after_bytes=at))


def assert_right_bytes(sandbox: Sandbox) -> int:
    """Compares each stored object with the served file; returns their number."""
    from meeting_assets.settings import read_settings

    expected = {file.recording_id: sha256_of(file) for file in sandbox.media_files(KIND)}
    with open_storage(read_settings()) as storage:
        rows = media_rows(storage)
        assert {row["recording_id"]: row["sha256"] for row in rows} == expected, json.dumps(rows, default=str)
        for row in rows:
            content = storage.raw.get(row["key"])
            assert content is not None
            assert hashlib.sha256(content).hexdigest() == row["sha256"]
    return len(rows)


def total_bytes(sandbox: Sandbox) -> int:
    return sum(file.content.size_bytes for file in sandbox.media_files(KIND))


def described(sandbox: Sandbox) -> str:
    found: Sequence[object] = sandbox.media_files(KIND)
    return f"{len(found)} files, {total_bytes(sandbox) / BYTES_PER_MB:,.0f} MB"
