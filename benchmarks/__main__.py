"""Runs one benchmark, or `all`, and prints its tables: `python -m benchmarks COMMAND [--option N]…`.

The load stays on this machine. `all` takes about 15 minutes on two idle cores; options change the amount of data.
"""

from __future__ import annotations

import argparse
import inspect
import platform
import signal
import sys
import time

import psutil

from benchmarks import loading, media, running, searching
from benchmarks.fixtures import fixtures, out

COMMANDS = {
    "load": loading.load,
    "range": loading.date_range,
    "dlt": loading.dlt,
    "sync": running.sync,
    "idle": running.idle,
    "latency": running.latency,
    "calls": running.calls,
    "memory": running.memory,
    "size": loading.size,
    "growth": loading.growth,
    "bookkeeping": running.bookkeeping,
    "search": searching.search,
    "media": media.media,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("all", help="run all benchmarks in sequence")
    for name, run in COMMANDS.items():
        command = commands.add_parser(name, help=(run.__doc__ or "").rstrip("."))
        for parameter in inspect.signature(run).parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY:
                command.add_argument(f"--{parameter.name.replace('_', '-')}", type=int, default=parameter.default)
    # SIGTERM must also stop a daemon that the benchmark has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
    given = vars(parser.parse_args())
    chosen = given.pop("command")
    with fixtures() as shared:
        for name in COMMANDS if chosen == "all" else [chosen]:
            load_average = psutil.getloadavg()[0]
            out.rule(f"{name} · {psutil.cpu_count()} cores, load {load_average:.1f} before, {platform.platform()}")
            began_s = time.perf_counter()
            COMMANDS[name](shared, **given)
            out.print(f"[dim]{name} took {time.perf_counter() - began_s:.0f} s")


if __name__ == "__main__":
    main()
