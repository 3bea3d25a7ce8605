"""What numbers depend on besides the meeting: parameters and the version of the code; the hash of it all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import TypeAlias

from meeting_assets.settings import TimingSource

# Raised whenever a change of code changes a number: rows made under another version are then out of date.
METRICS_VERSION = "1"

# kind, artifact_id, status, sha256, parser_version
LedgerEntry: TypeAlias = tuple[str, str, str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a user may set. All else about a metric is its definition and changes with `METRICS_VERSION`."""

    timing_source: TimingSource = "speaker_timeline"
    """Asked first for speech times; the others follow in their usual order where it has none."""

    @property
    def config_version(self) -> str:
        """A short name for these values, the same in every process."""
        return _sha256(asdict(self))[:12]


def inputs_hash(
    ledger: Iterable[LedgerEntry],
    *,
    duration_s: float | None,
    bot_names: Collection[str],
    config_version: str,
) -> str:
    """What a recording's metric rows were made from: they are out of date if and only if this differs.

    Args:
        ledger: all ledger rows of the recording, in any order.
        duration_s: as `recordings` has it; NULL there is None here.
        bot_names: as in `MeetingInput`.
        config_version: of the parameters in use.
    """
    entries = sorted(json.dumps(entry) for entry in ledger)
    return _sha256([METRICS_VERSION, config_version, duration_s, sorted(bot_names), entries])


def _sha256(document: object) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
