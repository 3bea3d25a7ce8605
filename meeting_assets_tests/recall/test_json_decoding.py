"""Pages are decoded as a whole or object by object, so a malformed object does not affect the others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.errors import PayloadError
from meeting_assets.recall.json_decoding import INVALID_NUMBER, MalformedObject, decode_json, decode_page
from meeting_assets.recall.objects import Recording, decode_object, without_secrets
from meeting_assets_tests.support.fake_transport import API, FakeTransport, page

ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
READ = {
    "infinite": (b"1e400", INVALID_NUMBER),
    "minus-infinite": (b"-1e400", INVALID_NUMBER),
    "NaN": (b"NaN", INVALID_NUMBER),
    "Infinity": (b"-Infinity", INVALID_NUMBER),
    "5000-digits": (b"9" * 5000, INVALID_NUMBER),
    "beyond-64-bits": (b"18446744073709551616", 2**64),
    "not-utf-8": (b'"a\xffb"', "a\ufffdb"),
    "cut-utf-8": (b'"a\xe2\x82"', "a\ufffd"),
    "lone-surrogate": (rb'"a\ud800b"', "a\ufffdb"),
    "encoded-surrogate": (b'"\xed\xa0\x80"', "\ufffd\ufffd\ufffd"),
    "NUL": (rb'"a\u0000b"', "a\ufffdb"),
    "raw-NUL": (b'"a\x00b"', "a\ufffdb"),
    "raw-line-break": (b'"a\nb"', "a\nb"),
}
MALFORMED = {
    "deep": b"[" * 20_000 + b"]" * 20_000,
    "deep-objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "no-value": b"undefined",
    "octal": b"017",
    "trailing-comma": b"[1,]",
    "two-values": b"1 2",
    "bad-escape": rb'"\x"',
}

documents = st.recursive(
    st.none() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def with_poison(poison: bytes) -> bytes:
    """A page of three objects; the second contains this literal as a value."""
    second = b'{"note": {"a": [%b]}, "id": "two"}' % poison
    return b'{"count": 3, "next": "%b", "results": [{"id": "one"}, %b, {"id": "three"}]}' % (API.encode(), second)


@pytest.mark.parametrize("name", READ)
def test_invalid_text_and_numbers_are_replaced_and_all_else_is_kept(name: str) -> None:
    poison, value = READ[name]

    found = decode_page(with_poison(poison))

    assert found["results"] == [{"id": "one"}, {"note": {"a": [value]}, "id": "two"}, {"id": "three"}]
    assert found["next"] == API
    assert decode_json(b'{"a": %b}' % poison) == {"a": value}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_object_does_not_affect_the_rest_of_its_page(name: str) -> None:
    found = decode_page(with_poison(MALFORMED[name]))

    one, two, three = found["results"]
    assert (one, three, found["next"], found["count"]) == ({"id": "one"}, {"id": "three"}, API, 3)
    assert isinstance(two, MalformedObject)
    assert two == {"id": "two"}


def test_malformed_object_without_a_readable_id_is_kept_without_id() -> None:
    found = decode_page(b'{"next": null, "results": [{"id": undefined}, undefined, {"id": "three"}]}')

    assert found["results"] == [{}, {}, {"id": "three"}]
    assert [type(each) for each in found["results"]] == [MalformedObject, MalformedObject, dict]


@pytest.mark.parametrize("element", [b"null", b"7", b'"said"', b"[]", b"true"])
def test_list_element_that_is_no_object_does_not_affect_the_others(element: bytes) -> None:
    transport = FakeTransport(page("one"))
    transport.reply_with(b'{"next": null, "results": [{"id": "one"}, %b, {"id": "three"}]}' % element)

    assert transport.list_objects() == [{"id": "one"}, {}, {"id": "three"}]


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b" \r\n\t", b""])
def test_byte_order_mark_is_ignored(start: bytes) -> None:
    transport = FakeTransport(page("one"))
    transport.reply_with(start + b'{"next": null, "results": [{"id": "one"}]}')

    assert transport.list_objects() == [{"id": "one"}]
    assert decode_json(start + b"{}") == {}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"undefined", b'{"results": [{"a": undefined}', b'{"results": {"a": 01}}']
)
def test_page_with_a_malformed_envelope_raises(content: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        decode_page(content)


def test_error_for_a_malformed_object_names_but_does_not_quote_it() -> None:
    with pytest.raises(PayloadError, match=r"^recording x: the object is not valid JSON$"):
        decode_object(MalformedObject({"id": ID}), Recording, "recording x")


def test_invalid_number_is_rejected_in_known_fields_and_dropped_in_others() -> None:
    document = {"id": ID, "created_at": "2026-03-02T00:00:00Z", "metadata": {"a": INVALID_NUMBER}}

    assert str(decode_object(document, Recording, "recording").id) == ID
    assert without_secrets(document)["metadata"] == {"a": None}
    for field in ("id", "created_at", "status", "expires_at", "bot", "media_shortcuts"):
        with pytest.raises(PayloadError, match=f"^it: .*{field}"):
            decode_object(document | {field: INVALID_NUMBER}, Recording, "it")


@given(st.lists(st.dictionaries(st.text(), documents)), documents, st.booleans(), st.sampled_from([None, 1]))
def test_decoding_by_object_equals_decoding_as_a_whole(
    results: list[dict[str, Any]], other: Any, is_ascii: bool, indent: int | None
) -> None:
    whole = {"next": None, "other": other, "results": results}
    text = json.dumps(whole, ensure_ascii=is_ascii, indent=indent).encode(errors="surrogatepass")
    with_malformed = text.removesuffix(b"}").rstrip().removesuffix(b"]") + (b", " if results else b"") + b"[1,]]}"

    by_object = decode_page(with_malformed)["results"]

    assert by_object[:-1] == decode_page(text)["results"]
    assert isinstance(by_object[-1], MalformedObject)
