"""Size and speed of the page of a large meeting: rendering in Python, opening in Chromium.

    PYTHONPATH=. .venv/bin/python benchmarks/pages.py              12 hours with 200 participants
    PYTHONPATH=. .venv/bin/python benchmarks/pages.py --hours 1 --people 6

Writes everything to a temporary folder.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from meeting_assets.pipeline.storage import open_storage
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.meeting_page import meeting_page
from meeting_assets.publications.pages.rendering import static_files
from meeting_assets.publications.pages.site import Site
from meeting_assets.sandbox import Sandbox, World
from meeting_assets.sandbox.uniform import VOCABULARY
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.browsers import running_chromium, watched_page
from meeting_assets_tests.support.environments import sync_days, use_home, use_sandbox
from meeting_assets_tests.support.page_meetings import DAY, Json, PageMeeting, event, person, segment, spoken

WORD_S = 0.36
MEAN_WORDS = 22
LOAD_END_S = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"


def large_meeting(hours: int, people: int) -> PageMeeting:
    """A meeting in which a few people have most of the talk, with cameras, shared screens and chat."""
    rng, end_s = random.Random(1), 3600.0 * hours  # noqa: S311 - synthetic data, the same in each run
    persons = [person(100 * (n + 1), f"Person {n:03}", email=f"p{n}@example.com") for n in range(people)]
    timeline: list[Json] = []
    transcript: list[Json] = []
    events = [each for one in persons for each in _presence(one, end_s, rng)]
    at_s = 5.0
    while at_s < end_s - 120:
        one = rng.choices(persons, [1 / (1 + n) for n in range(people)])[0]
        words = [rng.choice(VOCABULARY) for _ in range(1 + int(rng.expovariate(1 / MEAN_WORDS)))]
        text = " ".join(words).capitalize() + rng.choice("...?")
        stop_s = at_s + len(words) * WORD_S
        transcript.append(spoken(one, text, at_s, word_s=WORD_S))
        timeline.append(segment(one, at_s, stop_s))
        if rng.random() < 0.02:
            events.append(event(one, "chat_message", at_s, text=text, to="everyone"))
        at_s = stop_s + rng.uniform(-0.8, 1.2)
    return PageMeeting("All hands", end_s, persons, timeline, events, transcript)


def _presence(one: Json, end_s: float, rng: random.Random) -> list[Json]:
    join_s = rng.choice((0.0, 0.0, 0.0, rng.uniform(0, 600)))
    leave_s = rng.uniform(end_s * 0.6, end_s)
    switches = [("webcam", join_s + 5, leave_s - 5)] if rng.random() < 0.5 else []
    switches += [("screenshare", join_s + 100, join_s + 400)] if rng.random() < 0.1 else []
    devices = [
        event(one, f"{device}_{state}", at_s)
        for device, on_s, off_s in switches
        for state, at_s in (("on", on_s), ("off", off_s))
    ]
    return [event(one, "join", join_s), *devices, event(one, "leave", leave_s)]


def timed_s(call: Callable[[], object], rounds: int) -> float:
    """The median of the CPU seconds of some calls."""
    lengths_s = []
    for _ in range(rounds):
        began_s = time.process_time()
        call()
        lengths_s.append(time.process_time() - began_s)
    return statistics.median(lengths_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("--hours", 12), ("--people", 200), ("--rounds", 7)):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        use_home(Path(folder) / "home", monkeypatch)
        recording, bot = large_meeting(given.hours, given.people).recording("large", 0)
        with Sandbox(World([recording], [bot] if bot else [], [DAY]), limits=False) as sandbox:
            use_sandbox(sandbox, monkeypatch)
            sync_days([DAY])
        file = Path(folder) / links.meeting_key(DAY, recording.id)
        file.parent.mkdir(parents=True)
        with open_storage(read_settings()) as storage, storage.database.reading() as connection:
            site = Site.read(connection)
            html = meeting_page(connection, recording.id, site) or ""
            render_s = timed_s(lambda: meeting_page(connection, recording.id, site), given.rounds)
        file.write_text(html, "utf-8")
        for key, content in static_files().items():
            (Path(folder) / key).write_bytes(content)
        print(f"{given.hours} hours, {given.people} participants: {len(html.encode()) / 1e6:.2f} MB")
        print(f"rendered in {render_s:.2f} s of CPU")
        print(
            f"opened in {median_load_s(file.as_uri(), given.rounds):.2f} s, until all is loaded and the script has run"
        )


def median_load_s(url: str, rounds: int) -> float:
    loads_s = []
    with running_chromium() as browser:
        for _ in range(rounds):
            with watched_page(browser) as (page, _):
                page.goto(url)
                page.locator("#find").fill("numbers")
                loads_s.append(page.evaluate(LOAD_END_S))
    return statistics.median(loads_s)


if __name__ == "__main__":
    main()
