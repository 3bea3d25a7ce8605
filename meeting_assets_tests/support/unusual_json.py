"""JSON values and texts that decoders often handle incorrectly, and editable JSON documents that may contain them."""

from __future__ import annotations

from typing import Any


class RawNode(bytes):
    """A node that is serialized unchanged."""


class Members(list[list[Any]]):
    """The members of an object, as pairs of key and value."""


NUMBERS = [
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "1e308", "5e-324", "-0", "-0.0", "1E2", "1.0"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1e15", "0.1"),
    *("18446744073709551616", "2147483648", "9000000000000", "-9000000000000.1", "1.7976931348623157e308", "1e19"),
    *("9" * 300, "9" * 400, "9" * 4300, "9" * 4301, f"0.{'1' * 800}", f"1{'0' * 400}e-400", "1e99999999999999999999"),
    *("01", "+1", "1.", ".5", "-", "1e", "0x1", "1_0", "١", "--1"),
]
CLOCKS = [
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0001-12-31T23:59:59.999999Z", "0002-01-01T00:00:00+23:59"),
    *("9999-12-31T23:59:59.999999Z", "9998-12-31T23:59:59.9999999-23:59", "9998-12-31T23:59:59-14:00", "0000-01-01"),
    *("2026-03-02T09:30:00", "2026-03-02 09:30:00.123456789-0500", "2026-03-02T23:59:60Z", "2026-03-02T24:00:00Z"),
    *("2026-02-30T00:00:00Z", "2026-03-02T09:30:00+24:00", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "noon"),
    *("1883-11-18T12:00:00Z", "1582-10-10T00:00:00Z", "2026-03-02T09:30:00.Z", "2026-03-02T09:30Z", "1772443800"),
]
TEXTS = [
    *("", " ", "0", "null", "label:", "unknown", "\x7f", "\u2028", "\ufeff", "\ufffe", "😀", "会議", "İ" * 300, "ß"),
    *("]", "[", "}{", '"', '\\"', "\\", "\\N", "\\.", "\t", "\n", "\r", "x" * 290, "x" * 400, "é" * 3_000, "[" * 250),
    *("https://u:p@host/a?b=c#d=e", "5a7062f3-bd54-4838-b296-df84f85c7b92", "chat_message", "-0", "1e5", "a\u0300"),
    *CLOCKS,
]
UNUSUAL_JSON = [
    rb'"\u0000"',
    b'"\x00"',
    rb'"\ud800"',
    rb'"\uDE00\uD83D"',
    rb'"\ud83d\ude00"',
    rb'"\\u0000"',
    rb'"\\\u0000"',
    rb'"\ud83d\u0000"',
    b'"\xed\xa0\x80"',
    b'"\xed\xa0\xbd\xed\xb8\x80"',
    b'"\xff"',
    b'"\xc0\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\xe2\x82"',
    b'"\x01"',
    b'"\n"',
    rb'"\x"',
    rb'"\u12"',
    rb'"\uzzzz"',
    b'"',
    b"'a'",
    b"",
    b"undefined",
    b"True",
    b"{1: 2}",
    b"{null: 2}",
    b"[1,]",
    b'{"a": 1,}',
    b"[1 2]",
    b"/**/ 1",
    b"\xef\xbb\xbf1",
    b"[][]",
    b"}",
    b"]",
]
KEYS = [
    *("", "id", "name", "participant", "words", "text", "relative", "absolute", "parts", "data", "timestamp", "type"),
    *(
        "start_timestamp",
        "end_timestamp",
        "action",
        "extra_data",
        "email",
        "zoom",
        "conf_user_id",
        "speaker",
        "user_id",
    ),
    *("duration", "source_audio", "offset", "created_at", "language_code", "recording_id", "bot", "status", "results"),
    *("next", "code", "event", "recording", "\0", "\ud800", "x" * 300, "url", "]", '"'),
]
UNUSUAL_VALUES: list[Any] = [
    *(None, True, 0, 1.5, [], Members(), [[]], Members([["a", 1]])),
    *TEXTS,
    *(RawNode(number.encode()) for number in NUMBERS),
    *map(RawNode, UNUSUAL_JSON),
]
