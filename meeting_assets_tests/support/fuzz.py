"""Feeds mutated payloads to the parsers: `python -m meeting_assets_tests.support.fuzz --seconds 600`.

Mutations and properties are those of the property tests (`mutations`, `payload_properties`). In addition, documents
that led to a new fault or a new combination of columns are mutated further, parsing time is compared with length, and
payloads that violate a property are reduced and stored. The seed determines all inputs.
"""

from __future__ import annotations

import argparse
import faulthandler
import re
import sys
import traceback
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from math import inf
from pathlib import Path
from random import Random
from tempfile import gettempdir
from time import process_time

from meeting_assets_tests.support.fuzz_targets import KINDS, StorageCheck, Target, databases, target_of
from meeting_assets_tests.support.mutations import editable, serialized, with_change, with_damage

POOL = 1_000
LONGEST_ANCESTOR = 2_500


@dataclass
class Tally:
    """Statistics of a run."""

    inputs: int = 0
    size_bytes: int = 0
    read: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: dict[str, Path] = field(default_factory=dict)


def fuzz(name: str, target: Target, *, seconds: float, seed: int, findings: Path, most_inputs: float = inf) -> Tally:
    """Mutates and parses payloads for the given CPU time."""
    chance, tally = Random(f"{name} {seed}"), Tally()
    pool = [editable(document) for document in target.documents]
    until, report_at = process_time() + seconds, process_time() + 60
    while (now := process_time()) < until and tally.inputs < most_inputs:
        if now > report_at:
            report_at = now + 60
            counts = f"{tally.inputs:,} inputs, {len(tally.outcomes):,} outcomes, {len(tally.violations)} violations"
            print(f"  {name}: {counts}", flush=True)
        document = editable(chance.choice(pool))
        for _ in range(chance.choice([0, 1, 1, 1, 2, 2, 3, 5])):
            document = with_change(document, chance)
        payload = serialized(document, is_ascii=chance.random() < 0.5)
        is_damaged = chance.random() < 0.3
        for _ in range(chance.choice([1, 1, 2, 4]) if is_damaged else 0):
            payload = with_damage(payload, chance)
        is_new, is_read = _feed(name, target, payload, tally, findings)
        # Few rejected documents are kept, because most of their descendants have the same fault.
        if is_new and not is_damaged and len(payload) < LONGEST_ANCESTOR and (is_read or chance.random() < 0.05):
            if len(pool) >= POOL:
                del pool[chance.randrange(len(target.documents), POOL)]
            pool.append(document)
    return tally


def _feed(name: str, target: Target, payload: bytes, tally: Tally, findings: Path) -> tuple[bool, bool]:
    """Returns whether the outcome is new, and whether the payload was parsed."""
    tally.inputs += 1
    tally.size_bytes += len(payload)
    try:
        is_read, outcome = _timed(target, payload)
    except Exception as error:  # noqa: BLE001 - every exception violates a property
        _keep(name, target, payload, error, tally, findings)
        return False, False
    tally.read += is_read
    tally.outcomes[outcome] += 1
    return tally.outcomes[outcome] == 1, is_read


def _timed(target: Target, payload: bytes) -> tuple[bool, str]:
    started = process_time()
    result = target.read(payload)
    took_s = process_time() - started
    if took_s > 1 + len(payload) * 2e-6:
        raise TimeoutError(f"{took_s:.1f} s for {len(payload)} bytes")
    return result


def _keep(name: str, target: Target, payload: bytes, error: Exception, tally: Tally, findings: Path) -> None:
    """Stores and prints a payload that violates a property, reduced in size; only the first of each kind."""
    kind = _kind_of(error)
    if kind in tally.violations:
        return
    small = _smaller(target, payload, kind)
    findings.mkdir(parents=True, exist_ok=True)
    tally.violations[kind] = findings / f"{name}-{sha256(small).hexdigest()[:12]}.bin"
    tally.violations[kind].write_bytes(small)
    print(f"VIOLATION {name}: {kind}\n  {tally.violations[kind]} ({len(small)} bytes)\n  {small!r:.2000}")
    traceback.print_exception(error, limit=-4, file=sys.stdout)
    sys.stdout.flush()


def _kind_of(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = re.sub(r"\d+", "#", str(error)).partition(" does not take ")[0][:80]
    return f"{type(error).__name__} in {Path(frame.filename).name}, {frame.name}: {text}"


def _smaller(target: Target, payload: bytes, kind: str) -> bytes:
    """Removes spans that do not affect the violation."""

    def is_alike(candidate: bytes) -> bool:
        try:
            _timed(target, candidate)
        except Exception as error:  # noqa: BLE001 - it is compared
            return _kind_of(error) == kind
        return False

    until, width = process_time() + 10, len(payload) // 2
    while width:
        at = 0
        while at < len(payload) and process_time() < until:
            candidate = payload[:at] + payload[at + width :]
            if is_alike(candidate):
                payload = candidate
            else:
                at += width
        width //= 2
    return payload


def main() -> int:
    parser = argparse.ArgumentParser(description="Feeds mutated payloads to the parsers and to the API's decoders.")
    parser.add_argument("--seconds", type=float, default=600, help="of CPU time, for each kind")
    parser.add_argument("--kind", action="append", choices=KINDS, help="default: all, one after the other")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path, default=Path(gettempdir(), "fuzz-findings"), help="a folder")
    options = parser.parse_args()
    faulthandler.enable()  # a crash in C stores no finding; its trace and the seed reproduce it
    violations = 0
    with databases() as found:
        for name in options.kind or KINDS:
            storage_check = StorageCheck(found)
            target = target_of(name, storage_check)
            print(f"{name}: {options.seconds:.0f} s of CPU time, seed {options.seed}", flush=True)
            tally = fuzz(name, target, seconds=options.seconds, seed=options.seed, findings=options.findings)
            stored = f", {storage_check.stored:,} stored in {' and '.join(found)}" if storage_check.stored else ""
            print(
                f"{name}: {tally.inputs:,} inputs ({tally.size_bytes / 1e6:,.0f} MB) tried in {options.seconds:.0f} s: "
                f"{tally.read:,} read{stored}, {tally.inputs - tally.read:,} refused, "
                f"{len(tally.outcomes):,} outcomes, {len(tally.violations)} violations",
                flush=True,
            )
            violations += len(tally.violations)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
