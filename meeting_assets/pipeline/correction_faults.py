"""Faults of corrections: reasons to refuse one.

Faults quote no speaker, name or note, since errors may be logged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from meeting_assets.core.correction_kinds import ASSIGN, KINDS, NAME, SAME_AS
from meeting_assets.core.user_text import LONGEST_NAME, LONGEST_NOTE, text_fault
from meeting_assets.pipeline.speakers import Occurring
from meeting_assets.store.corrections import InForce, StoredCorrection

NO_SPEAKER = "this recording has no such speaker"
NO_PARTICIPANT = "this recording has no such participant to assign to"
NO_TARGET = "this recording has no such speaker to join with"
TWICE = "the speaker has another correction in the same command"
IS_PARTICIPANT = "a participant cannot be the same as a label; give `--assign` the label and the participant"


def faults_of(
    new: Collection[StoredCorrection], in_force: Mapping[str, StoredCorrection], occurring: Occurring
) -> dict[str, str]:
    """The faults of new corrections by speaker key; `in_force` contains them and the others of the recording."""
    found = {each.speaker_key: _fault(each, in_force, occurring) for each in new}
    if len(found) < len(new):
        keys = [each.speaker_key for each in new]
        found |= {key: TWICE for key in keys if keys.count(key) > 1}
    return {key: fault for key, fault in found.items() if fault is not None}


def with_copies(held: InForce, *copies: InForce) -> dict[str, StoredCorrection]:
    """The corrections of the database, and those of the raw store of other speakers that are valid beside them.

    Speakers and participants of a copy need not occur: corrections outlast the artifacts.
    """
    merged = dict(held)
    for key, each in (item for copy in copies for item in copy.items()):
        if key not in merged and not text_faults(each) and fault_among(each, {**merged, key: each}) is None:
            merged[key] = each
    return merged


def text_faults(correction: StoredCorrection) -> list[str]:
    """The faults of author, name and note."""
    faults = {"author": text_fault(correction.author, LONGEST_NAME)}
    if correction.kind == NAME:
        faults["name"] = text_fault(correction.target, LONGEST_NAME)
    if correction.note is not None:
        faults["note"] = text_fault(correction.note, LONGEST_NOTE, lines=True)
    return [f"the {what} {fault}" for what, fault in faults.items() if fault is not None]


def fault_among(correction: StoredCorrection, in_force: InForce) -> str | None:
    """The fault of a correction among those in force, which contain it; None without one."""
    key, kind, target = correction.statement
    if kind == NAME:
        return None
    if target == key:
        return "a speaker cannot be corrected to itself"
    if _is_cyclic(key, in_force):
        return "the correction and others in force form a cycle"
    if kind == ASSIGN and target in in_force and in_force[target].kind != NAME:
        return "the participant itself is corrected to another speaker; use that one"
    if any((each.kind, each.target) == (ASSIGN, key) for each in in_force.values()):
        return "other speakers are assigned to this participant; assign them to the new one first"
    return None


def _fault(correction: StoredCorrection, in_force: InForce, occurring: Occurring) -> str | None:
    key, kind, target = correction.statement
    if kind not in KINDS:
        return f"the kind is none of {', '.join(KINDS)}"
    if key not in occurring.speakers:
        return NO_SPEAKER
    if found := text_faults(correction):
        return found[0]
    if target != key and kind == SAME_AS and target not in occurring.speakers:
        return NO_TARGET
    if target != key and kind == ASSIGN and target not in occurring.participants:
        return NO_PARTICIPANT
    if (fault := fault_among(correction, in_force)) is not None:
        return fault
    # A set of speakers that are the same has one participant at most: each correction leads to the next speaker.
    is_reversed = key in occurring.participants and target not in occurring.participants
    return IS_PARTICIPANT if kind == SAME_AS and is_reversed else None


def _is_cyclic(key: str, in_force: InForce) -> bool:
    """True if following the corrections from a speaker comes to a speaker again."""
    visited: set[str] = set()
    while key not in visited:
        visited.add(key)
        correction = in_force.get(key)
        if correction is None or correction.kind == NAME:
            return False
        key = correction.target
    return True
