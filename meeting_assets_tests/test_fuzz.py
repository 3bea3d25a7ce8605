"""The fuzzer detects and stores violations, and is reproducible."""

from __future__ import annotations

from pathlib import Path

import pytest

from meeting_assets_tests.support.fuzz import Tally, fuzz
from meeting_assets_tests.support.fuzz_targets import KINDS, StorageCheck, Target, target_of

DOCUMENT = [{"id": 1, "name": "Ada", "words": ["so", "be", "it"]}]


def strict(payload: bytes) -> tuple[bool, str]:
    """Raises for every payload that contains null."""
    if b"null" in payload:
        raise RuntimeError(f"null at {payload.index(b'null')}")
    return True, str(len(payload))


def fuzzed(target: Target, findings: Path, *, input_count: int = 200, seed: int = 1) -> Tally:
    return fuzz("things", target, seconds=60, seed=seed, findings=findings, most_inputs=input_count)


def test_violation_is_stored_once_and_reduced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tally = fuzzed(Target([DOCUMENT], strict), tmp_path)

    (kept,) = tally.violations.values()
    assert kept.read_bytes() == b"null"
    assert kept.parent == tmp_path
    assert "RuntimeError in test_fuzz.py, strict: null at #" in capsys.readouterr().out


def test_seed_determines_the_inputs(tmp_path: Path) -> None:
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
def test_every_target_accepts_mutated_payloads(kind: str, tmp_path: Path) -> None:
    tally = fuzzed(target_of(kind, StorageCheck({})), tmp_path, input_count=100)

    assert tally.violations == {}
    assert 0 < tally.read < tally.inputs == 100
