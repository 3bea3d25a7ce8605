"""Mutated payloads have the `payload_properties`; `meeting_assets_tests.support.fuzz` tests more of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact, Rows
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.support.mutations import editable, serialized, variants, with_change, with_damage
from meeting_assets_tests.support.payload_properties import assert_storable, assert_stored, read_or_quarantined
from meeting_assets_tests.support.payloads import clocks, encoded, ids, moments, numbers, offsets, texts
from meeting_assets_tests.support.plausible_payloads import PLAUSIBLE

pytestmark = pytest.mark.with_tables

each_artifact = pytest.mark.parametrize("artifact", ARTIFACTS.values(), ids=lambda artifact: artifact.kind)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def objects(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Generates objects with required members, optional members that may be null, and sometimes an unknown member."""
    return st.fixed_dictionaries(required, optional={name: st.none() | each for name, each in optional.items()}) | (
        st.fixed_dictionaries(required | {"new": json_values})
    )


extra_data = json_values | st.fixed_dictionaries({"zoom": objects({}, conf_user_id=texts)})
people = objects({"id": ids}, name=texts, is_host=st.booleans(), platform=texts, extra_data=extra_data, email=texts)
words = objects({"text": texts}, start_timestamp=offsets, end_timestamp=offsets)
media_parts = objects(
    {"participant": people, "start_timestamp": moments()}, id=texts, duration=numbers, type=texts, download_url=texts
)
actions = st.sampled_from(["join", "speech_on", "chat_message", "chat_message"]) | texts
chats = objects({}, text=texts, to=texts)
DOCUMENTS: dict[str, st.SearchStrategy[Any]] = {
    "participants": st.lists(people, max_size=4),
    "participant_events": st.lists(
        objects({"action": actions, "participant": people, "timestamp": moments()}, id=texts, data=chats), max_size=3
    ),
    "speaker_timeline": st.lists(
        objects({"participant": people, "start_timestamp": moments(), "end_timestamp": moments()}), max_size=3
    ),
    "transcript": st.lists(
        objects({"participant": people, "words": st.lists(words, max_size=3)}, language_code=texts), max_size=2
    ),
    "provider_data": st.fixed_dictionaries(
        {
            "parts": st.lists(
                objects(
                    {"type": texts},
                    id=texts,
                    created_at=clocks,
                    source_audio=objects({}, type=texts, offset=numbers, participant=people),
                    data=json_values,
                ),
                max_size=2,
            )
        }
    ),
    "video_separate": st.lists(media_parts, max_size=3),
    "audio_separate": st.lists(media_parts, max_size=3),
}


@st.composite
def payloads(draw: st.DrawFn, kind: str, *, most_damages: int = 2) -> bytes:
    """Generates payloads of one kind with up to three changes of the document and some of its bytes."""
    document = editable(draw(st.sampled_from(PLAUSIBLE[kind]) | DOCUMENTS.get(kind, st.nothing())))
    chance = draw(st.randoms())
    for _ in range(draw(st.integers(0, 3))):
        document = with_change(document, chance)
    payload = serialized(document, is_ascii=draw(st.booleans()))
    for _ in range(draw(st.integers(0, most_damages))):
        payload = with_damage(payload, chance)
    return payload


def checked_rows(artifact: Artifact, payload: bytes) -> Rows | None:
    """Returns the rows of a payload, None if it is quarantined; asserts the properties."""
    rows = read_or_quarantined(artifact, payload)
    if isinstance(rows, str):
        return None
    assert_storable(artifact, rows)
    return rows


def check(check_case: Callable[[Any], None], cases: st.SearchStrategy[Any], example_count: int) -> None:
    # Slow generation on a busy machine is not a failure.
    settings(max_examples=example_count, suppress_health_check=[HealthCheck.too_slow])(given(cases)(check_case))()


@each_artifact
@pytest.mark.parametrize("example_count", [100, pytest.param(2_000, marks=pytest.mark.deployment)])
def test_mutated_payload_is_parsed_or_quarantined(artifact: Artifact, example_count: int) -> None:
    def check_case(payload: bytes) -> None:
        checked_rows(artifact, payload)

    check(check_case, payloads(artifact.kind), example_count)


@each_artifact
def test_payload_with_replaced_value_is_parsed_or_quarantined(artifact: Artifact) -> None:
    for document in PLAUSIBLE[artifact.kind]:
        for variant in variants(document):
            checked_rows(artifact, variant)


@each_artifact
def test_truncated_payload_is_quarantined(artifact: Artifact) -> None:
    for document in PLAUSIBLE[artifact.kind]:
        payload = encoded(document)
        for size in range(len(payload)):
            assert checked_rows(artifact, payload[:size]) is None


@each_artifact
@pytest.mark.parametrize(
    "extreme", ["[" * 50_000, '{"a":' * 50_000, "[" * 50_000 + "]" * 50_000, "9" * 1_000_000], ids=lambda text: text[:2]
)
def test_extreme_payload_is_quarantined(artifact: Artifact, extreme: str) -> None:
    payload = encoded(PLAUSIBLE[artifact.kind][0]).replace(b'"Ada"', extreme.encode())

    assert checked_rows(artifact, payload) is None


@each_artifact
def test_nesting_near_the_recursion_limit_is_quarantined(artifact: Artifact) -> None:
    payload = encoded(PLAUSIBLE[artifact.kind][0])
    read, kept_or_skipped, kept = b'"Ada"', b'"RiajK"', b'"no"'

    for original in (read, kept_or_skipped, kept) if kept in payload else (read, kept_or_skipped):
        for levels in range(950, 1_000):
            hidden = b'["]",' * levels + b"1" + b',"["]' * levels
            assert checked_rows(artifact, payload.replace(original, hidden)) is None


def test_word_of_ten_megabytes_is_parsed() -> None:
    payload = encoded(PLAUSIBLE["transcript"][0]).replace(b'"No,"', b'"' + rb"\u0000]" * 1_428_572 + b'"')

    rows = checked_rows(ARTIFACTS["transcript"], payload)

    assert rows is not None
    assert rows.by_table[-1][0][-1] == "\ufffd]" * 1_428_572


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(
        database, schema_of({model: artifact.kind for artifact in ARTIFACTS.values() for model in artifact.tables})
    )
    yield database
    database.close()


@pytest.mark.parametrize("example_count", [200, pytest.param(5_000, marks=pytest.mark.deployment)])
def test_parsed_rows_survive_the_database(database: Database, example_count: int) -> None:
    cases = st.sampled_from([*ARTIFACTS]).flatmap(
        lambda kind: st.tuples(st.just(ARTIFACTS[kind]), payloads(kind, most_damages=0))
    )

    def check_case(case: tuple[Artifact, bytes]) -> None:
        artifact, payload = case
        if (rows := checked_rows(artifact, payload)) is not None:
            with database.writing() as connection:
                assert_stored(artifact, rows, connection)
                connection.rollback()

    check(check_case, cases, example_count)
