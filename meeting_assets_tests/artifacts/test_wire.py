"""Decoding of payloads: faults with their place, numbers, instants, participants."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.artifacts import ARTIFACTS, wire
from meeting_assets.artifacts.provider_data import Part
from meeting_assets.artifacts.wire import (
    Int64,
    Moment,
    absolute_at,
    decoded,
    participant_key,
)
from meeting_assets.core.errors import PayloadError
from meeting_assets.core.names import normalized_name
from meeting_assets_tests.support.wire_elements import Element, element, fault

SECRET = "what Ada said"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'[{"participant": {"id": 1}}, {"participant": "Ada"}]', "[1].participant: expected object, got str"),
        (b'[{"participant": {"id": "1"}}]', "[0].participant.id: expected int, got str"),
        (b"[{}]", "[0]: object missing required field participant"),
        (element(at=3.5), "[0].at: expected object, got float"),
        (element(at={"relative": "3.5"}), "[0].at.relative: expected float, got str"),
        (element(at={"absolute": 3.5}), "[0].at.absolute: expected datetime, got float"),
        (element(at={"absolute": "noon"}), "[0].at.absolute: invalid RFC3339 encoded datetime"),
        (element(text=None), "[0].text: expected str, got null"),
        (b'{"participant": {"id": 1}}', "byte 0: expected array, got object"),
        (b"null", "byte 0: expected array, got null"),
        (b'"text"', "byte 0: expected array, got str"),
    ],
)
def test_fault_of_shape_names_the_path(payload: bytes, expected: str) -> None:
    assert fault(payload) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", "byte 0: input data was truncated"),
        (b"  ", "byte 2: input data was truncated"),
        (element()[:-2], f"byte {len(element()) - 2}: input data was truncated"),
        (b"[] []", "byte 4: trailing characters"),  # msgspec reports the position after the first document
        (b"<html>", "byte 0: invalid character"),
        (b"[NaN]", "byte 1: invalid character"),
        (b'[{"number": Infinity}]', "byte 12: invalid character"),
        (b'[{"more": -Infinity}]', "byte 11: invalid character"),
        (b'[{"text": "\xff"}]', "byte 11: text is not UTF-8"),
        (b'[{"more": "\xff"}]', "byte 11: text is not UTF-8"),
        (b'[{"\xc3": 1}]', "byte 3: text is not UTF-8"),
        ("[]".encode("utf-16"), "byte 0: text is not UTF-8"),
    ],
)
def test_fault_of_syntax_names_the_byte(payload: bytes, expected: str) -> None:
    assert fault(payload) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [(b'["', b'"] x'), (b'["\xff', b'"]'), (b'["', b'", ' + b"[" * 300), (b'["', b'"')],
    ids=["syntax", "encoding", "nesting", "end"],
)
def test_byte_position_refers_to_the_original_payload(before: bytes, after: bytes) -> None:
    plain = fault(before + b"..." + after, list[str])
    repaired = fault(b"\xef\xbb\xbf" + before + b"\x00\xed\xa0\x80" + after + b"\x00" * after.endswith(b"["), list[str])

    def byte(of: str) -> int:
        return int(of.removeprefix("byte ").partition(":")[0])

    mark, longer_text = 3, 1
    moved = mark + longer_text * (byte(plain) > len(before))
    assert byte(repaired) == byte(plain) + moved


@pytest.mark.parametrize(
    "payload",
    [
        element(text=SECRET, at=3)[:-1],
        element(text=SECRET) + SECRET.encode(),
        element(at=SECRET),
        element(at={"absolute": SECRET}),
        element(at={"absolute": "0001-01-01T00:00:00Z", "more": SECRET}),
        element(**{SECRET: SECRET}, number=SECRET),
        element(text={SECRET: SECRET}),
        element(text=SECRET).replace(b" Ada", b"\\x"),
        element(text=SECRET).replace(b" Ada", b"\xff"),
        element(text=SECRET).replace(b" Ada", b"\n"),
        f'[{{"{SECRET}": {"[" * 300}'.encode(),
        f'{{"{SECRET}": 1}}'.encode(),
        f'[{{"speaker": "{SECRET}", "user_id": "{SECRET}"}}]'.encode(),
    ],
)
def test_fault_does_not_quote_the_payload(payload: bytes) -> None:
    with pytest.raises(PayloadError) as quarantined:
        decoded(payload, list[Element])

    assert not any(word in str(quarantined.value) for word in SECRET.split())
    assert quarantined.value.__cause__ is None
    assert quarantined.value.__context__ is None or quarantined.value.__suppress_context__


json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["participant", "id", "at"]), inner),
)


def assert_read_or_quarantined(payload: bytes) -> None:
    with suppress(PayloadError):
        decoded(payload, list[Element])


@given(json_documents)
def test_any_document_is_decoded_or_quarantined(document: Any) -> None:
    assert_read_or_quarantined(json.dumps(document).encode())


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_or_quarantined(noise: bytes) -> None:
    assert_read_or_quarantined(noise)


@given(st.integers(0, 70), st.binary(max_size=3))
def test_damaged_payload_is_decoded_or_quarantined(position: int, noise: bytes) -> None:
    sound = element(text='é \\ " [', at={"relative": 1, "absolute": "2026-03-02T09:30:00Z"})

    assert_read_or_quarantined(sound[:position] + noise + sound[position + 1 :])


def test_byte_order_mark_is_accepted() -> None:
    assert decoded(b"\xef\xbb\xbf[1]", list[int]) == ([1], 0)


def test_last_of_repeated_json_keys_is_used() -> None:
    (read,), _ = decoded(b'[{"participant": {"id": 1, "id": 2}, "text": "a", "text": "b"}]', list[Element])

    assert (read.participant.id, read.text) == (2, "b")


def test_unknown_fields_are_ignored() -> None:
    payload = b'[{"participant": {"id": 1, "x": [null]}, "y": {"z": 1e999, "n": 123456789012345678901234567890}}]'

    (read,), _ = decoded(payload, list[Element])

    assert read.participant.id == 1


class TestNumbers:
    @pytest.mark.parametrize("number", [-(2**63), 2**63 - 1, 0])
    def test_ids_may_have_64_bits(self, number: int) -> None:
        assert decoded(str(number).encode(), Int64) == (number, 0)

    @pytest.mark.parametrize(
        ("number", "cause"),
        [
            ("9223372036854775808", "expected int <= 9223372036854775807"),
            ("-9223372036854775809", "expected int >= -9223372036854775808"),
            ("9" * 30, "expected int <= 9223372036854775807"),
            ("9" * 5000, "integer value out of range"),
            ("1e30", "expected int, got float"),
            ("1e2", "expected int, got float"),
            ("100.0", "expected int, got float"),
            ("1e999", "number out of range"),
            ("true", "expected int, got bool"),
            ('"100"', "expected int, got str"),
        ],
    )
    def test_invalid_id_is_quarantined(self, number: str, cause: str) -> None:
        assert fault(f'[{{"participant": {{"id": {number}}}}}]'.encode()) == f"[0].participant.id: {cause}"

    @pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400])
    def test_time_outside_of_doubles_is_quarantined(self, number: str) -> None:
        payload = f'[{{"participant": {{"id": 1}}, "number": {number}}}]'.encode()

        assert fault(payload) == "[0].number: number out of range"

    @pytest.mark.parametrize(
        ("relative", "cause"),
        [(1e300, "expected float <= 9000000000000.0"), (-9.000001e12, "expected float >= -9000000000000.0")],
    )
    def test_implausible_time_is_quarantined(self, relative: float, cause: str) -> None:
        assert fault(element(at={"relative": relative})) == f"[0].at.relative: {cause}"

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_doubles_are_decoded_exactly(self, number: float) -> None:
        (read,), _ = decoded(element(number=number), list[Element])

        assert read.number == number


class TestInstants:
    @pytest.mark.parametrize(
        "absolute",
        [
            "2025-07-17T00:00:09.730000Z",
            "2025-07-17T00:00:09.73Z",
            "2025-07-17 00:00:09.730000001+00:00",
            "2025-07-17T02:00:09.730+02:00",
            "2025-07-16T19:00:09.730-0500",
            "2025-07-17T00:00:09.730",
        ],
    )
    def test_instants_are_decoded_in_every_rfc3339_form(self, absolute: str) -> None:
        (read,), _ = decoded(element(at={"absolute": absolute}), list[Element])

        assert absolute_at(read.at) == datetime(2025, 7, 17, 0, 0, 9, 730_000, tzinfo=UTC)

    @pytest.mark.parametrize("absolute", ["0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59-12:00"])
    def test_instant_out_of_range_is_quarantined(self, absolute: str) -> None:
        assert fault(element(at={"absolute": absolute})) == "[0].at: year out of range"

    @pytest.mark.parametrize("absolute", ["0002-01-01T00:00:00+12:00", "9998-12-31T23:59:59-12:00"])
    def test_instant_at_the_edge_of_the_range_is_decoded(self, absolute: str) -> None:
        (read,), _ = decoded(element(at={"absolute": absolute}), list[Element])

        assert absolute_at(read.at) == datetime.fromisoformat(absolute)


def test_label_key_ignores_unicode_encoding_and_respects_case() -> None:
    spellings = ["Zoë", "Zoe\u0308", " Zoë\u200b"]

    assert {participant_key(None, each) for each in spellings} == {"label:Zoë"}
    assert participant_key(None, "speaker a") != participant_key(None, "speaker A")


class TestParticipantKey:
    @given(st.integers(-(2**63), 2**63 - 1), st.none() | st.text())
    def test_key_is_the_id_if_present(self, participant_id: int, name: str | None) -> None:
        assert participant_key(participant_id, name) == str(participant_id)

    @given(st.text(min_size=1, max_size=250).filter(normalized_name))
    def test_key_is_the_normalized_name_without_id(self, name: str) -> None:
        assert participant_key(None, name) == f"label:{normalized_name(name)}"

    @pytest.mark.parametrize("name", [None, "", " ", "\u200b"])
    def test_key_is_unknown_without_id_and_name(self, name: str | None) -> None:
        assert participant_key(None, name) == "unknown"

    @given(
        st.none() | st.integers(0, 9),
        st.none() | st.text(max_size=2),
        st.none() | st.integers(0, 9),
        st.none() | st.text(max_size=2),
    )
    def test_different_speakers_have_different_keys(
        self, one: int | None, name: str | None, other: int | None, alias: str | None
    ) -> None:
        def identity(participant_id: int | None, called: str | None) -> object:
            return participant_id if participant_id is not None else normalized_name(called or "") or None

        assert (participant_key(one, name) == participant_key(other, alias)) == (
            identity(one, name) == identity(other, alias)
        )

    @pytest.mark.parametrize(("name_length", "is_kept"), [(294, True), (295, False)])
    def test_key_has_at_most_300_characters(self, name_length: int, is_kept: bool) -> None:
        name = "A" * name_length

        key = participant_key(None, name)

        assert (key == f"label:{name}") is is_kept
        assert len(key) <= 300

    def test_long_name_is_shortened_and_distinguished_by_its_digest(self) -> None:
        one, other = participant_key(None, "A" * 10_000 + "x"), participant_key(None, "A" * 10_000 + "y")

        assert one.startswith("label:AAA")
        assert len(one) == len(other) <= 300
        assert one != other


class TestOlderShapes:
    @pytest.mark.parametrize(
        "payload",
        [
            b'[{"speaker": "Ada", "speaker_id": 1, "words": []}]',
            b'[{"speaker": null, "words": []}]',
            b'[{"name": "Ada", "user_id": 1, "timestamp": 3.5}]',
        ],
    )
    def test_payload_of_older_api_is_named_as_such(self, payload: bytes) -> None:
        assert fault(payload).endswith("(a shape from before API v1.11)")

    @pytest.mark.parametrize("payload", [b'[{"participant": {}, "speaker": 1}]', b"[{}]", b"{}", b'["speaker"]'])
    def test_other_payloads_are_not_named_older(self, payload: bytes) -> None:
        assert "v1.11" not in fault(payload)


INSTANTS = {Moment: "absolute", Part: "created_at"}
"""Every struct of a payload with an instant."""


@pytest.mark.parametrize("zone", ["", "Z", "+00:00", "+05:30", "-14:00"])
@pytest.mark.parametrize("kind", INSTANTS)
def test_decoded_instants_are_aware_with_and_without_zone(kind: type[msgspec.Struct], zone: str) -> None:
    text = f'{{"type": "x", "{INSTANTS[kind]}": "2026-03-02T09:30:00{zone}"}}'

    found = getattr(decoded(text.encode(), kind)[0], INSTANTS[kind])

    assert found.tzinfo is UTC
    assert (found == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) == (zone in {"", "Z", "+00:00"})


@pytest.mark.parametrize(
    "absurd", ["0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z"]
)
@pytest.mark.parametrize("kind", INSTANTS)
def test_absurd_instant_is_quarantined(kind: type[msgspec.Struct], absurd: str) -> None:
    with pytest.raises(PayloadError):
        decoded(f'{{"type": "x", "{INSTANTS[kind]}": "{absurd}"}}'.encode(), kind)


def test_all_structs_with_instants_are_covered() -> None:
    modules = [wire, *(sys.modules[artifact.rows.__module__] for artifact in ARTIFACTS.values())]
    structs = [
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, msgspec.Struct)
    ]

    assert {each for each in structs if "datetime" in str(each.__annotations__)} == INSTANTS.keys()
