"""Prints how metrics of eight AMI meetings compare with the corpus's annotations and with published figures.

    PYTHONPATH=. python benchmarks/ami.py [--corpora ../shared/corpora]

`meeting_assets_tests/support/ami_report.py` defines the comparison.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from meeting_assets_tests.support.ami_report import report_lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, default=Path("../shared/corpora"))
    folders = sorted(path.parent for path in parser.parse_args().corpora.glob("ami/*/oracle.json"))
    if not folders:
        raise SystemExit("No AMI meetings found. Set --corpora to the folder of the corpora.")
    for line in report_lines(folders):
        print(line)


if __name__ == "__main__":
    main()
