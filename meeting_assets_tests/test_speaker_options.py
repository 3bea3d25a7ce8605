"""Options of `speakers` are split between speaker and target, both of which may contain `=`."""

from __future__ import annotations

import pytest

from meeting_assets.cli.speakers import split_statement
from meeting_assets.core.correction_kinds import ASSIGN, NAME, SAME_AS
from meeting_assets.pipeline.speakers import Occurring

KEYS = Occurring(frozenset({"100", "label:a", "label:a=b", "label:=", "label:b=100"}), frozenset({"100", "200"}))


@pytest.mark.parametrize(
    ("kind", "text", "key", "target"),
    [
        (ASSIGN, "label:a=100", "label:a", "100"),
        (ASSIGN, "label:a=b=200", "label:a=b", "200"),
        (ASSIGN, "label:b=100=200", "label:b=100", "200"),
        (ASSIGN, "label:==100", "label:=", "100"),
        (SAME_AS, "label:a=label:a=b", "label:a", "label:a=b"),
        (SAME_AS, "label:a=b=label:b=100", "label:a=b", "label:b=100"),
        (NAME, "100= Ada = A ", "100", "Ada = A"),
    ],
)
def test_option_is_split_between_speaker_and_target(kind: str, text: str, key: str, target: str) -> None:
    assert split_statement(kind, text, KEYS) == (key, target)


def test_option_with_two_readings_is_rejected() -> None:
    with pytest.raises(ValueError, match="several ways; use --import"):
        split_statement(NAME, "label:a=b=c", KEYS)
