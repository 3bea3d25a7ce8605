"""Decoding of payloads: faults with their place, repaired text, and limits."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meeting_assets.artifacts import ARTIFACTS, wire
from meeting_assets.artifacts.provider_data import Part
from meeting_assets.artifacts.wire import (
    DEEPEST_NESTING,
    Int64,
    Moment,
    Speaker,
    absolute_at,
    decoded,
    kept_json,
    participant_key,
    repaired_text,
)
from meeting_assets.core.errors import PayloadError
from meeting_assets.core.names import normalized_name

SECRET = "what Ada said"


class Thing(msgspec.Struct):
    """An element of a payload that uses every feature of decoding."""

    participant: Speaker
    text: str = ""
    at: Moment | None = None
    number: float | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


def thing(**fields: Any) -> bytes:
    return json.dumps([{"participant": {"id": 1}, **fields}]).encode()


def fault(payload: bytes, shape: Any = list[Thing]) -> str:
    with pytest.raises(PayloadError) as quarantined:
        decoded(payload, shape)
    return str(quarantined.value)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'[{"participant": {"id": 1}}, {"participant": "Ada"}]', "[1].participant: expected object, got str"),
        (b'[{"participant": {"id": "1"}}]', "[0].participant.id: expected int, got str"),
        (b"[{}]", "[0]: object missing required field participant"),
        (thing(at=3.5), "[0].at: expected object, got float"),
        (thing(at={"relative": "3.5"}), "[0].at.relative: expected float, got str"),
        (thing(at={"absolute": 3.5}), "[0].at.absolute: expected datetime, got float"),
        (thing(at={"absolute": "noon"}), "[0].at.absolute: invalid RFC3339 encoded datetime"),
        (thing(text=None), "[0].text: expected str, got null"),
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
        (thing()[:-2], f"byte {len(thing()) - 2}: input data was truncated"),
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
        thing(text=SECRET, at=3)[:-1],
        thing(text=SECRET) + SECRET.encode(),
        thing(at=SECRET),
        thing(at={"absolute": SECRET}),
        thing(at={"absolute": "0001-01-01T00:00:00Z", "more": SECRET}),
        thing(**{SECRET: SECRET}, number=SECRET),
        thing(text={SECRET: SECRET}),
        thing(text=SECRET).replace(b" Ada", b"\\x"),
        thing(text=SECRET).replace(b" Ada", b"\xff"),
        thing(text=SECRET).replace(b" Ada", b"\n"),
        f'[{{"{SECRET}": {"[" * 300}'.encode(),
        f'{{"{SECRET}": 1}}'.encode(),
        f'[{{"speaker": "{SECRET}", "user_id": "{SECRET}"}}]'.encode(),
    ],
)
def test_fault_does_not_quote_the_payload(payload: bytes) -> None:
    with pytest.raises(PayloadError) as quarantined:
        decoded(payload, list[Thing])

    assert not any(word in str(quarantined.value) for word in SECRET.split())
    assert quarantined.value.__cause__ is None
    assert quarantined.value.__context__ is None or quarantined.value.__suppress_context__


json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["participant", "id", "at"]), inner),
)


def assert_read_or_quarantined(payload: bytes) -> None:
    with suppress(PayloadError):
        decoded(payload, list[Thing])


@given(json_documents)
def test_any_document_is_decoded_or_quarantined(document: Any) -> None:
    assert_read_or_quarantined(json.dumps(document).encode())


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_or_quarantined(noise: bytes) -> None:
    assert_read_or_quarantined(noise)


@given(st.integers(0, 70), st.binary(max_size=3))
def test_damaged_payload_is_decoded_or_quarantined(position: int, noise: bytes) -> None:
    sound = thing(text='é \\ " [', at={"relative": 1, "absolute": "2026-03-02T09:30:00Z"})

    assert_read_or_quarantined(sound[:position] + noise + sound[position + 1 :])


def test_byte_order_mark_is_accepted() -> None:
    assert decoded(b"\xef\xbb\xbf[1]", list[int]) == ([1], 0)


def test_last_of_repeated_json_keys_is_used() -> None:
    (read,), _ = decoded(b'[{"participant": {"id": 1, "id": 2}, "text": "a", "text": "b"}]', list[Thing])

    assert (read.participant.id, read.text) == (2, "b")


def test_unknown_fields_are_ignored() -> None:
    payload = b'[{"participant": {"id": 1, "x": [null]}, "y": {"z": 1e999, "n": 123456789012345678901234567890}}]'

    (read,), _ = decoded(payload, list[Thing])

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
        assert fault(thing(at={"relative": relative})) == f"[0].at.relative: {cause}"

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_doubles_are_decoded_exactly(self, number: float) -> None:
        (read,), _ = decoded(thing(number=number), list[Thing])

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
        (read,), _ = decoded(thing(at={"absolute": absolute}), list[Thing])

        assert absolute_at(read.at) == datetime(2025, 7, 17, 0, 0, 9, 730_000, tzinfo=UTC)

    @pytest.mark.parametrize("absolute", ["0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59-12:00"])
    def test_instant_out_of_range_is_quarantined(self, absolute: str) -> None:
        assert fault(thing(at={"absolute": absolute})) == "[0].at: year out of range"

    @pytest.mark.parametrize("absolute", ["0002-01-01T00:00:00+12:00", "9998-12-31T23:59:59-12:00"])
    def test_instant_at_the_edge_of_the_range_is_decoded(self, absolute: str) -> None:
        (read,), _ = decoded(thing(at={"absolute": absolute}), list[Thing])

        assert absolute_at(read.at) == datetime.fromisoformat(absolute)


class TestNesting:
    @pytest.mark.parametrize("pair", ["[]", "{}"])
    def test_200_levels_are_accepted(self, pair: str) -> None:
        opening = pair[0] if pair == "[]" else '{"a":'
        inside = DEEPEST_NESTING - 2

        def nested(levels: int) -> bytes:
            fields = opening * levels + "1" + pair[1] * levels
            return f'[{{"participant": {{"id": 1}}, "more": {fields}, "data": {fields}}}]'.encode()

        decoded(nested(inside), list[Thing])
        at = nested(inside + 1).index(b"1", 30) - len(opening)
        assert fault(nested(inside + 1)) == f"byte {at}: nested more than 200 levels"

    @pytest.mark.parametrize("levels", [500, 2_000, 200_000])
    @pytest.mark.parametrize("field", ["data", "more", "text"])
    def test_deeper_nesting_is_quarantined_in_every_field(self, field: str, levels: int) -> None:
        payload = f'[{{"participant": {{"id": 1}}, "{field}": {"[" * levels}{"]" * levels}}}]'.encode()

        assert fault(payload).endswith(": nested more than 200 levels")

    @pytest.mark.parametrize("text", ["[" * 500, "]" * 500, "[{" * 300 + "}]" * 300, '"[' * 300, "\\[" * 300])
    def test_brackets_in_strings_do_not_count_as_levels(self, text: str) -> None:
        (read,), _ = decoded(thing(text=text, data=text), list[Thing])

        assert read.text == text

    @pytest.mark.parametrize("levels", [DEEPEST_NESTING + 1, 500, *range(970, 1000), 5_000])
    def test_brackets_in_strings_do_not_hide_levels(self, levels: int) -> None:
        payload = b'["]",' * levels + b"1" + b',"["]' * levels

        assert fault(payload, list[Any]) == f"byte {DEEPEST_NESTING * 5}: nested more than 200 levels"

    brackets = st.lists(st.sampled_from(["[", "]", "{", "}", '"', "\\", "a"]), max_size=4).map("".join)

    @given(brackets.map(json.dumps), brackets.map(json.dumps), st.integers(-1, 1))
    @example('"]"', '"["', 1)
    @example('"\\"]"', '"[\\\\"', 1)
    def test_levels_are_counted_independently_of_strings(self, before: str, after: str, more: int) -> None:
        levels = DEEPEST_NESTING + more
        payload = f"{f'[{before},' * levels}1{f',{after}]' * levels}".encode()

        if more > 0:
            at = DEEPEST_NESTING * len(f"[{before},")
            assert fault(payload, list[Any]) == f"byte {at}: nested more than 200 levels"
        else:
            decoded(payload, list[Any])

    def test_many_siblings_are_accepted(self) -> None:
        decoded(b"[" + b",".join([b'{"a": [{}, []]}'] * 5_000) + b"]", list[Any])


def with_replacements(document: Any) -> tuple[Any, int]:
    """Returns a document with unstorable characters replaced by U+FFFD, and their number."""
    if isinstance(document, str):
        bad = [character == "\0" or "\ud800" <= character <= "\udfff" for character in document]
        return "".join("\ufffd" if is_bad else each for each, is_bad in zip(document, bad, strict=True)), sum(bad)
    parts = [with_replacements(each) for each in document]
    return [part for part, _ in parts], sum(count for _, count in parts)


class TestRepair:
    # All ways to begin, end or break an escape.
    fragments = st.sampled_from(
        [
            "\\\\",
            '\\"',
            "\\n",
            "\\u0000",
            "\\ud83d",
            "\\uDE00",
            "\\uD83D\\ude00",
            "\\u00e9",
            "\\ufffd",
            "u0000",
            "ud83d",
            *("0000", "\0", "\ud800", "\udfff", "é", "😀", "한", "a", "[", "\\/"),
        ]
    )
    documents = st.lists(st.lists(fragments).map(lambda parts: f'"{"".join(parts)}"')).map(
        lambda texts: f"[{', '.join(texts)}]"
    )

    @given(documents)
    @example(r'["\ud83d\ud83d\ude00", "\ude00\ud83d", "\\\u0000", "\\\\u0000", "\\ud83d\ude00"]')
    def test_all_unstorable_characters_and_no_others_are_replaced(self, document: str) -> None:
        repaired, count = repaired_text(document.encode(errors="surrogatepass"))

        expected = with_replacements(json.loads(document, strict=False))
        assert (json.loads(repaired), count) == expected
        assert decoded(document.encode(errors="surrogatepass"), list[str]) == expected

    @given(st.lists(st.text()))
    def test_storable_text_remains_unchanged(self, texts: list[str]) -> None:
        sound = [text.replace("\0", "") for text in texts]

        for document in (json.dumps(sound).encode(), json.dumps(sound, ensure_ascii=False).encode()):
            assert repaired_text(document) == (document, 0)

    def test_keys_are_repaired(self) -> None:
        payload = rb'{"a\u0000": 1, "b\ud800": {"c' + b"\x00" + rb'": 2}}'

        assert decoded(payload, dict[str, Any]) == ({"a\ufffd": 1, "b\ufffd": {"c\ufffd": 2}}, 3)

    def test_kept_json_is_repaired(self) -> None:
        payload = rb'[{"participant": {"id": 1}, "data": {"k\u0000": ["\udfff", "\\u0000"]}}]'

        (read,), count = decoded(payload, list[Thing])

        assert (bytes(read.data), count) == (rb'{"k\ufffd": ["\ufffd", "\\u0000"]}', 2)

    @pytest.mark.parametrize("payload", [b"[1,\x00 2]", b"[1, 2]\x00", b'["\\\x00ufffd"]', b'["\\u00\x000"]'])
    def test_only_strings_are_repaired(self, payload: bytes) -> None:
        assert fault(payload, list[Any]).startswith("byte ")

    def test_word_of_ten_megabytes_is_parsed(self) -> None:
        text = "word\\u0000" * 1_000_000

        assert decoded(f'["{text}"]'.encode(), list[str]) == (["word\ufffd" * 1_000_000], 1_000_000)


class TestKeptJson:
    @pytest.mark.parametrize("document", ['{"a":  [1, 2.50]}', "{}", "[]", '""', "0", "false", '{"a": 1, "a": 2}'])
    def test_json_is_kept_unchanged(self, document: str) -> None:
        assert kept_json(msgspec.Raw(document.encode()), "[0].data") == (document, json.loads(document))

    def test_null_becomes_none(self) -> None:
        assert kept_json(msgspec.Raw(b"null"), "[0].data") == (None, None)

    @pytest.mark.parametrize(
        ("document", "expected"),
        [
            ('{"a": [0, 1e999]}', "[0].data[...][1]: number out of range"),
            ("-1e999", "[0].data: number out of range"),
            ("9" * 5_000, "[0].data: integer value out of range"),
        ],
    )
    def test_number_out_of_range_is_quarantined(self, document: str, expected: str) -> None:
        with pytest.raises(PayloadError) as quarantined:
            kept_json(msgspec.Raw(document.encode()), "[0].data")

        assert str(quarantined.value) == expected


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
