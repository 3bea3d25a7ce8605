"""Prints how many words of AMI meetings are attributed correctly, wrongly and not at all if ids are replaced by labels.

    PYTHONPATH=. python benchmarks/labels.py [--corpora ../shared/corpora] [--share 0.96] [--margin 0.9] [--collar 0.5]

`meeting_assets_tests/support/label_scenarios.py` defines the scenarios.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.label_scenarios import report_lines


def main() -> None:
    defaults = Parameters()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--share", type=float, default=defaults.label_share, help="label_share")
    parser.add_argument("--margin", type=float, default=defaults.label_margin, help="label_margin")
    parser.add_argument("--collar", type=float, default=defaults.label_collar_s, help="label_collar_s")
    given = parser.parse_args()
    folders = sorted(path.parent for path in given.corpora.glob("ami/*/oracle.json"))
    if not folders:
        raise SystemExit("No AMI meetings found. Set --corpora to the folder of the corpora.")
    parameters = Parameters(label_share=given.share, label_margin=given.margin, label_collar_s=given.collar)
    for line in report_lines(folders, parameters):
        print(line)


if __name__ == "__main__":
    main()
