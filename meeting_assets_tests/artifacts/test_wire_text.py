"""Decoding of payloads: nesting, repaired text, and JSON that is kept as text."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meeting_assets.artifacts.wire import (
    DEEPEST_NESTING,
    decoded,
    kept_json,
    repaired_text,
)
from meeting_assets.core.errors import PayloadError
from meeting_assets_tests.support.wire_elements import Element, element, fault


class TestNesting:
    @pytest.mark.parametrize("pair", ["[]", "{}"])
    def test_200_levels_are_accepted(self, pair: str) -> None:
        opening = pair[0] if pair == "[]" else '{"a":'
        inside = DEEPEST_NESTING - 2

        def nested(levels: int) -> bytes:
            fields = opening * levels + "1" + pair[1] * levels
            return f'[{{"participant": {{"id": 1}}, "more": {fields}, "data": {fields}}}]'.encode()

        decoded(nested(inside), list[Element])
        at = nested(inside + 1).index(b"1", 30) - len(opening)
        assert fault(nested(inside + 1)) == f"byte {at}: nested more than 200 levels"

    @pytest.mark.parametrize("levels", [500, 2_000, 200_000])
    @pytest.mark.parametrize("field", ["data", "more", "text"])
    def test_deeper_nesting_is_quarantined_in_every_field(self, field: str, levels: int) -> None:
        payload = f'[{{"participant": {{"id": 1}}, "{field}": {"[" * levels}{"]" * levels}}}]'.encode()

        assert fault(payload).endswith(": nested more than 200 levels")

    @pytest.mark.parametrize("text", ["[" * 500, "]" * 500, "[{" * 300 + "}]" * 300, '"[' * 300, "\\[" * 300])
    def test_brackets_in_strings_do_not_count_as_levels(self, text: str) -> None:
        (read,), _ = decoded(element(text=text, data=text), list[Element])

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

        (read,), count = decoded(payload, list[Element])

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
