"""Parameters of the metrics, and the hash over all inputs of a recording's metric rows."""

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

# Raise it whenever a code change changes a number: rows of another version are out of date.
METRICS_VERSION = "5"

AudioEntry: TypeAlias = tuple[str, str]
"""part_id and inputs_hash of an analysed part of separate audio."""
LedgerEntry: TypeAlias = tuple[str, str, str, str | None, str | None]
"""kind, artifact_id, status, sha256 and parser_version of a ledger row."""

SETTING = "MEETING_ASSETS_METRICS"
LONGEST_S = 86_400.0
# Fields with a setting of their own.
_OTHER_SETTINGS = frozenset({"timing_source", "own_domains"})
_LARGEST = {
    "longest_meeting_s": 31 * 86_400.0,
    **dict.fromkeys(("attributed_share", "label_share", "label_margin"), 1.0),
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters that a user can set. Other constants are part of the definitions: see `METRICS_VERSION`."""

    timing_source: TimingSource = "speaker_timeline"
    """The preferred source of speech times; if it has none, the others follow in their usual order."""

    ipu_gap_s: float = 0.2
    """One speaker's speech with shorter gaps is one inter-pausal unit (IPU)."""
    dead_air_s: float = 10.0
    """Shorter pauses do not end a turn, and longer silences are dead air."""
    resumption_pause_s: float = 1.5
    """A speaker who goes on after a shorter own pause resumes the turn and makes no interruption."""
    interruption_grace_s: float = 0.5
    """An overlap up to this length is no interruption."""
    backchannel_max_s: float = 1.0
    """Longer speech whose words are unknown is no backchannel."""
    backchannel_max_words: int = 3
    """Speech with more words is no backchannel."""
    backchannel_edge_s: float = 0.1
    """An IPU that ends up to this later than the holder's floor is still inside it."""
    bridge_s: float = 0.25
    """Speech continues across shorter gaps, so that a speaker can be interrupted in them."""
    window_s: float = 150.0
    """Length of a window of balance over time."""
    window_step_s: float = 30.0
    """Distance between the starts of consecutive windows."""
    longest_meeting_s: float = 172_800.0
    """A recording with a longer duration counts as one of unknown duration and has no windows of balance."""
    attributed_share: float = 0.9
    """Columns of participants are NULL if a smaller share of the words, or of the speech, has a participant."""
    label_share: float = 0.96
    """A label is the participant whose timeline has at least this part of its comparable speech; other labels mix
    speakers and stay without a participant."""
    label_margin: float = 0.9
    """The part exceeds that of the participant with the second most by at least this. The default of `label_share`
    implies it; it matters if you lower that."""
    label_collar_s: float = 0.5
    """Speech of labels is compared with the timeline farther than this from a speaker's start and end."""
    late_grace_s: float = 60.0
    """A person who joins up to this after the scheduled start, or after the first join, is not late."""

    own_domains: tuple[str, ...] = ()
    """E-mail domains of internal participants in comparable form (`core.email_domains`), in alphabetical order."""

    @classmethod
    def of(cls, timing_source: TimingSource, given: Mapping[str, float], own_domains: Iterable[str] = ()) -> Self:
        """The defaults, replaced by the given values.

        Args:
            timing_source: the preferred source.
            given: numbers by the name of the parameter.
            own_domains: in comparable form, in any order.

        Raises:
            SettingsError: a parameter does not exist, or its value is out of range.
        """
        known = [field.name for field in fields(cls) if field.name not in _OTHER_SETTINGS]
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name not in known:
                raise SettingsError(f"{SETTING} is wrong: there is no {name}, only {', '.join(known)}.")
            smallest = 1.0 if name.startswith("window") else 0.0
            largest = _LARGEST.get(name, LONGEST_S)
            if not (math.isfinite(value) and smallest <= value <= largest):
                raise SettingsError(f"{SETTING} is wrong: {name} must be from {smallest:g} to {largest:g}.")
            values[name] = int(value) if name == "backchannel_max_words" else float(value)
        return cls(timing_source, own_domains=tuple(sorted({*own_domains})), **values)

    @property
    def config_version(self) -> str:
        """A short name of these values, the same in every process."""
        return _version(self)


@cache
def _version(parameters: Parameters) -> str:
    # As floats, because 3 and 3.0 must have the same name.
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
    corrections: Collection[tuple[str, str, str]],
    audio: Collection[AudioEntry] = (),
) -> str:
    """The hash over all inputs of a recording's metric rows, which are out of date if and only if it differs.

    Args:
        ledger: all ledger rows of the recording, in any order.
        duration_s, started_at, scheduled_at: columns of `recordings`; NULL is None.
        bot_names: as in `MeetingInput`.
        config_version: of the parameters in force.
        corrections: speaker_key, kind and target of each correction in force, in any order.
        audio: all analysed parts of separate audio, in any order.
    """
    entries = sorted(json.dumps(entry) for entry in ledger)
    instants = [None if at is None else utc(at).isoformat() for at in (started_at, scheduled_at)]
    statements = sorted(corrections)
    document = [METRICS_VERSION, config_version, duration_s, *instants, sorted(bot_names), entries, statements]
    # Recordings without analysed audio keep the hash that versions without voice activity stored.
    return _sha256([*document, sorted(audio)] if audio else document)


def _sha256(document: object) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
