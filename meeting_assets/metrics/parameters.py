"""What numbers depend on besides the meeting: parameters and the version of the code; the hash of it all."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Self, TypeAlias

from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import utc
from meeting_assets.core.timing_source import TimingSource

# Raised whenever a change of code changes a number: rows made under another version are then out of date.
METRICS_VERSION = "4"

# kind, artifact_id, status, sha256, parser_version
LedgerEntry: TypeAlias = tuple[str, str, str, str | None, str | None]

SETTING = "MEETING_ASSETS_METRICS"
LONGEST_S = 86_400.0
LONGEST_MEETING_S = 31 * 86_400.0


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a user may set. All else about a metric is its definition and changes with `METRICS_VERSION`."""

    timing_source: TimingSource = "speaker_timeline"
    """Asked first for speech times; the others follow in their usual order where it has none."""

    ipu_gap_s: float = 0.2
    """One speaker's speech with shorter gaps is one inter-pausal unit (IPU)."""
    turn_gap_s: float = 1.5
    """Pauses up to this do not end a turn."""
    interruption_grace_s: float = 0.5
    """To talk over somebody no longer than this is no interruption."""
    backchannel_max_s: float = 1.0
    """What is longer is no backchannel."""
    backchannel_max_words: int = 3
    """What has more words is no backchannel."""
    backchannel_edge_s: float = 0.1
    """To end so much later than the holder of the floor is still inside."""
    bridge_s: float = 0.25
    """In shorter gaps of their speech people still speak, and can be interrupted."""
    window_s: float = 150.0
    """Length of a window of balance over time."""
    window_step_s: float = 30.0
    """From the start of one window to that of the next."""
    longest_meeting_s: float = 172_800.0
    """A recording that seems to be longer has an unknown duration, and no windows of balance."""
    late_grace_s: float = 60.0
    """Who comes no later than this, after the start in the calendar or after the first, is not late."""

    @classmethod
    def of(cls, timing_source: TimingSource, given: Mapping[str, float]) -> Self:
        """The defaults but for what is given.

        Raises:
            SettingsError: there is no such parameter, or it cannot be so.
        """
        known = [field.name for field in fields(cls) if field.name != "timing_source"]
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name not in known:
                raise SettingsError(f"{SETTING} is wrong: there is no {name}, only {', '.join(known)}.")
            smallest = 1.0 if name.startswith("window") else 0.0
            largest = LONGEST_MEETING_S if name == "longest_meeting_s" else LONGEST_S
            if not (math.isfinite(value) and smallest <= value <= largest):
                raise SettingsError(f"{SETTING} is wrong: {name} must be from {smallest:g} to {largest:g}.")
            values[name] = int(value) if name == "backchannel_max_words" else float(value)
        return cls(timing_source, **values)

    @property
    def config_version(self) -> str:
        """A short name for these values, the same in every process."""
        return _version(self)


@cache
def _version(parameters: Parameters) -> str:
    # As floats, or 3 and 3.0 would have two names.
    values = {name: float(value) if isinstance(value, int) else value for name, value in asdict(parameters).items()}
    return _sha256(values)[:12]


def inputs_hash(
    ledger: Iterable[LedgerEntry],
    *,
    duration_s: float | None,
    started_at: datetime | None,
    scheduled_at: datetime | None,
    bot_names: Collection[str],
    config_version: str,
) -> str:
    """What a recording's metric rows were made from: they are out of date if and only if this differs.

    Args:
        ledger: all ledger rows of the recording, in any order.
        duration_s, started_at, scheduled_at: as `recordings` has them; NULL there is None here.
        bot_names: as in `MeetingInput`.
        config_version: of the parameters in use.
    """
    entries = sorted(json.dumps(entry) for entry in ledger)
    instants = [None if at is None else utc(at).isoformat() for at in (started_at, scheduled_at)]
    return _sha256([METRICS_VERSION, config_version, duration_s, *instants, sorted(bot_names), entries])


def _sha256(document: object) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
