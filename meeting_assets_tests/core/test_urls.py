r"""Users, queries and tokens are removed from URLs in every encoding; all other text remains unchanged."""

from __future__ import annotations

import json
import re
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meeting_assets.core.urls import without_link_secrets, without_url_secrets

SECRET = "SECRET"

# Fragments of URLs and JSON, combined in any order.
pieces = st.lists(
    st.sampled_from(
        [
            *"abz:/?#@=&<>\"' \\\n\x7f{}[],.%é",
            "://",
            ":\\/\\/",
            "https://",
            "\\/",
            "\\\\",
            '\\"',
            "\\u0026",
            "\\u003f",
            "\\u003F",
            "\\u0023",
            "\\u0022",
            "\\u003d",
            "\\u002f",
            "\\n",
            "\\\\u0026",
        ]
    )
).map("".join)

hosts = st.from_regex(r"[a-z0-9-]{1,8}(\.[a-z]{2,5})?(:[0-9]{2,4})?", fullmatch=True)
paths = st.from_regex(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%é-]{0,6}){0,3}", fullmatch=True).filter(
    lambda path: "://" not in path  # the user of a URL inside a URL is removed, too
)
queries = st.from_regex(r"\?[A-Za-z0-9._~!$&'()*+,;=:@%/?#é{}|^`-]{0,20}", fullmatch=True)
schemes = st.sampled_from(["https", "HTTPS", "http", "wss", "s3", "rtmp", "git+ssh"])
plain = st.text(st.characters(exclude_characters=":/\\", exclude_categories=["Cs"]))
bare_urls = st.builds("{}://{}{}".format, schemes, hosts, paths)
signed = st.builds("{}{}".format, bare_urls, queries)


def encoded_json(document: Any, *, slashes: bool, is_html_safe: bool) -> str:
    """Encodes JSON as some encoders do."""
    text = json.dumps(document)
    if slashes:
        text = text.replace("/", "\\/")
    if is_html_safe:
        text = text.replace("&", "\\u0026").replace("=", "\\u003d").replace("'", "\\u0027")
    return text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('"https://h/a?Signature=SECRET"', '"https://h/a"'),
        ('"HTTPS://h/a?SECRET"', '"HTTPS://h/a"'),
        ('"wss://h?SECRET"', '"wss://h"'),
        ('"https://h:8443/a:b?SECRET"', '"https://h:8443/a:b"'),
        (r'"https:\/\/h\/a?s=SECRET\/SECRET"', r'"https:\/\/h\/a"'),
        (r'"https:\u002f\u002Fh\u002fa?SECRET"', r'"https:\u002f\u002Fh\u002fa"'),
        (r'"https://h/a\u003fSECRET\u0026SECRET"', '"https://h/a"'),
        (r'"https://h/a\u003FSECRET\u0026SECRET"', '"https://h/a"'),
        (r'"{\"u\":\"https://h/a?SECRET\\u0026SECRET\",\"n\":1}"', r'"{\"u\":\"https://h/a\",\"n\":1}"'),
        (r'"{\"u\":\"https:\\/\\/h?x\\/SECRET\",\"n\":1}"', r'"{\"u\":\"https:\\/\\/h\",\"n\":1}"'),
        (r'"\\\"https:\\\\/\\\\/h?x\\\\u0026SECRET\\\""', r'"\\\"https:\\\\/\\\\/h\\\""'),
        (r'"\u0022https://h?SECRET\u0022 SAFE"', r'"\u0022https://h\u0022 SAFE"'),
        (r'"https://h?SECRET\nSAFE"', r'"https://h\nSAFE"'),
        (r'"https://h?SECRET\\"', r'"https://h\\"'),
        ('"https://h?next=https://i/SECRET?SECRET"', '"https://h"'),
        ('"https://user:SECRET@h/a"', '"https://h/a"'),
        ('"https://SECRET@h/a"', '"https://h/a"'),
        ('"https://user:p@SECRET@h/a@b"', '"https://h/a@b"'),
        (r'"https://user:p\u0026SECRET@h"', '"https://h"'),
        ('"https://web.example/http://user:SECRET@h/a?SECRET"', '"https://web.example/http://h/a"'),
        ('"https://h/a#access_token=SECRET"', '"https://h/a"'),
        (r'"https://h/a\u0023access_token\u003dSECRET"', '"https://h/a"'),
        ('"https://h/a?SECRET#SECRET"', '"https://h/a"'),
        ('"https://h/a#top"', '"https://h/a#top"'),
        ("<a href=https://h?SECRET>SAFE</a>", "<a href=https://h>SAFE</a>"),
        ("https://h?SECRET, SAFE? https://i?SECRET", "https://h SAFE? https://i"),
        ("https://h?SECRET", "https://h"),
        ("https://h/é?SECRETé", "https://h/é"),
    ],
)
def test_only_secrets_are_removed_from_urls(text: str, left: str) -> None:
    assert without_url_secrets(text.encode()).decode() == left


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b?c", "d": "1://", "e": "a@b", "f": "C:\\\\x?y"}',
        "at 10:30? user@host #a=b",
        '"https://medium.example/@user"',
        '"mailto:a@b.example?subject=x"',
        "https:// ?x=1",
        "",
    ],
)
def test_text_without_secrets_remains_unchanged(text: str) -> None:
    assert without_url_secrets(text.encode()).decode() == text


@given(st.lists(st.tuples(plain, signed)), plain, st.booleans(), st.booleans())
def test_only_queries_are_removed_from_documents(
    texts: list[tuple[str, str]], end: str, slashes: bool, is_html_safe: bool
) -> None:
    """In every encoding, a document without queries equals the document of URLs without queries."""
    document = [{"text": text, "url": url} for text, url in texts] + [end]
    bare = [{"text": text, "url": url.split("?")[0]} for text, url in texts] + [end]

    cleaned = without_url_secrets(encoded_json(document, slashes=slashes, is_html_safe=is_html_safe).encode())

    assert cleaned == encoded_json(bare, slashes=slashes, is_html_safe=is_html_safe).encode()


@given(st.dictionaries(plain, signed | plain), st.integers(1, 3), st.booleans())
def test_secrets_are_removed_from_nested_json(document: dict[str, str], depth: int, slashes: bool) -> None:
    text = json.dumps(document)
    for _ in range(depth):
        text = encoded_json(text, slashes=slashes, is_html_safe=False)

    inner = without_url_secrets(text.encode()).decode()
    for _ in range(depth):
        inner = json.loads(inner)

    assert json.loads(inner) == {
        key: re.sub(r"\?.*", "", value) if re.match(r"[A-Za-z0-9+]+://", value) else value
        for key, value in document.items()
    }


@given(pieces)
@example("://://u@://h?x")
def test_removal_is_idempotent(text: str) -> None:
    once = without_url_secrets(text.encode())

    assert without_url_secrets(once) == once


@given(pieces)
def test_removal_keeps_json_valid(text: str) -> None:
    document = f'["{text}"]'
    try:
        json.loads(document)
    except ValueError:
        document = json.dumps([text])

    json.loads(without_url_secrets(document.encode()))


@given(pieces)
def test_result_is_a_subsequence_of_the_text(text: str) -> None:
    rest = iter(text.encode())

    assert all(byte in rest for byte in without_url_secrets(text.encode()))


@given(st.binary())
def test_any_bytes_are_accepted(text: bytes) -> None:
    assert len(without_url_secrets(text)) <= len(text)


@given(pieces, pieces)
def test_no_query_remains(before: str, query: str) -> None:
    if re.search(r"[\x00-\x20\"<>\x7f\\]", query):
        query = "q"

    cleaned = without_url_secrets(f'{before} "https://h/a?{SECRET}{query}{SECRET}"'.encode())

    assert SECRET.encode() not in cleaned


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        ":",
        "/",
        "://",
        "://#",
        "://a@",
        "://#://#a@",
        "\\",
        ":\\",
        ":/\\",
        "://\\u0026",
        "@",
        "#",
        "?://",
        "=",
        "\\/",
    ],
)
@pytest.mark.parametrize("start", ["", "https://", "https://h?", "https://h#"])
def test_time_is_linear_in_length(piece: str, start: str) -> None:
    def time_s(length: int) -> float:
        text = (start + piece * (length // len(piece))).encode()
        best = float("inf")
        for _ in range(3):
            began = process_time()
            without_url_secrets(text)
            best = min(best, process_time() - began)
        return best

    # CPU time, because the machine may be busy. Quadratic time would be 400 times as long.
    assert time_s(200_000) < 100 * time_s(10_000) + 0.02


@pytest.mark.parametrize("piece", ["?", "?a", "?=", "pin", "pin ", "pin is", "pin:", "pin 12", "1", " "])
def test_removal_from_text_about_links_takes_time_that_is_linear_in_length(piece: str) -> None:
    def duration_s(length: int) -> float:
        text = piece * (length // len(piece))
        durations = []
        for _ in range(3):
            began_s = process_time()
            without_link_secrets(text)
            durations.append(process_time() - began_s)
        return min(durations)

    # CPU time, because the machine may be busy. Quadratic time would be 400 times as long.
    assert duration_s(200_000) < 100 * duration_s(10_000) + 0.02
