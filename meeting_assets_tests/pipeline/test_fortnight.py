"""The sandbox's fortnight comes home, once per kind of database, and every quirk of the API is found in the tables.

Each quirk has a query that knows nothing of the sandbox; what it finds is held against what the sandbox says.
What the tables leave out on purpose is found in the raw bytes.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, or_, select

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.provider_data import ProviderParts
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances, TranscriptWords
from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.pipeline.overview import overview
from meeting_assets.pipeline.warehouse import Warehouse, opened
from meeting_assets.sandbox import QUIRKS, Sandbox, World, fortnight, quirks_of
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets_tests.conftest import fresh_postgresql
from meeting_assets_tests.households import VOLATILE, Contents, bring_home, contents, days_of, free_port, use

LAST_DAY = date(2026, 1, 18)
PLATFORMS = {"zoom", "google_meet", "microsoft_teams", "webex"}

PARTICIPANTS, EVENTS, TIMELINE = table_of(Participants), table_of(ParticipantEvents), table_of(SpeakerTimeline)
TRANSCRIPTS, UTTERANCES, WORDS = table_of(Transcripts), table_of(TranscriptUtterances), table_of(TranscriptWords)
PARTS = table_of(ProviderParts)

Query = Callable[[Connection], set[str]]
Condition = ColumnElement[bool]


def rows(table: Table, *conditions: Condition) -> Query:
    """Recordings with such a row."""
    query = select(table.c.recording_id).where(*conditions).distinct()
    return lambda connection: set(connection.scalars(query))


def groups(table: Table, by: Iterable[str], having: Condition, *conditions: Condition) -> Query:
    """Recordings with rows that agree in some columns and, taken together, are such."""
    query = (
        select(table.c.recording_id).where(*conditions).group_by(table.c.recording_id, *(table.c[name] for name in by))
    )
    return lambda connection: set(connection.scalars(query.having(having)))


def both(one: Query, other: Query) -> Query:
    return lambda connection: one(connection) & other(connection)


def but_not(one: Query, other: Query) -> Query:
    return lambda connection: one(connection) - other(connection)


def named(is_such: Callable[[str], bool]) -> Query:
    """Recordings with a participant of such a name."""
    query = select(PARTICIPANTS.c.recording_id, PARTICIPANTS.c.name).where(PARTICIPANTS.c.name.is_not(None))
    return lambda connection: {recording_id for recording_id, name in connection.execute(query) if is_such(name)}


def first_read_after(shortest: timedelta, longest: timedelta = timedelta.max) -> Query:
    """Recordings whose first good transcript was asked for that long after their end."""
    query = (
        select(RECORDINGS.c.recording_id, RECORDINGS.c.completed_at, func.min(TRANSCRIPTS.c.created_at))
        .join(TRANSCRIPTS, TRANSCRIPTS.c.recording_id == RECORDINGS.c.recording_id)
        .group_by(RECORDINGS.c.recording_id, RECORDINGS.c.completed_at)
    )
    return lambda connection: {
        recording_id
        for recording_id, completed_at, first_at in connection.execute(query)
        if shortest < first_at - completed_at < longest
    }


def on_two_days(connection: Connection) -> set[str]:
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.started_at, RECORDINGS.c.completed_at)
    return {
        each.recording_id for each in connection.execute(query) if each.started_at.date() < each.completed_at.date()
    }


def urls_without_query(connection: Connection) -> set[str]:
    """Recordings with URLs in their provider data, all of which end before the question mark."""
    parts = connection.execute(select(PARTS.c.recording_id, PARTS.c.payload))
    urls = [(recording_id, urlsplit(payload["url"])) for recording_id, payload in parts if "url" in payload]
    return {recording_id for recording_id, _ in urls} - {recording_id for recording_id, url in urls if url.query}


def without_provider_data() -> Condition:
    other = LEDGER.alias()
    same = (other.c.recording_id == LEDGER.c.recording_id, other.c.artifact_id == LEDGER.c.artifact_id)
    return ~exists().where(*same, other.c.kind == "provider_data")


def never_off(device: str) -> Query:
    """Recordings where something was switched on by somebody who never switched it off again."""
    off = EVENTS.alias()
    same = (off.c.recording_id == EVENTS.c.recording_id, off.c.participant_key == EVENTS.c.participant_key)
    later_off = exists().where(*same, off.c.action == f"{device}_off", off.c.at_s >= EVENTS.c.at_s)
    return rows(EVENTS, EVENTS.c.action == f"{device}_on", ~later_off)


def goes_back(connection: Connection) -> set[str]:
    """Recordings with an event that is earlier than the one before it."""
    before_s = func.lag(EVENTS.c.at_s).over(partition_by=EVENTS.c.recording_id, order_by=EVENTS.c.event_index)
    events = select(EVENTS.c.recording_id, EVENTS.c.at_s, before_s.label("before_s")).subquery()
    return set(connection.scalars(select(events.c.recording_id).where(events.c.at_s < events.c.before_s)))


def silent() -> Condition:
    same = (TIMELINE.c.recording_id == PARTICIPANTS.c.recording_id,)
    return ~exists().where(*same, TIMELINE.c.participant_key == PARTICIPANTS.c.participant_key)


def twice(column: Any) -> Condition:
    found: Condition = func.count(column.distinct()) > 1
    return found


DOCUMENTED_ACTIONS = (
    *("join", "leave", "update", "speech_on", "speech_off", "chat_message"),
    *("webcam_on", "webcam_off", "screenshare_on", "screenshare_off"),
)
UNTIMED = rows(WORDS, WORDS.c.start_s.is_(None), WORDS.c.end_s.is_(None))
TIMED_THROUGHOUT = but_not(rows(WORDS), rows(WORDS, or_(WORDS.c.start_s.is_(None), WORDS.c.end_s.is_(None))))
NOBODY_SPEAKS = but_not(rows(TRANSCRIPTS, TRANSCRIPTS.c.utterance_count == 0), rows(TIMELINE))
NEVER_CLOSED = both(rows(TIMELINE, TIMELINE.c.end_s.is_(None), TIMELINE.c.end_at.is_(None)), never_off("speech"))
DELIVERED_TWICE = both(
    groups(EVENTS, ["event_id"], func.count() > 1),
    groups(EVENTS, ["action", "participant_key", "at_s"], twice(EVENTS.c.event_id)),
)
ONE_PERSON_TWICE = groups(PARTICIPANTS, ["person_key"], func.count() > 1, PARTICIPANTS.c.person_key.is_not(None))

OF_RECORDINGS: dict[str, Query] = {
    "three_transcripts": both(
        groups(TRANSCRIPTS, [], func.count() == 3),
        groups(TRANSCRIPTS, [], func.count(TRANSCRIPTS.c.provider.distinct()) == 3),
    ),
    "transcript_failed": both(
        rows(LEDGER, LEDGER.c.kind == "transcript", LEDGER.c.status == "failed", LEDGER.c.sub_code.is_not(None)),
        rows(TRANSCRIPTS, TRANSCRIPTS.c.is_primary),
    ),
    "same_day_transcript": first_read_after(timedelta(hours=2), timedelta(days=1)),
    "late_transcript": first_read_after(timedelta(days=1)),
    "no_bot": rows(RECORDINGS, RECORDINGS.c.bot_id.is_(None)),
    "two_recordings": lambda connection: set(
        connection.scalars(
            select(RECORDINGS.c.recording_id).where(
                RECORDINGS.c.bot_id.in_(
                    select(RECORDINGS.c.bot_id).group_by(RECORDINGS.c.bot_id).having(func.count() == 2)
                )
            )
        )
    ),
    "no_separate_audio": rows(LEDGER, LEDGER.c.kind == "audio_separate", LEDGER.c.status == "absent"),
    "no_separate_video": rows(LEDGER, LEDGER.c.kind == "video_separate", LEDGER.c.status == "absent"),
    "provider_data_null": rows(
        LEDGER, LEDGER.c.kind == "transcript", LEDGER.c.status == "parsed", without_provider_data()
    ),
    "kept_forever": rows(RECORDINGS, RECORDINGS.c.expires_at.is_(None)),
    "crosses_midnight": on_two_days,
}
OF_PROVIDER_DATA: dict[str, Query] = {
    "provider_webhook": rows(PARTS, PARTS.c.type == "webhook"),
    "provider_http_response": rows(PARTS, PARTS.c.type == "http_response"),
    "provider_websocket_message": rows(PARTS, PARTS.c.type == "websocket_message"),
    "provider_audio_mixed": rows(PARTS, PARTS.c.source_type == "mixed", PARTS.c.participant_key == "unknown"),
    "provider_audio_separate": rows(
        PARTS, PARTS.c.source_type == "separate", PARTS.c.participant_key != "unknown", PARTS.c.offset_s.is_not(None)
    ),
    "provider_secret_in_url": urls_without_query,  # the secrets stay outside: their URLs are here, cut
}
OF_TRANSCRIPTS: dict[str, Query] = {
    "captions": rows(
        TRANSCRIPTS,
        TRANSCRIPTS.c.timed_unit_count == TRANSCRIPTS.c.utterance_count,
        TRANSCRIPTS.c.word_count > TRANSCRIPTS.c.utterance_count,
    ),
    "respelled_name": groups(
        UTTERANCES, ["participant_id"], twice(UTTERANCES.c.speaker_name), UTTERANCES.c.participant_id.is_not(None)
    ),
    "machine_diarization": rows(
        UTTERANCES, UTTERANCES.c.participant_id.is_(None), UTTERANCES.c.participant_key.like("label:Speaker _")
    ),
    "hybrid_diarization": rows(
        UTTERANCES, UTTERANCES.c.participant_id.is_(None), UTTERANCES.c.participant_key.like("label:%00-0")
    ),
    "untimed_words_null": UNTIMED,
    "untimed_words_absent": UNTIMED,
    "absolute_null": rows(TIMELINE, TIMELINE.c.start_at.is_(None), TIMELINE.c.start_s.is_not(None)),
    "absolute_absent": TIMED_THROUGHOUT,
    "language_code_absent": rows(
        TRANSCRIPTS, TRANSCRIPTS.c.language_codes.is_(None), TRANSCRIPTS.c.utterance_count > 0
    ),
    "email_absent": groups(PARTICIPANTS, [], func.count(PARTICIPANTS.c.email) == 0),
    "lean_transcript": TIMED_THROUGHOUT,
    "japanese_meeting": rows(TRANSCRIPTS, TRANSCRIPTS.c.language_codes == "ja", TRANSCRIPTS.c.is_unspaced),
    "silent_meeting": NOBODY_SPEAKS,
    "unknown_first_speaker": rows(
        UTTERANCES,
        UTTERANCES.c.utterance_index == 0,
        UTTERANCES.c.participant_key == "unknown",
        UTTERANCES.c.speaker_name.is_(None),
    ),
}
OF_TIMELINE_AND_EVENTS: dict[str, Query] = {
    "open_segments": NEVER_CLOSED,
    "empty_segment_ends": NEVER_CLOSED,
    "negative_start": both(
        rows(TIMELINE, TIMELINE.c.start_s < 0), rows(EVENTS, EVENTS.c.action == "join", EVENTS.c.at_s < 0)
    ),
    "duplicated_events": DELIVERED_TWICE,
    "out_of_order_events": but_not(goes_back, DELIVERED_TWICE),  # where a repeated event goes back, too
    "unknown_action": rows(EVENTS, EVENTS.c.action.not_in(DOCUMENTED_ACTIONS)),
    "webcam_left_on": never_off("webcam"),
    "chat_to_everyone": rows(EVENTS, EVENTS.c.chat_to == "everyone", EVENTS.c.chat_text.is_not(None)),
    "chat_to_only_bot": rows(EVENTS, EVENTS.c.chat_to == "only_bot", EVENTS.c.chat_text.is_not(None)),
}
OF_PARTICIPANTS: dict[str, Query] = {
    "rejoin_same_id": groups(EVENTS, ["participant_key"], twice(EVENTS.c.at_s), EVENTS.c.action == "join"),
    "rejoin_new_id": ONE_PERSON_TWICE,
    "late_joiner": groups(EVENTS, ["participant_key"], func.min(EVENTS.c.at_s) > 60, EVENTS.c.action == "join"),
    "silent_participant": but_not(rows(PARTICIPANTS, ~PARTICIPANTS.c.is_bot, silent()), NOBODY_SPEAKS),
    "listed_twice": rows(LEDGER, LEDGER.c.kind == "participants", LEDGER.c.replaced_rows > 0),
    "bot_listed": rows(PARTICIPANTS, PARTICIPANTS.c.is_bot),
    "generic_names": rows(PARTICIPANTS, PARTICIPANTS.c.name.in_(["Guest", "Participant", "Unknown", "Speaker 2"])),
    "same_name": but_not(groups(PARTICIPANTS, ["name"], func.count() > 1), ONE_PERSON_TWICE),
    "name_with_apostrophe": named(lambda name: "'" in name),
    "name_with_emoji": named(lambda name: any(unicodedata.category(each) == "So" for each in name)),
    "name_right_to_left": named(lambda name: any(unicodedata.bidirectional(each) in {"R", "AL"} for each in name)),
}
SHOWN_BY = OF_RECORDINGS | OF_PROVIDER_DATA | OF_TRANSCRIPTS | OF_TIMELINE_AND_EVENTS | OF_PARTICIPANTS
"""Quirk -> the recordings that show it in the tables. Quirks with one query look the same there."""

ALSO_ELSEWHERE = {
    "absolute_absent": "clock times of words are not kept, so its words are timed like those of others",
    "lean_transcript": "what it lacks is not kept, so its words are timed like those of others",
    "email_absent": "of a meeting without a calendar entry nobody's address is known",
    "late_joiner": "so are those who look in on a one-to-one, and whoever comes back as another participant",
}
"""Quirks whose query finds more recordings than those made to show them, and why."""


def words_of(transcript: Any) -> Iterator[Any]:
    return (word for entry in transcript for word in entry["words"])


def is_lean(transcript: Any) -> bool:
    return any(entry["participant"].keys() == {"id", "name"} for entry in transcript)


def lacks_absolute(transcript: Any) -> bool:
    times = (word.get("start_timestamp") for word in words_of(transcript))
    return any("absolute" not in time for time in times if time is not None)


NO_END = {"absolute": None, "relative": None}
IN_RAW: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "untimed_words_null": (
        "transcript",
        lambda it: any(word.get("start_timestamp", 0) is None for word in words_of(it)),
    ),
    "untimed_words_absent": ("transcript", lambda it: any("start_timestamp" not in word for word in words_of(it))),
    "absolute_absent": ("transcript", lambda it: lacks_absolute(it) and not is_lean(it)),
    "lean_transcript": ("transcript", lambda it: lacks_absolute(it) and is_lean(it)),
    "email_absent": ("participants", lambda it: any("email" not in each for each in it)),
    "open_segments": ("speaker_timeline", lambda it: any(each["end_timestamp"] is None for each in it)),
    "empty_segment_ends": ("speaker_timeline", lambda it: any(each["end_timestamp"] == NO_END for each in it)),
}
"""Quirk that the tables cannot tell from another -> the payload that can, and how it shows there."""


@dataclass(frozen=True)
class Arrived:
    """A fortnight at home."""

    world: World
    place: Warehouse
    contents: Contents


@pytest.fixture(scope="module")
def fortnights(tmp_path_factory: pytest.TempPathFactory, postgresql_server: str) -> Iterator[dict[str, Arrived]]:
    """The same fortnight in each kind of database."""
    world = fortnight(LAST_DAY)
    download_port = free_port()
    with ExitStack() as open_places:
        found = {}
        for kind in ("sqlite", "postgresql"):
            home = tmp_path_factory.mktemp(kind)
            url = f"sqlite:///{home / 'meetings.db'}" if kind == "sqlite" else fresh_postgresql(postgresql_server)
            with pytest.MonkeyPatch.context() as monkeypatch, Sandbox(world, download_port=download_port) as sandbox:
                for field in Settings.model_fields.values():
                    monkeypatch.delenv(str(field.alias), raising=False)
                monkeypatch.setenv("MEETING_ASSETS_HOME", str(home))
                monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
                use(sandbox, monkeypatch)
                bring_home(days_of(sandbox))
                place = open_places.enter_context(opened(read_settings()))
                found[kind] = Arrived(sandbox.world, place, contents(without=VOLATILE))
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def arrived(request: pytest.FixtureRequest, fortnights: dict[str, Arrived]) -> Arrived:
    return fortnights[request.param]


@pytest.fixture
def connection(arrived: Arrived) -> Iterator[Connection]:
    with arrived.place.database.reading() as connection:
        yield connection


def test_every_quirk_is_counted() -> None:
    assert SHOWN_BY.keys() == QUIRKS.keys()
    assert ALSO_ELSEWHERE.keys() | IN_RAW.keys() <= QUIRKS.keys()


@pytest.mark.parametrize("quirk", SHOWN_BY)
def test_the_tables_show_the_quirk(arrived: Arrived, connection: Connection, quirk: str) -> None:
    made = quirks_of(arrived.world)
    look_alike = [each for each, query in SHOWN_BY.items() if query is SHOWN_BY[quirk]]

    found = SHOWN_BY[quirk](connection)

    assert made[quirk]
    if quirk in ALSO_ELSEWHERE:
        assert found > set(made[quirk]), ALSO_ELSEWHERE[quirk]
    else:
        assert found == {recording_id for each in look_alike for recording_id in made[each]}


@pytest.mark.parametrize("quirk", IN_RAW)
def test_the_raw_bytes_tell_what_the_tables_do_not(arrived: Arrived, connection: Connection, quirk: str) -> None:
    kind, shows = IN_RAW[quirk]
    artifacts = connection.execute(LEDGER.select().where(LEDGER.c.kind == kind, LEDGER.c.status == "parsed"))
    payloads = [(each.recording_id, arrived.place.raw.read(each.raw_key, each.sha256)) for each in artifacts]

    found = {recording_id for recording_id, payload in payloads if shows(json.loads(payload or b""))}

    assert found == set(quirks_of(arrived.world)[quirk])


def test_every_table_has_rows(arrived: Arrived) -> None:
    assert [name for name, content in arrived.contents.items() if not content] == []


def test_a_fortnight_is_40_recordings_of_four_platforms_with_150_000_words(connection: Connection) -> None:
    recordings = connection.scalar(select(func.count()).select_from(RECORDINGS))
    platforms = set(connection.scalars(select(RECORDINGS.c.platform).where(RECORDINGS.c.bot_id.is_not(None))))
    words = connection.scalar(select(func.sum(TRANSCRIPTS.c.word_count)).where(TRANSCRIPTS.c.is_primary))

    assert recordings is not None
    assert recordings >= 40
    assert platforms == PLATFORMS
    assert words >= 150_000


def test_nothing_is_quarantined_and_nothing_left(arrived: Arrived) -> None:
    seen = overview(arrived.place)

    assert {status for counts in seen.artifacts.values() for status in counts} == {"parsed", "failed", "absent"}
    assert (seen.left, seen.processing, seen.needs) == (0, 0, [])


def test_every_word_lies_inside_its_utterance(connection: Connection) -> None:
    same = [WORDS.c[name] == UTTERANCES.c[name] for name in ("recording_id", "transcript_id", "utterance_index")]
    is_outside = or_(
        UTTERANCES.c.text.is_(None),  # no such utterance
        WORDS.c.participant_key != UTTERANCES.c.participant_key,
        WORDS.c.start_s < UTTERANCES.c.start_s,
        WORDS.c.end_s > UTTERANCES.c.end_s,
        WORDS.c.start_s > WORDS.c.end_s,
    )
    of_words = WORDS.outerjoin(UTTERANCES, and_(*same))

    assert connection.scalar(select(func.count()).select_from(of_words).where(is_outside)) == 0


def test_both_databases_hold_the_same(fortnights: dict[str, Arrived]) -> None:
    sqlite, postgresql = fortnights["sqlite"].contents, fortnights["postgresql"].contents

    assert sqlite.keys() == postgresql.keys()
    assert [name for name, content in sqlite.items() if content != postgresql[name]] == []


@pytest.mark.parametrize("name", ["Kai 🌊 Moana", "سلمى حداد", "Siobhan O'Donnell-Reyes"])
def test_an_unusual_name_arrives_unchanged(connection: Connection, name: str) -> None:
    columns = (
        PARTICIPANTS.c.name,
        EVENTS.c.participant_name,
        TIMELINE.c.speaker_name,
        UTTERANCES.c.speaker_name,
        table_of(ParticipantMetrics).c.name,
    )

    for column in columns:
        assert set(connection.scalars(select(column).where(column == name))) == {name}, column.table.name
