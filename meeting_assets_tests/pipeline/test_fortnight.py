"""The sandbox's fortnight is synced, and every quirk of the API shows in the tables.

Each quirk has a query that does not depend on the sandbox. Its result is compared with the recordings for which the
sandbox reports the quirk. Details that the tables omit on purpose are checked in the raw bytes.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Column, ColumnElement, Connection, and_, exists, func, or_, select, text
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlmodel import SQLModel

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.provider_data import ProviderParts
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.core.words import word_count
from meeting_assets.health.status import status_of
from meeting_assets.metrics.series import SERIES_TABLES
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.series_rollup import roll_up_series
from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.publications.queries import NAMES, queries
from meeting_assets.publications.queries.answers import answer
from meeting_assets.publications.queries.query import LIMIT
from meeting_assets.sandbox import QUIRKS, Sandbox, World, fortnight, quirks_of
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import fresh_postgresql
from meeting_assets_tests.support.context_counts import CONTEXT
from meeting_assets_tests.support.documented_queries import QUERIES
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    Row,
    content_of,
    days_of_world,
    sync_days,
    table_rows_of,
    use_home,
    use_sandbox,
)
from meeting_assets_tests.support.stored_fortnight import LAST_DAY, StoredFortnight, fortnight_at_home

PLATFORMS = {"zoom", "google_meet", "microsoft_teams", "webex"}

RECORDINGS, ARTIFACTS, PARTS = table_of(Recordings).c, table_of(Artifacts).c, table_of(ProviderParts).c
PARTICIPANTS, EVENTS, TIMELINE = table_of(Participants).c, table_of(ParticipantEvents).c, table_of(SpeakerTimeline).c
TRANSCRIPTS, UTTERANCES = table_of(Transcripts).c, table_of(TranscriptUtterances).c
WORDS = table_of(TranscriptWords).c

Query = Callable[[Connection], set[str]]
Columns = ReadOnlyColumnCollection[str, Column[Any]]
Condition = ColumnElement[bool]


def rows(table: Columns, *conditions: Condition) -> Query:
    """Recordings with a row that meets the conditions."""
    query = select(table.recording_id).where(*conditions).distinct()
    return lambda connection: set(connection.scalars(query))


def groups(table: Columns, by: Sequence[str], having: Condition, *conditions: Condition) -> Query:
    """Recordings with a group of rows, equal in the columns `by`, that meets `having`."""
    query = select(table.recording_id).where(*conditions)
    query = query.group_by(table.recording_id, *(table[name] for name in by)).having(having)
    return lambda connection: set(connection.scalars(query))


def both(one: Query, other: Query) -> Query:
    return lambda connection: one(connection) & other(connection)


def but_not(one: Query, other: Query) -> Query:
    return lambda connection: one(connection) - other(connection)


def named(is_such: Callable[[str], bool]) -> Query:
    """Recordings with a participant whose name meets the condition."""
    query = select(PARTICIPANTS.recording_id, PARTICIPANTS.name).where(PARTICIPANTS.name.is_not(None))
    return lambda connection: {recording_id for recording_id, name in connection.execute(query) if is_such(name)}


def first_read_after(shortest: timedelta, longest: timedelta = timedelta.max) -> Query:
    """Recordings whose first transcript was created within these limits after their end."""
    query = (
        select(RECORDINGS.recording_id, RECORDINGS.completed_at, func.min(TRANSCRIPTS.created_at))
        .where(TRANSCRIPTS.recording_id == RECORDINGS.recording_id)
        .group_by(RECORDINGS.recording_id, RECORDINGS.completed_at)
    )
    return lambda connection: {
        recording_id
        for recording_id, completed_at, first_at in connection.execute(query)
        if shortest < first_at - completed_at < longest
    }


def on_two_days(connection: Connection) -> set[str]:
    query = select(RECORDINGS.recording_id, RECORDINGS.started_at, RECORDINGS.completed_at)
    return {
        each.recording_id for each in connection.execute(query) if each.started_at.date() < each.completed_at.date()
    }


def urls_without_query(connection: Connection) -> set[str]:
    """Recordings with URLs in their provider data, all of which end before the question mark."""
    parts = connection.execute(select(PARTS.recording_id, PARTS.payload))
    urls = [(recording_id, urlsplit(payload["url"])) for recording_id, payload in parts if "url" in payload]
    return {recording_id for recording_id, _ in urls} - {recording_id for recording_id, url in urls if url.query}


def never_off(device: str) -> Query:
    """Recordings where a participant switched a device on and never off again."""
    off = table_of(ParticipantEvents).alias().c
    same = (off.recording_id == EVENTS.recording_id, off.participant_key == EVENTS.participant_key)
    later_off = exists().where(*same, off.action == f"{device}_off", off.at_s >= EVENTS.at_s)
    return rows(EVENTS, EVENTS.action == f"{device}_on", ~later_off)


def goes_back(connection: Connection) -> set[str]:
    """Recordings with an event that is earlier than the one before it."""
    before_s = func.lag(EVENTS.at_s).over(partition_by=EVENTS.recording_id, order_by=EVENTS.event_index)
    events = select(EVENTS.recording_id, EVENTS.at_s, before_s.label("before_s")).subquery()
    return set(connection.scalars(select(events.c.recording_id).where(events.c.at_s < events.c.before_s)))


def differ(column: Column[Any], count: int = 2) -> Condition:
    """Rows of a group have at least that many values in a column."""
    return func.count(column.distinct()) >= count


DOCUMENTED_ACTIONS = (
    *("join", "leave", "update", "speech_on", "speech_off", "chat_message"),
    *("webcam_on", "webcam_off", "screenshare_on", "screenshare_off"),
)
OTHERS = table_of(Artifacts).alias("others").c
HAS_PROVIDER_DATA = exists().where(OTHERS.kind == "provider_data", OTHERS.artifact_id == ARTIFACTS.artifact_id)
HAS_SPOKEN = exists().where(
    TIMELINE.recording_id == PARTICIPANTS.recording_id, TIMELINE.participant_key == PARTICIPANTS.participant_key
)
BOTS_WITH_TWO = select(RECORDINGS.bot_id).group_by(RECORDINGS.bot_id).having(func.count() == 2)
UNTIMED = rows(WORDS, WORDS.start_s.is_(None), WORDS.end_s.is_(None))
TIMED_THROUGHOUT = but_not(rows(WORDS), rows(WORDS, or_(WORDS.start_s.is_(None), WORDS.end_s.is_(None))))
NOBODY_SPEAKS = but_not(rows(TRANSCRIPTS, TRANSCRIPTS.utterance_count == 0), rows(TIMELINE))
NEVER_CLOSED = both(rows(TIMELINE, TIMELINE.end_s.is_(None), TIMELINE.end_at.is_(None)), never_off("speech"))
DELIVERED_TWICE = both(
    groups(EVENTS, ["event_id"], func.count() > 1),
    groups(EVENTS, ["action", "participant_key", "at_s"], differ(EVENTS.event_id)),
)
ONE_PERSON_TWICE = groups(PARTICIPANTS, ["person_key"], func.count() > 1, PARTICIPANTS.person_key.is_not(None))

OF_RECORDINGS: dict[str, Query] = {
    "three_transcripts": groups(TRANSCRIPTS, [], and_(func.count() == 3, differ(TRANSCRIPTS.provider, 3))),
    "transcript_failed": both(
        rows(ARTIFACTS, ARTIFACTS.kind == "transcript", ARTIFACTS.status == "failed", ARTIFACTS.sub_code.is_not(None)),
        rows(TRANSCRIPTS, TRANSCRIPTS.is_primary),
    ),
    "same_day_transcript": first_read_after(timedelta(hours=2), timedelta(days=1)),
    "late_transcript": first_read_after(timedelta(days=1)),
    "no_bot": rows(RECORDINGS, RECORDINGS.bot_id.is_(None)),
    "two_recordings": rows(RECORDINGS, RECORDINGS.bot_id.in_(BOTS_WITH_TWO)),
    "no_separate_audio": rows(ARTIFACTS, ARTIFACTS.kind == "audio_separate", ARTIFACTS.status == "absent"),
    "no_separate_video": rows(ARTIFACTS, ARTIFACTS.kind == "video_separate", ARTIFACTS.status == "absent"),
    "provider_data_null": rows(
        ARTIFACTS, ARTIFACTS.kind == "transcript", ARTIFACTS.status == "parsed", ~HAS_PROVIDER_DATA
    ),
    "kept_forever": rows(RECORDINGS, RECORDINGS.expires_at.is_(None)),
    "crosses_midnight": on_two_days,
}
OF_PROVIDER_DATA: dict[str, Query] = {
    "provider_webhook": rows(PARTS, PARTS.type == "webhook"),
    "provider_http_response": rows(PARTS, PARTS.type == "http_response"),
    "provider_websocket_message": rows(PARTS, PARTS.type == "websocket_message"),
    "provider_audio_mixed": rows(PARTS, PARTS.source_type == "mixed", PARTS.participant_key == "unknown"),
    "provider_audio_separate": rows(
        PARTS, PARTS.source_type == "separate", PARTS.participant_key != "unknown", PARTS.offset_s.is_not(None)
    ),
    "provider_secret_in_url": urls_without_query,  # the URLs are stored without their query strings
}
OF_TRANSCRIPTS: dict[str, Query] = {
    "captions": rows(
        TRANSCRIPTS,
        TRANSCRIPTS.timed_unit_count == TRANSCRIPTS.utterance_count,
        TRANSCRIPTS.word_count > TRANSCRIPTS.utterance_count,
    ),
    "respelled_name": groups(
        UTTERANCES, ["participant_id"], differ(UTTERANCES.speaker_name), UTTERANCES.participant_id.is_not(None)
    ),
    "machine_diarization": rows(
        UTTERANCES, UTTERANCES.participant_id.is_(None), UTTERANCES.participant_key.like("label:Speaker _")
    ),
    "hybrid_diarization": rows(
        UTTERANCES, UTTERANCES.participant_id.is_(None), UTTERANCES.participant_key.like("label:%00-0")
    ),
    "untimed_words_null": UNTIMED,
    "untimed_words_absent": UNTIMED,
    "absolute_null": rows(TIMELINE, TIMELINE.start_at.is_(None), TIMELINE.start_s.is_not(None)),
    "absolute_absent": TIMED_THROUGHOUT,
    "language_code_absent": rows(TRANSCRIPTS, TRANSCRIPTS.language_codes.is_(None), TRANSCRIPTS.utterance_count > 0),
    "email_absent": groups(PARTICIPANTS, [], func.count(PARTICIPANTS.email) == 0),
    "lean_transcript": TIMED_THROUGHOUT,
    "japanese_meeting": rows(TRANSCRIPTS, TRANSCRIPTS.language_codes == "ja", TRANSCRIPTS.is_unspaced),
    "silent_meeting": NOBODY_SPEAKS,
    "unknown_first_speaker": rows(
        UTTERANCES,
        UTTERANCES.utterance_index == 0,
        UTTERANCES.participant_key == "unknown",
        UTTERANCES.speaker_name.is_(None),
    ),
}
OF_TIMELINE_AND_EVENTS: dict[str, Query] = {
    "open_segments": NEVER_CLOSED,
    "empty_segment_ends": NEVER_CLOSED,
    "negative_start": both(
        rows(TIMELINE, TIMELINE.start_s < 0), rows(EVENTS, EVENTS.action == "join", EVENTS.at_s < 0)
    ),
    "duplicated_events": DELIVERED_TWICE,
    "out_of_order_events": but_not(goes_back, DELIVERED_TWICE),  # a repeated event also goes back in time
    "unknown_action": rows(EVENTS, EVENTS.action.not_in(DOCUMENTED_ACTIONS)),
    "webcam_left_on": never_off("webcam"),
    "chat_to_everyone": rows(EVENTS, EVENTS.chat_to == "everyone", EVENTS.chat_text.is_not(None)),
    "chat_to_only_bot": rows(EVENTS, EVENTS.chat_to == "only_bot", EVENTS.chat_text.is_not(None)),
}
OF_PARTICIPANTS: dict[str, Query] = {
    "rejoin_same_id": groups(EVENTS, ["participant_key"], differ(EVENTS.at_s), EVENTS.action == "join"),
    "rejoin_new_id": ONE_PERSON_TWICE,
    "late_joiner": groups(EVENTS, ["participant_key"], func.min(EVENTS.at_s) > 60, EVENTS.action == "join"),
    "silent_participant": but_not(rows(PARTICIPANTS, ~PARTICIPANTS.is_bot, ~HAS_SPOKEN), NOBODY_SPEAKS),
    "listed_twice": rows(ARTIFACTS, ARTIFACTS.kind == "participants", ARTIFACTS.replaced_rows > 0),
    "bot_listed": rows(PARTICIPANTS, PARTICIPANTS.is_bot),
    "generic_names": rows(PARTICIPANTS, PARTICIPANTS.name.in_(["Guest", "Participant", "Unknown", "Speaker 2"])),
    "same_name": but_not(groups(PARTICIPANTS, ["name"], func.count() > 1), ONE_PERSON_TWICE),
    "name_with_apostrophe": named(lambda name: "'" in name),
    "name_with_emoji": named(lambda name: any(unicodedata.category(each) == "So" for each in name)),
    "name_right_to_left": named(lambda name: any(unicodedata.bidirectional(each) in {"R", "AL"} for each in name)),
}
SHOWN_BY = OF_RECORDINGS | OF_PROVIDER_DATA | OF_TRANSCRIPTS | OF_TIMELINE_AND_EVENTS | OF_PARTICIPANTS
"""Quirk -> query for the recordings that show it. Quirks with the same query look the same in the tables."""

ALSO_ELSEWHERE = {
    "absolute_absent": "clock times of words are not stored, so its words look like those of other transcripts",
    "lean_transcript": "its missing fields are not stored, so its words look like those of other transcripts",
    "email_absent": "no address is known in any meeting without a calendar entry",
    "late_joiner": "a visitor of a one-to-one is late, and so is a person who rejoins as another participant",
}
"""Quirks whose query also finds recordings that were not made to show them, and why."""


def payload_words(transcript: Any) -> Iterator[Any]:
    return (word for entry in transcript for word in entry["words"])


def is_lean(transcript: Any) -> bool:
    return any(entry["participant"].keys() == {"id", "name"} for entry in transcript)


def lacks_absolute(transcript: Any) -> bool:
    times = (word.get("start_timestamp") for word in payload_words(transcript))
    return any("absolute" not in time for time in times if time is not None)


NO_END = {"absolute": None, "relative": None}
IN_RAW: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "untimed_words_null": (
        "transcript",
        lambda it: any(word.get("start_timestamp", 0) is None for word in payload_words(it)),
    ),
    "untimed_words_absent": ("transcript", lambda it: any("start_timestamp" not in word for word in payload_words(it))),
    "absolute_absent": ("transcript", lambda it: lacks_absolute(it) and not is_lean(it)),
    "lean_transcript": ("transcript", lambda it: lacks_absolute(it) and is_lean(it)),
    "email_absent": ("participants", lambda it: any("email" not in each for each in it)),
    "open_segments": ("speaker_timeline", lambda it: any(each["end_timestamp"] is None for each in it)),
    "empty_segment_ends": ("speaker_timeline", lambda it: any(each["end_timestamp"] == NO_END for each in it)),
}
"""Quirk that looks like another one in the tables -> the payload that distinguishes it, and a test of that payload."""


def test_every_quirk_has_a_query() -> None:
    assert SHOWN_BY.keys() == QUIRKS.keys()
    assert ALSO_ELSEWHERE.keys() | IN_RAW.keys() <= QUIRKS.keys()


@pytest.mark.parametrize("quirk", SHOWN_BY)
def test_tables_show_the_quirk(stored_fortnight: StoredFortnight, connection: Connection, quirk: str) -> None:
    made = quirks_of(stored_fortnight.world)
    look_alike = [each for each, query in SHOWN_BY.items() if query is SHOWN_BY[quirk]]

    found = SHOWN_BY[quirk](connection)

    assert made[quirk]
    if quirk in ALSO_ELSEWHERE:
        assert found > set(made[quirk]), ALSO_ELSEWHERE[quirk]
    else:
        assert found == {recording_id for each in look_alike for recording_id in made[each]}


@pytest.mark.parametrize("quirk", IN_RAW)
def test_raw_bytes_distinguish_quirks_that_look_the_same_in_tables(
    stored_fortnight: StoredFortnight, quirk: str
) -> None:
    kind, shows = IN_RAW[quirk]
    query = select(ARTIFACTS.recording_id, ARTIFACTS.raw_key, ARTIFACTS.sha256)
    with stored_fortnight.storage.database.reading() as connection:
        artifacts = connection.execute(query.where(ARTIFACTS.kind == kind, ARTIFACTS.status == "parsed")).all()

    found = {each[0] for each in artifacts if shows(json.loads(stored_fortnight.storage.raw.read(*each[1:]) or b""))}

    assert found == set(quirks_of(stored_fortnight.world)[quirk])


def test_every_table_has_rows(stored_fortnight: StoredFortnight) -> None:
    assert [name for name, content in table_rows_of(stored_fortnight.storage).items() if not content] == []


def test_fortnight_has_40_recordings_of_four_platforms_with_150_000_words(connection: Connection) -> None:
    recordings = connection.scalar(select(func.count(RECORDINGS.recording_id)))
    platforms = set(connection.scalars(select(RECORDINGS.platform).where(RECORDINGS.bot_id.is_not(None))))
    words = connection.scalar(select(func.sum(TRANSCRIPTS.word_count)).where(TRANSCRIPTS.is_primary))

    assert recordings is not None
    assert recordings >= 40
    assert platforms == PLATFORMS
    assert words >= 150_000


def test_no_artifact_is_quarantined_or_missing(stored_fortnight: StoredFortnight) -> None:
    seen = status_of(stored_fortnight.storage)

    assert {status for counts in seen.artifacts.values() for status in counts} == {"parsed", "failed", "absent"}
    assert (seen.missing, seen.processing, seen.action_items) == (0, 0, [])


def test_every_word_lies_inside_its_utterance(connection: Connection) -> None:
    same = [WORDS[name] == UTTERANCES[name] for name in ("recording_id", "transcript_id", "utterance_index")]
    is_inside = [WORDS.start_s >= UTTERANCES.start_s, WORDS.start_s <= WORDS.end_s, WORDS.end_s <= UTTERANCES.end_s]
    is_of_it = exists().where(
        *same,
        WORDS.participant_key == UTTERANCES.participant_key,
        or_(and_(*is_inside), WORDS.start_s.is_(None)),
    )

    assert rows(WORDS)(connection)
    assert rows(WORDS, ~is_of_it)(connection) == set()


# One test compares both databases, because syncing the fortnight takes half a minute.
@pytest.mark.deployment
def test_postgresql_has_the_same_rows_and_answers_the_same_questions(
    stored_fortnight: StoredFortnight, home: Path, postgresql_server: str
) -> None:
    with fortnight_at_home(home, fresh_postgresql(postgresql_server), stored_fortnight.download_port) as other:
        sqlite, postgresql = (
            table_rows_of(each.storage, without=VOLATILE_COLUMNS) for each in (stored_fortnight, other)
        )
        trends, same_trends = (rolled_up(each.storage) for each in (stored_fortnight, other))
        with other.storage.database.reading() as connection:
            fresh = connection.scalar(text("SELECT count(*) FROM fresh_meetings"))
            unanswered = [question for question, query in QUERIES.items() if not connection.execute(text(query)).all()]
            with stored_fortnight.storage.database.reading() as in_sqlite:
                unequal = [name for name in NAMES if not has_equal_answer(name, in_sqlite, connection)]
            different = [
                name for name, each in CONTEXT.items() if each.stored(connection) != each.of_world(other.world)
            ]

    assert sqlite.keys() == postgresql.keys()
    assert [name for name, content in sqlite.items() if content != postgresql[name]] == []
    assert all(trends.values())
    assert [model for model in ROLLUPS if trends[model] != same_trends[model]] == []
    assert fresh == len(postgresql["meeting_metrics"])
    assert unanswered == []
    assert unequal == []
    assert different == []


def has_equal_answer(name: str, one: Connection, other: Connection) -> bool:
    """Whether two databases answer a documented query with the same values.

    SQLite rounds halves away from zero, PostgreSQL to even numbers. So whole numbers of `round` may differ by 1.
    """
    rows, others = (answers(connection, name) for connection in (one, other))
    return len(rows) == len(others) and all(
        exact == same_exact and all(map(is_equal_number, numbers, same_numbers))
        for (exact, numbers), (same_exact, same_numbers) in zip(rows, others, strict=True)
    )


def is_equal_number(one: float, other: float) -> bool:
    is_rounded = one.is_integer() and other.is_integer()
    return abs(one - other) <= (1 if is_rounded else 1e-6)


def answers(connection: Connection, name: str) -> list[tuple[str, list[float]]]:
    """All rows of a documented query: their exact values as text, and their floating-point numbers.

    They are sorted here: the order of equal rows and of texts depends on the database.
    """
    found = answer(connection, queries()[name], {LIMIT: 100_000})
    exact = [[value for value in row if not isinstance(value, float)] for row in found.rows]
    floats = [[value for value in row if isinstance(value, float)] for row in found.rows]
    return sorted(zip(map(repr, exact), floats, strict=True))


def rolled_up(storage: Storage) -> dict[type[SQLModel], list[Row]]:
    """Rows of the roll-up tables."""
    with storage.database.reading() as connection:
        return {model: content_of(connection, model) for model in ROLLUPS}


@pytest.mark.parametrize("question", QUERIES)
def test_every_documented_question_has_an_answer(connection: Connection, question: str) -> None:
    assert connection.execute(text(QUERIES[question])).all()


def test_every_meeting_is_fresh_after_a_sync(connection: Connection) -> None:
    fresh, measured = (
        connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in ("fresh_meetings", "meeting_metrics")
    )

    assert fresh == measured


@pytest.mark.parametrize("name", ["Kai 🌊 Moana", "سلمى حداد", "Siobhan O'Donnell-Reyes"])
def test_unusual_name_is_stored_unchanged(connection: Connection, name: str) -> None:
    columns = (
        PARTICIPANTS.name,
        EVENTS.participant_name,
        TIMELINE.speaker_name,
        UTTERANCES.speaker_name,
        table_of(ParticipantMetrics).c.name,
    )

    for column in columns:
        assert set(connection.scalars(select(column).where(column == name))) == {name}, column.table.name


# Diarized meetings, compared with the sandbox's truth: the same words under participant ids

DIARIZATIONS = ("hybrid_diarization", "machine_diarization")
VOICES = {"hybrid_diarization": "voice_id", "machine_diarization": "timeline_overlap"}
SERIES_URL = {"platform": "zoom", "meeting_id": "8123456789"}
SPEAKERS, MEASURED = table_of(Speakers).c, table_of(ParticipantMetrics).c


def diarized(*, has_labels: bool) -> World:
    """The diarized meetings of the fortnight as one series, under their labels or under participant ids."""
    whole = fortnight(LAST_DAY, has_labels=has_labels)
    made = quirks_of(whole)
    ids = {recording_id for quirk in DIARIZATIONS for recording_id in made[quirk]}
    recordings = [each for each in whole.recordings if each.id in ids]
    for each in recordings:
        whole.bot(str(each.bot_id)).meeting_url = SERIES_URL
    return World(recordings, whole.bots)


def spoken_words(world: World, recording_id: str) -> dict[str, int]:
    """The number of words of each participant in the payload of a transcript."""
    (transcript,) = world.recording(recording_id).of("transcript")
    words: Counter[str] = Counter()
    for entry in json.loads(transcript.payloads["transcript"].body()):
        words[str(entry["participant"]["id"])] += word_count(" ".join(word["text"] for word in entry["words"]))
    return dict(words)


@pytest.fixture(scope="module")
def truth() -> World:
    return diarized(has_labels=False)


def test_diarized_meetings_have_exactly_the_listed_participants(
    stored_fortnight: StoredFortnight, connection: Connection
) -> None:
    for quirk in DIARIZATIONS:
        (recording_id,) = quirks_of(stored_fortnight.world)[quirk]
        listed, measured = (
            set(connection.scalars(select(table.participant_key).where(table.recording_id == recording_id)))
            for table in (PARTICIPANTS, MEASURED)
        )

        assert measured == listed, quirk


@pytest.mark.parametrize("quirk", DIARIZATIONS)
def test_every_speaker_has_the_words_of_their_voices(
    stored_fortnight: StoredFortnight, connection: Connection, truth: World, quirk: str
) -> None:
    (recording_id,) = quirks_of(stored_fortnight.world)[quirk]
    expected = spoken_words(truth, recording_id)
    counts = select(MEASURED.participant_key, MEASURED.word_count).where(MEASURED.recording_id == recording_id)
    of_transcript = select(table_of(Speakers)).where(
        SPEAKERS.recording_id == recording_id, SPEAKERS.source == "transcript"
    )

    found = dict(connection.execute(counts).all())
    speakers = connection.execute(of_transcript).all()

    assert {key: count for key, count in found.items() if count} == expected
    assert {each.participant_key: each.word_count for each in speakers} == expected
    assert {each.method for each in speakers} == {VOICES[quirk]}


@pytest.mark.deployment
def test_weekly_trends_are_those_of_the_same_meetings_with_participant_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, truth: World
) -> None:
    found = []
    for number, world in enumerate((diarized(has_labels=True), truth)):
        use_home(tmp_path / str(number), monkeypatch)
        with Sandbox(world) as sandbox:
            use_sandbox(sandbox, monkeypatch)
            sync_days(days_of_world(sandbox))
        with open_storage(read_settings()) as storage:
            roll_up(storage)
            roll_up_people(storage)
            roll_up_series(storage)
            found.append({model: without_hashes(storage, model) for model in ROLLUPS})

    assert all(content for model, content in found[0].items() if model not in SERIES_TABLES)
    assert found[0] == found[1]


def without_hashes(storage: Storage, model: type[SQLModel]) -> list[Row]:
    """The rows of a roll-up table without the hash of their inputs, which differ in the transcripts' bytes."""
    with storage.database.reading() as connection:
        return content_of(connection, model, without=frozenset({"inputs_hash"}))
