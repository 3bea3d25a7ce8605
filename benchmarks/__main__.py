"""`python -m benchmarks COMMAND [--option N]…`: one measurement, or `all` of them; each prints its tables.

All load stays on this machine. `all` takes some 15 minutes on two idle cores; options make it larger or smaller.
"""

from __future__ import annotations

import argparse
import inspect
import platform
import signal
import sys
import time

import psutil

from benchmarks import loading, running
from benchmarks.stage import out, stage

COMMANDS = {
    "load": loading.load,
    "range": loading.span,
    "dlt": loading.dlt,
    "sync": running.sync,
    "idle": running.idle,
    "latency": running.latency,
    "calls": running.calls,
    "memory": running.memory,
    "size": loading.size,
    "growth": loading.growth,
    "bookkeeping": running.bookkeeping,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("all", help="one after the other")
    for name, measure in COMMANDS.items():
        command = commands.add_parser(name, help=(measure.__doc__ or "").rstrip("."))
        for parameter in inspect.signature(measure).parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY:
                command.add_argument(f"--{parameter.name.replace('_', '-')}", type=int, default=parameter.default)
    # A daemon that a command has started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    given = vars(parser.parse_args())
    chosen = given.pop("command")
    with stage() as storage:
        for name in COMMANDS if chosen == "all" else [chosen]:
            busy = psutil.getloadavg()[0]
            out.rule(f"{name} · {psutil.cpu_count()} cores, load {busy:.1f} before, {platform.platform()}")
            began_s = time.perf_counter()
            COMMANDS[name](storage, **given)
            out.print(f"[dim]{name} took {time.perf_counter() - began_s:.0f} s")


if __name__ == "__main__":
    main()
