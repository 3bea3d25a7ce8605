"""The documents of `speakers --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from meeting_assets.cli.documents.values import Day, Instant, Share
from meeting_assets.cli.meeting_texts import shell_quoted
from meeting_assets.core.instants import to_iso8601

if TYPE_CHECKING:
    from meeting_assets.pipeline.corrections import Change
    from meeting_assets.pipeline.corrections_csv import ImportReport
    from meeting_assets.pipeline.speakers import SpeakersOfRecording


class ResolvedSpeaker(Struct, frozen=True):
    """A row of `speakers`."""

    source: Annotated[str, Meta(description="the artifact that names the speaker")]
    speaker_key: Annotated[str, Meta(description="the speaker as the artifact names it")]
    participant_key: Annotated[str | None, Meta(description="the participant; null if unresolved")]
    name: Annotated[str | None, Meta(description="display name; null if unknown")]
    method: Annotated[str, Meta(description="how the speaker was resolved")]
    evidence: Annotated[Share | None, Meta(description="0-1; share of the speech that supports the participant")]
    runner_up: Annotated[Share | None, Meta(description="0-1; the same for the second-best participant")]
    word_count: Annotated[int | None, Meta(description="words of the speaker; null where the source has none")]


class SpeakerParticipant(Struct, frozen=True):
    """A participant that speakers can be assigned to."""

    participant_key: Annotated[str, Meta(description="key of the participant")]
    name: Annotated[str | None, Meta(description="name in the participants artifact; null if not listed")]


class CorrectionInForce(Struct, frozen=True):
    """A row of `corrections`, with the command that undoes it."""

    speaker_key: Annotated[str, Meta(description="the corrected speaker")]
    kind: Annotated[str, Meta(description="`assign`, `same_as` or `name`")]
    target: Annotated[str, Meta(description="participant, speaker key or name, by kind")]
    author: Annotated[str, Meta(description="author of the correction")]
    at: Annotated[Instant, Meta(description="when the correction was made")]
    note: Annotated[str | None, Meta(description="reason; null if none was given")]
    occurs: Annotated[bool, Meta(description="whether a source still names the speaker")]
    undo: Annotated[str, Meta(description="command that undoes the correction, quoted for a shell")]


class SpeakersFields(Struct, frozen=True):
    """The keys of all documents about one recording's speakers."""

    recording_id: Annotated[str, Meta(description="id of the recording")]
    day: Annotated[Day, Meta(description="the recording's day")]
    is_outdated: Annotated[bool, Meta(description="whether artifacts, settings or corrections have changed since")]
    speakers: Annotated[list[ResolvedSpeaker], Meta(description="the resolution, by source and speaker key")]
    participants: Annotated[list[SpeakerParticipant], Meta(description="participants that speakers can be assigned to")]
    corrections: Annotated[list[CorrectionInForce], Meta(description="corrections in force")]


class SpeakersDocument(SpeakersFields, frozen=True, tag_field="schema", tag="meeting_assets/speakers/1"):
    """The speakers of one recording: `speakers RECORDING --json`."""


class SpeakersChangeDocument(SpeakersFields, frozen=True, tag_field="schema", tag="meeting_assets/speakers_change/1"):
    """The speakers after `speakers RECORDING` with `--assign`, `--same-as`, `--name` or `--undo`."""

    made: Annotated[list[str], Meta(description="speaker keys of the corrections that were made")]
    undone: Annotated[list[str], Meta(description="speaker keys of the corrections that were undone")]
    adopted: Annotated[
        list[str], Meta(description="speaker keys of corrections of an interrupted command, which now apply, too")
    ]


class SpeakersImportDocument(Struct, frozen=True, tag_field="schema", tag="meeting_assets/speakers_import/1"):
    """The result of `speakers --import FILE --json`."""

    made_count: Annotated[int, Meta(description="corrections that were made")]
    unchanged_count: Annotated[int, Meta(description="lines whose correction was in force before")]
    adopted_count: Annotated[int, Meta(description="corrections of an interrupted command, which now apply, too")]
    recording_ids: Annotated[list[str], Meta(description="recordings whose corrections were imported")]
    recording_count: Annotated[int, Meta(description="recordings with corrections to import")]


def speakers_document(
    found: SpeakersOfRecording, change: Change | None = None
) -> SpeakersDocument | SpeakersChangeDocument:
    """The document of a recording's speakers, with the change that this command made, if any."""
    fields = _fields(found)
    if change is None:
        return SpeakersDocument(**fields)
    return SpeakersChangeDocument(**fields, made=[*change.made], undone=[*change.undone], adopted=[*change.adopted])


def undo_command(recording_id: str, speaker_key: str) -> str:
    """The command that undoes a correction, quoted for a shell."""
    return f"meeting-assets speakers {recording_id} --undo {shell_quoted(speaker_key)}"


def _fields(found: SpeakersOfRecording) -> dict[str, Any]:
    """The keys of all documents about a recording's speakers."""
    return {
        "recording_id": found.recording_id,
        "day": found.day.isoformat(),
        "is_outdated": found.is_outdated,
        "speakers": [ResolvedSpeaker(*each) for each in found.resolved],
        "participants": [SpeakerParticipant(key, name) for key, name in found.participants.items()],
        "corrections": [
            CorrectionInForce(
                **{**each._asdict(), "at": to_iso8601(each.at)},
                occurs=each.speaker_key in found.occurring.speakers,
                undo=undo_command(found.recording_id, each.speaker_key),
            )
            for each in found.corrections
        ],
    }


def speakers_import_document(report: ImportReport) -> SpeakersImportDocument:
    """The document of an import of corrections."""
    return SpeakersImportDocument(
        report.made, report.unchanged, report.adopted, report.recording_ids, report.recording_count
    )
