"""Counting of spoken words, and detection of scripts without word boundaries.

A word is a maximal run of non-blank characters with at least one letter or digit:

>>> word_count("No, I am -- your father.")
5
>>> word_count("... —")
0

Some scripts write no blanks between words, so that runs are not words:

>>> is_unspaced("今日は会議です"), is_unspaced("Guten Tag")
(True, False)
"""

from __future__ import annotations

import re

UNSPACED = (
    "\u0e00-\u0e7f"  # Thai
    "\u0e80-\u0eff"  # Lao
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"  # Han
)
"""Characters of scripts without blanks between words, as ranges for a class of a regular expression."""
_UNSPACED = re.compile(f"[{UNSPACED}]")


def word_count(text: str) -> int:
    """Returns the number of runs of non-blank characters with a letter or digit of any script."""
    runs = text.split()
    # perf: nearly all runs begin with a letter or digit; an expression takes three times as long (benchmarks load)
    if "".join([run[0] for run in runs]).isalnum():
        return len(runs)
    others = [run for run in runs if not run[0].isalnum()]
    return len(runs) - sum(not any(map(str.isalnum, run)) for run in others)


def is_unspaced(text: str) -> bool:
    """Whether more than half of the letters are Han, Kana, Thai, Lao or Khmer."""
    if text.isascii() or not _UNSPACED.search(text):
        return False
    letters = "".join(filter(str.isalpha, text))
    return 2 * len(_UNSPACED.findall(letters)) > len(letters)
