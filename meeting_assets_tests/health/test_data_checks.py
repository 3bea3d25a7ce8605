"""A claim names what breaks it, of whatever day, and holds again only when nothing does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Executable

from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.core.instants import now
from meeting_assets.health.check import MAX_NAMED, Check, Violations
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.table_checks import table_checks
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.sandbox import Recording, Sandbox, combined, uniform
from meeting_assets.schema.columns import RecordingRow
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use

DAY, NEXT_DAY = date(2026, 3, 2), date(2026, 3, 3)
CREATED = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNREADABLE = b'[{"participant": 7}]'
LONGER = timedelta(hours=2)
"""After that no run is taken to be at work any more."""


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    # Three people with some 100 s and 330 words each: substantial talk.
    with Sandbox(uniform(DAY, recordings=2, words=1000)) as running:
        use(running, monkeypatch)
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    return sandbox.world.recordings[0]


def the_claim(name: str, table: str) -> Check:
    (claim,) = (each for each in [*ledger_checks(), *table_checks()] if (each.name, each.table) == (name, table))
    return claim


def broken(name: str, table: str, at: datetime | None = None) -> Violations:
    """What breaks a claim at an instant, by default when the last run is long over."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        return the_claim(name, table).violations(connection, at or now() + LONGER)


def places(found: Violations) -> list[tuple[str, date | None, str, str]]:
    return [(each.recording_id, each.day, each.source, each.location) for each in found.newest]


def change(*statements: Executable) -> None:
    """What no run does: rows that contradict each other."""
    with open_test_storage() as storage, storage.database.writing() as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0


def deleted(model: type[RecordingRow], recording: Recording, **values: Any) -> Executable:
    """The deletion of some rows of a recording."""
    table = table_of(model)
    conditions = [table.c[name] == value for name, value in values.items()]
    return table.delete().where(table.c.recording_id == recording.id, *conditions)


@pytest.mark.parametrize("claims", [ledger_checks, table_checks])
def test_a_day_that_came_home_whole_breaks_no_claim(sandbox: Sandbox, claims: Callable[[], list[Check]]) -> None:
    sync_days([DAY])

    with open_test_storage() as storage, storage.database.reading() as connection:
        found = {(claim.name, claim.table): claim.violations(connection, now() + LONGER).count for claim in claims()}

    assert found
    assert not any(found.values())


@pytest.mark.usefixtures("sandbox")
def test_an_empty_database_breaks_no_claim() -> None:
    with open_test_storage() as storage, storage.database.reading() as connection:
        found = [claim.violations(connection, now()).count for claim in [*ledger_checks(), *table_checks()]]

    assert not any(found)


def test_a_quarantined_artifact_is_named_with_the_place_of_its_fault(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.set_payload(recording.of("transcript")[0].id, "transcript", UNREADABLE)

    sync_days([DAY])

    found = broken("nothing_is_quarantined", "transcript_words")
    assert places(found) == [(recording.id, DAY, "transcript", "[0].participant: expected object, got int")]
    assert broken("nothing_is_quarantined", "participants").count == 0


def test_all_breaches_are_counted_and_the_newest_20_named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [uniform(DAY, recordings=2, words=5), uniform(NEXT_DAY, recordings=MAX_NAMED, words=5)]
    with Sandbox(combined(days)) as sandbox:
        use(sandbox, monkeypatch)
        for each in sandbox.world.recordings:
            sandbox.set_payload(each.of("transcript")[0].id, "transcript", UNREADABLE)
        sync_days([DAY, NEXT_DAY])

        found = broken("nothing_is_quarantined", "transcript_words")

    assert found.count == 2 + MAX_NAMED
    assert [(each.day, each.recording_id) for each in found.newest] == sorted(
        (each.day, each.id) for each in sandbox.world.recordings if each.day == NEXT_DAY
    )


def test_what_is_not_home_is_named_a_day_before_it_expires(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.set_url(recording.of("transcript")[0].id, "transcript", None)
    sync_days([DAY])
    assert recording.expires_at is not None
    expires_at = recording.expires_at.astimezone(UTC)

    in_time = broken("nothing_expires_unfetched", "recordings", expires_at - timedelta(hours=25))
    late = broken("nothing_expires_unfetched", "recordings", expires_at - timedelta(hours=23))
    too_late = broken("nothing_expires_unfetched", "recordings", expires_at + timedelta(hours=1))

    assert in_time.count == 0
    said = f"not fetched, expires at {expires_at:%Y-%m-%d %H:%M} UTC"
    assert places(late) == places(too_late) == [(recording.id, DAY, "transcript", said)]


def test_what_was_lost_is_named_for_a_week(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.set_url(recording.of("transcript")[0].id, "transcript", None)
    sync_days([DAY])
    sandbox.delete(recording.id)
    sync_days([DAY])

    lost = broken("nothing_expires_unfetched", "recordings")
    after_a_week = broken("nothing_expires_unfetched", "recordings", now() + timedelta(days=8))

    assert places(lost) == [(recording.id, DAY, "transcript", "deleted at the API before it was fetched")]
    assert after_a_week.count == 0


def test_what_is_home_when_the_api_deletes_it_is_no_loss(sandbox: Sandbox, recording: Recording) -> None:
    sync_days([DAY])
    sandbox.delete(recording.id)

    sync_days([DAY])

    assert broken("nothing_expires_unfetched", "recordings").count == 0


def test_a_recording_that_goes_on_for_a_day_is_stuck(sandbox: Sandbox) -> None:
    running = sandbox.add_recording(CREATED, processing=True)
    sync_days([DAY])

    soon = broken("nothing_is_stuck_at_the_api", "recordings", CREATED + timedelta(hours=23))
    a_day_later = broken("nothing_is_stuck_at_the_api", "recordings", CREATED + timedelta(hours=25))

    assert soon.count == 0
    assert (running.id, DAY, "recording", "processing since 2026-03-02 09:00 UTC") in places(a_day_later)


def test_a_transcript_that_is_made_for_a_day_is_stuck_until_it_comes(sandbox: Sandbox, recording: Recording) -> None:
    transcript_id = sandbox.add_transcript(recording.id, CREATED, processing=True)
    sync_days([DAY])
    waiting = broken("nothing_is_stuck_at_the_api", "recordings", CREATED + timedelta(hours=25))
    sandbox.finish_artifact(transcript_id)

    sync_days([DAY])

    assert (recording.id, DAY, "transcript", "processing since 2026-03-02 09:00 UTC") in places(waiting)
    assert broken("nothing_is_stuck_at_the_api", "recordings").count == 0


def test_an_artifact_whose_url_never_comes_is_stuck(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.set_url(recording.of("transcript")[0].id, "transcript", None)
    sync_days([DAY])
    sync_days([DAY])
    tried_twice = broken("nothing_is_stuck_at_the_api", "recordings")

    sync_days([DAY])

    assert tried_twice.count == 0
    said = "the API says done but gives no download URL yet"
    assert places(broken("nothing_is_stuck_at_the_api", "recordings")) == [(recording.id, DAY, "transcript", said)]


def test_a_finished_recording_without_metrics_is_named_once_no_run_is_at_it(
    sandbox: Sandbox, recording: Recording
) -> None:
    sync_days([DAY])
    change(deleted(MeetingMetrics, recording))

    at_once = broken("every_finished_recording_has_metrics", "meeting_metrics", now())
    later = broken("every_finished_recording_has_metrics", "meeting_metrics")

    assert at_once.count == 0
    assert places(later) == [(recording.id, DAY, "meeting_metrics", "no row")]


def test_a_recording_that_goes_on_needs_no_metrics(sandbox: Sandbox) -> None:
    sandbox.add_recording(CREATED, processing=True)

    sync_days([DAY])

    assert broken("every_finished_recording_has_metrics", "meeting_metrics").count == 0


def test_a_word_outside_its_utterance_is_named(sandbox: Sandbox, recording: Recording) -> None:
    sync_days([DAY])
    words = table_of(TranscriptWords)
    fourth = (words.c.recording_id == recording.id, words.c.word_index == 3)

    change(words.update().where(*fourth).values(end_s=9999.0))

    found = broken("every_utterances_words_lie_inside_it", "transcript_words")
    assert places(found) == [(recording.id, DAY, "transcript_words", "utterance 0, word 3")]


def test_a_word_without_an_utterance_is_named(sandbox: Sandbox, recording: Recording) -> None:
    sync_days([DAY])

    change(deleted(TranscriptUtterances, recording, utterance_index=0))

    found = broken("every_utterances_words_lie_inside_it", "transcript_words")
    assert found.count > 1
    assert found.newest[0].location == "utterance 0, word 0"


@pytest.mark.parametrize(
    ("gone_from", "left_in"),
    [(SpeakerTimeline, "transcript_utterances"), (TranscriptUtterances, "speaker_timeline")],
)
def test_who_talks_in_one_source_and_not_in_the_other_is_named(
    sandbox: Sandbox, recording: Recording, gone_from: type[RecordingRow], left_in: str
) -> None:
    sync_days([DAY])

    change(deleted(gone_from, recording, participant_key="100"))

    found = broken("timeline_and_transcript_name_the_same_people", "transcript_utterances")
    assert places(found) == [(recording.id, DAY, left_in, "participant 100 is in this source only")]


@pytest.mark.parametrize("source", [SpeakerTimeline, TranscriptUtterances])
def test_a_source_that_does_not_say_who_speaks_contradicts_nobody(
    sandbox: Sandbox, recording: Recording, source: type[RecordingRow]
) -> None:
    sync_days([DAY])
    table = table_of(source)
    spoken = (table.c.recording_id == recording.id, table.c.participant_key == "100")

    change(table.update().where(*spoken).values(participant_key="label:Speaker A"))

    assert broken("timeline_and_transcript_name_the_same_people", "transcript_utterances").count == 0


def test_a_bot_in_the_timeline_contradicts_nobody(sandbox: Sandbox, recording: Recording) -> None:
    sync_days([DAY])
    people = table_of(Participants)
    bot = (people.c.recording_id == recording.id, people.c.participant_key == "100")

    change(
        people.update().where(*bot).values(is_bot=True), deleted(TranscriptUtterances, recording, participant_key="100")
    )

    assert broken("timeline_and_transcript_name_the_same_people", "transcript_utterances").count == 0


def test_a_few_words_or_a_cough_contradict_nobody(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=2, words=60)) as sandbox:
        use(sandbox, monkeypatch)
        sync_days([DAY])
        first, second = sandbox.world.recordings

        change(
            deleted(SpeakerTimeline, first, participant_key="100"),
            deleted(TranscriptUtterances, second, participant_key="100"),
        )

        assert broken("timeline_and_transcript_name_the_same_people", "transcript_utterances").count == 0


@pytest.mark.parametrize(
    ("model", "key"),
    [
        (Participants, {"participant_key": "100"}),
        (TranscriptWords, {"word_index": 5}),
        (TranscriptUtterances, {"utterance_index": 1}),
        (ParticipantMetrics, {"participant_key": "100"}),
    ],
)
def test_a_row_that_is_missing_is_named(
    sandbox: Sandbox, recording: Recording, model: type[RecordingRow], key: dict[str, Any]
) -> None:
    sync_days([DAY])
    table = table_of(model).name

    change(deleted(model, recording, **key))

    (breach,) = broken("every_counted_row_is_there", table).newest
    assert (breach.recording_id, breach.day, breach.source) == (recording.id, DAY, table)
    counted, present = (int(word) for word in breach.location.split() if word.isdigit())
    assert counted == present + 1


def test_rows_that_no_ledger_row_counts_are_named(sandbox: Sandbox, recording: Recording) -> None:
    sync_days([DAY])
    of_timeline = (LEDGER.c.recording_id == recording.id, LEDGER.c.kind == "speaker_timeline")

    change(LEDGER.delete().where(*of_timeline), RECORDINGS.delete().where(RECORDINGS.c.recording_id == recording.id))

    (breach,) = broken("every_counted_row_is_there", "speaker_timeline").newest
    assert (breach.recording_id, breach.day) == (recording.id, None)
    assert breach.location.startswith("0 rows expected, ")


def test_two_transcripts_of_a_recording_break_no_claim(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.add_transcript(recording.id)

    sync_days([DAY])

    with open_test_storage() as storage, storage.database.reading() as connection:
        assert not any(claim.violations(connection, now() + LONGER).count for claim in table_checks())


def test_no_breach_holds_a_name_or_what_was_said(sandbox: Sandbox, recording: Recording) -> None:
    sync_days([DAY])
    timeline = table_of(SpeakerTimeline)
    labelled = timeline.update().where(timeline.c.participant_key == "200").values(participant_key="label:Bo Larsen")

    change(
        labelled,
        deleted(TranscriptUtterances, recording, utterance_index=0),
        deleted(Transcripts, sandbox.world.recordings[1]),
        deleted(ParticipantMetrics, recording, participant_key="100"),
    )

    with open_test_storage() as storage, storage.database.reading() as connection:
        found = [claim.violations(connection, now() + LONGER) for claim in [*ledger_checks(), *table_checks()]]
        people = connection.execute(table_of(Participants).select()).mappings().all()
    said = repr(found)
    assert sum(each.count for each in found) > 3
    assert not any(each["name"] in said for each in people)
    assert "Larsen" not in said
