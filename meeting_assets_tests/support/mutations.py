"""What can happen to JSON on its way: to the document, and to its bytes. The same for the same `Random`.

    the document   any node becomes any other thing, or lies deeper; members and elements go, come twice, change places
    its bytes      flipped, inserted, deleted, repeated, cut off, spelled in another encoding

A document is opened before it is changed: objects become `Members`, which may have a key twice, and a node may become
a `Spelling`, which is written as it is, JSON or not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any


class Spelling(bytes):
    """A node as it is to be written."""


class Members(list[list[Any]]):
    """The members of an object: each a key and a value."""


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
ODDLY_SPELLED = [
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
AWKWARD: list[Any] = [
    *(None, True, 0, 1.5, [], Members(), [[]], Members([["a", 1]])),
    *TEXTS,
    *(Spelling(number.encode()) for number in NUMBERS),
    *map(Spelling, ODDLY_SPELLED),
]
# Around what is read, around what Python takes, and far beyond; what is beyond costs more than all the rest.
DEPTHS = [1, 2, 5, 50, 190, *range(194, 204), 250, 490, 500, *range(975, 1003), 2_000]
ABYSS = 50_000
WRAPPINGS = [(b"[", b"]"), (b'{"a":', b"}"), (b'["]",', b',"["]'), (b'{"}":"\\"]","a":', b',"{":"[{"}'), (b"[", b"")]
TOKENS = [
    *(b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"null", b"true", b"-", b".", b"e", b"0", b" ", b"\n", b"\t"),
    *(b"\x00", b"\\u0000", b"\\ud83d", b"\\u", b"\xed\xa0\x80", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"/", b"NaN"),
]


_ASCII, _UNICODE = json.JSONEncoder(), json.JSONEncoder(ensure_ascii=False)


def opened(document: Any) -> Any:
    """A copy of a document, opened or not, that can be changed."""
    if isinstance(document, dict):
        return Members([key, opened(value)] for key, value in document.items())
    if isinstance(document, Members):
        return Members([key, opened(value)] for key, value in document)
    if isinstance(document, list):
        return [opened(each) for each in document]
    return document


def changed(document: Any, chance: Random) -> Any:
    """An opened document with one thing done to it; it is used up."""
    holder = [document]
    chance.choice(_CHANGES)(holder, chance)
    return holder[0]


def written(document: Any, *, is_ascii: bool = True) -> bytes:
    """An opened document as bytes, NaN and lone surrogates as they are."""
    if isinstance(document, Spelling):
        return bytes(document)
    if isinstance(document, Members):
        members = (
            written(key, is_ascii=is_ascii) + b":" + written(value, is_ascii=is_ascii) for key, value in document
        )
        return b"{" + b",".join(members) + b"}"
    if isinstance(document, list):
        return b"[" + b",".join([written(each, is_ascii=is_ascii) for each in document]) + b"]"
    return (_ASCII if is_ascii else _UNICODE).encode(document).encode(errors="surrogatepass")


def damaged(payload: bytes, chance: Random) -> bytes:
    """A payload with one thing done to its bytes."""
    return chance.choice(_DAMAGES)(payload, chance)


def variants(document: Any) -> Iterator[bytes]:
    """Every document with one node replaced by one of the values that are known to be awkward."""
    holder = [opened(document)]
    for container, index in list(_places(holder)):
        was = container[index]
        for awkward in AWKWARD:
            container[index] = awkward
            yield written(holder[0])
        container[index] = was


def any_value(chance: Random) -> Any:
    """A value of any type that JSON has, or of none."""
    return chance.choice(_VALUES)(chance)


_VALUES: Sequence[Callable[[Random], Any]] = [
    lambda _: None,
    lambda _: [],
    lambda _: Members(),
    lambda chance: chance.random() < 0.5,
    lambda chance: chance.randrange(-2, 1_000),
    lambda chance: chance.choice(TEXTS),
    lambda chance: chance.choice(CLOCKS),
    lambda chance: Spelling(chance.choice(NUMBERS).encode()),
    lambda chance: Spelling(chance.choice(ODDLY_SPELLED)),
    lambda chance: [any_value(chance) for _ in range(chance.randrange(4))],
    lambda chance: Members([chance.choice(KEYS), any_value(chance)] for _ in range(chance.randrange(4))),
]


def _replace(holder: list[Any], chance: Random) -> None:
    container, index = chance.choice(list(_places(holder)))
    container[index] = any_value(chance)


def _copy_elsewhere(holder: list[Any], chance: Random) -> None:
    places = list(_places(holder))
    (container, index), (other, at) = chance.choice(places), chance.choice(places)
    container[index] = opened(other[at])


def _swap(holder: list[Any], chance: Random) -> None:
    leaves = [(container, index) for container, index in _places(holder) if not isinstance(container[index], list)]
    if leaves:
        (one, here), (other, there) = chance.choice(leaves), chance.choice(leaves)
        one[here], other[there] = other[there], one[here]


def _bury(holder: list[Any], chance: Random) -> None:
    container, index = chance.choice(list(_places(holder)))
    before, after = chance.choice(WRAPPINGS)
    depth = ABYSS if chance.random() < 0.002 else chance.choice(DEPTHS)
    container[index] = Spelling(before * depth + written(container[index]) + after * depth)


def _stretch(holder: list[Any], chance: Random) -> None:
    container, index = chance.choice(list(_places(holder)))
    if isinstance(container[index], str):
        container[index] *= chance.choice([2, 60, 300, 3_000])


def _drop(holder: list[Any], chance: Random) -> None:
    if container := _container(holder, chance):
        del container[chance.randrange(len(container))]


def _double(holder: list[Any], chance: Random) -> None:
    if container := _container(holder, chance):
        each = chance.choice(container)
        twin = [each[0], opened(each[1])] if isinstance(container, Members) else opened(each)
        container.insert(chance.randrange(len(container) + 1), twin)


def _double_with_another_value(holder: list[Any], chance: Random) -> None:
    container = _container(holder, chance)
    if isinstance(container, Members) and container:
        key, _ = chance.choice(container)
        container.insert(chance.randrange(len(container) + 1), [key, any_value(chance)])


def _shuffle(holder: list[Any], chance: Random) -> None:
    chance.shuffle(_container(holder, chance))


def _rename(holder: list[Any], chance: Random) -> None:
    container = _container(holder, chance)
    if isinstance(container, Members) and container:
        chance.choice(container)[0] = chance.choice(KEYS)


def _add(holder: list[Any], chance: Random) -> None:
    container = _container(holder, chance)
    value = any_value(chance)
    container.append([chance.choice(KEYS), value] if isinstance(container, Members) else value)


_CHANGES: Sequence[Callable[[list[Any], Random], None]] = [
    *(_replace, _replace, _replace, _copy_elsewhere, _swap, _bury, _stretch),
    *(_drop, _double, _double_with_another_value, _shuffle, _rename, _add),
]


def _places(container: list[Any]) -> Iterator[tuple[list[Any], int]]:
    """Where the nodes below an array or object are: a list, and the position in it."""
    is_object = isinstance(container, Members)
    here = [(member, 1) for member in container] if is_object else [(container, at) for at in range(len(container))]
    for parent, at in here:
        yield parent, at
        if isinstance(parent[at], list):
            yield from _places(parent[at])


def _container(holder: list[Any], chance: Random) -> list[Any]:
    """An array or object of the document; an empty array where it has none."""
    containers = [container[index] for container, index in _places(holder) if isinstance(container[index], list)]
    return chance.choice(containers) if containers else []


def _span(payload: bytes, chance: Random) -> slice:
    start = chance.randrange(len(payload) + 1)
    return slice(start, start + chance.choice([1, 1, 2, 4, 16, 64]))


def _flip(payload: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(payload)) if payload else 0
    return payload[:at] + bytes(byte ^ 1 << chance.randrange(8) for byte in payload[at : at + 1]) + payload[at + 1 :]


def _overwrite(payload: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(payload) + 1)
    return payload[:at] + bytes([chance.randrange(256)]) + payload[at + 1 :]


def _insert(payload: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(payload) + 1)
    return payload[:at] + chance.choice(TOKENS) + payload[at:]


def _delete(payload: bytes, chance: Random) -> bytes:
    span = _span(payload, chance)
    return payload[: span.start] + payload[span.stop :]


def _repeat(payload: bytes, chance: Random) -> bytes:
    span, at = _span(payload, chance), chance.randrange(len(payload) + 1)
    return payload[:at] + payload[span] * chance.choice([1, 2, 50]) + payload[at:]


def _cut(payload: bytes, chance: Random) -> bytes:
    return payload[: chance.randrange(len(payload) + 1)]


def _recode(payload: bytes, chance: Random) -> bytes:
    text = payload.decode(errors="replace")
    return text.encode(chance.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "cp1252"]), "replace")


_DAMAGES: Sequence[Callable[[bytes, Random], bytes]] = [
    *(_flip, _flip, _overwrite, _insert, _insert, _delete, _delete, _repeat, _cut, _recode),
]
