"""Dagster's daemon as a module for `python -m`: `dagster-daemon` is a script only, which need not be on the PATH."""

import sys
from importlib.metadata import entry_points

SCRIPT = "dagster-daemon"


def main() -> None:
    """Runs Dagster's daemon with the arguments of this process."""
    sys.argv[0] = SCRIPT
    (script, *_) = entry_points(group="console_scripts", name=SCRIPT)
    sys.exit(script.load()())


if __name__ == "__main__":
    main()
