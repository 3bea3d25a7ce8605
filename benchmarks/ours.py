"""The product, as a contender: `python -m benchmarks.ours KINDS DAY…` loads the fetched payloads. Prints seconds."""

from __future__ import annotations

import sys
import time
from datetime import date

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.settings import read_settings


def main(kinds: str, *days: str) -> None:
    with open_storage(read_settings()) as storage:
        started = time.perf_counter()
        for kind in kinds.split(","):
            load_days(ARTIFACTS[kind], [date.fromisoformat(day) for day in days], storage)
        print(time.perf_counter() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
