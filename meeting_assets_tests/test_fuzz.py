"""The fuzzer finds what it is there to find, keeps it, and does the same twice for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from meeting_assets_tests.support.fuzz import Tally, fuzz
from meeting_assets_tests.support.fuzz_targets import KINDS, Depot, Target, target_of

DOCUMENT = [{"id": 1, "name": "Ada", "words": ["so", "be", "it"]}]


def strict(payload: bytes) -> tuple[bool, str]:
    """Stumbles over a null, wherever it is."""
    if b"null" in payload:
        raise RuntimeError(f"null at {payload.index(b'null')}")
    return True, str(len(payload))


def fuzzed(target: Target, findings: Path, *, input_count: int = 200, seed: int = 1) -> Tally:
    return fuzz("things", target, seconds=60, seed=seed, findings=findings, most_inputs=input_count)


def test_a_broken_law_is_kept_once_as_small_as_it_can_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tally = fuzzed(Target([DOCUMENT], strict), tmp_path)

    (kept,) = tally.broken.values()
    assert kept.read_bytes() == b"null"
    assert kept.parent == tmp_path
    assert "RuntimeError in test_fuzz.py, strict: null at #" in capsys.readouterr().out


def test_the_same_seed_tries_the_same_and_another_something_else(tmp_path: Path) -> None:
    def tried(seed: int) -> list[bytes]:
        payloads: list[bytes] = []

        def read(payload: bytes) -> tuple[bool, str]:
            payloads.append(payload)
            return True, str(len(payload))

        fuzzed(Target([DOCUMENT], read), tmp_path, input_count=50, seed=seed)
        return payloads

    assert len(tried(1)) == 50
    assert tried(1) == tried(1)
    assert tried(1) != tried(2)


@pytest.mark.parametrize("kind", KINDS)
def test_every_decoder_can_be_fed(kind: str, tmp_path: Path) -> None:
    tally = fuzzed(target_of(kind, Depot({})), tmp_path, input_count=100)

    assert tally.broken == {}
    assert 0 < tally.read < tally.inputs == 100
