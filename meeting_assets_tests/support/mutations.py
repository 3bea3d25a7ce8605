"""Random mutations of JSON documents and of their bytes. Equal `Random` objects give equal mutations.

    document   a node is replaced or nested; members and elements are removed, repeated or moved
    bytes      flipped, inserted, deleted, repeated, truncated, encoded differently

`editable` prepares a document for changes: objects become `Members`, which may repeat a key. A change may replace a
node by a `RawNode`, whose bytes are written unchanged and need not be JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from meeting_assets_tests.support.unusual_json import (
    CLOCKS,
    KEYS,
    NUMBERS,
    TEXTS,
    UNUSUAL_JSON,
    UNUSUAL_VALUES,
    Members,
    RawNode,
)

# Near the limit of the parsers, near the recursion limit of Python, and far beyond.
DEPTHS = [1, 2, 5, 50, 190, *range(194, 204), 250, 490, 500, *range(975, 1003), 2_000]
EXTREME_DEPTH = 50_000
WRAPPINGS = [(b"[", b"]"), (b'{"a":', b"}"), (b'["]",', b',"["]'), (b'{"}":"\\"]","a":', b',"{":"[{"}'), (b"[", b"")]
TOKENS = [
    *(b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"null", b"true", b"-", b".", b"e", b"0", b" ", b"\n", b"\t"),
    *(b"\x00", b"\\u0000", b"\\ud83d", b"\\u", b"\xed\xa0\x80", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"/", b"NaN"),
]


_ASCII, _UNICODE = json.JSONEncoder(), json.JSONEncoder(ensure_ascii=False)


def editable(document: Any) -> Any:
    """Returns an editable copy of a document."""
    if isinstance(document, dict):
        return Members([key, editable(value)] for key, value in document.items())
    if isinstance(document, Members):
        return Members([key, editable(value)] for key, value in document)
    if isinstance(document, list):
        return [editable(each) for each in document]
    return document


def with_change(document: Any, chance: Random) -> Any:
    """Returns an editable document after one change; it modifies its argument."""
    holder = [document]
    chance.choice(_CHANGES)(holder, chance)
    return holder[0]


def serialized(document: Any, *, is_ascii: bool = True) -> bytes:
    """Serializes an editable document, including NaN and lone surrogates."""
    if isinstance(document, RawNode):
        return bytes(document)
    if isinstance(document, Members):
        members = (
            serialized(key, is_ascii=is_ascii) + b":" + serialized(value, is_ascii=is_ascii) for key, value in document
        )
        return b"{" + b",".join(members) + b"}"
    if isinstance(document, list):
        return b"[" + b",".join([serialized(each, is_ascii=is_ascii) for each in document]) + b"]"
    return (_ASCII if is_ascii else _UNICODE).encode(document).encode(errors="surrogatepass")


def with_damage(payload: bytes, chance: Random) -> bytes:
    """Returns a payload after one change of its bytes."""
    return chance.choice(_DAMAGES)(payload, chance)


def variants(document: Any) -> Iterator[bytes]:
    """Yields every document with one node replaced by one of the unusual values."""
    holder = [editable(document)]
    for container, index in list(_nodes(holder)):
        was = container[index]
        for value in UNUSUAL_VALUES:
            container[index] = value
            yield serialized(holder[0])
        container[index] = was


def any_value(chance: Random) -> Any:
    """Returns a random value of any JSON type, or one that is not JSON."""
    return chance.choice(_VALUES)(chance)


_VALUES: Sequence[Callable[[Random], Any]] = [
    lambda _: None,
    lambda _: [],
    lambda _: Members(),
    lambda chance: chance.random() < 0.5,
    lambda chance: chance.randrange(-2, 1_000),
    lambda chance: chance.choice(TEXTS),
    lambda chance: chance.choice(CLOCKS),
    lambda chance: RawNode(chance.choice(NUMBERS).encode()),
    lambda chance: RawNode(chance.choice(UNUSUAL_JSON)),
    lambda chance: [any_value(chance) for _ in range(chance.randrange(4))],
    lambda chance: Members([chance.choice(KEYS), any_value(chance)] for _ in range(chance.randrange(4))),
]


def _replace(holder: list[Any], chance: Random) -> None:
    container, index = chance.choice(list(_nodes(holder)))
    container[index] = any_value(chance)


def _copy_elsewhere(holder: list[Any], chance: Random) -> None:
    nodes = list(_nodes(holder))
    (container, index), (other, at) = chance.choice(nodes), chance.choice(nodes)
    container[index] = editable(other[at])


def _swap(holder: list[Any], chance: Random) -> None:
    leaves = [(container, index) for container, index in _nodes(holder) if not isinstance(container[index], list)]
    if leaves:
        (one, here), (other, there) = chance.choice(leaves), chance.choice(leaves)
        one[here], other[there] = other[there], one[here]


def _nest(holder: list[Any], chance: Random) -> None:
    container, index = chance.choice(list(_nodes(holder)))
    before, after = chance.choice(WRAPPINGS)
    depth = EXTREME_DEPTH if chance.random() < 0.002 else chance.choice(DEPTHS)
    container[index] = RawNode(before * depth + serialized(container[index]) + after * depth)


def _lengthen(holder: list[Any], chance: Random) -> None:
    container, index = chance.choice(list(_nodes(holder)))
    if isinstance(container[index], str):
        container[index] *= chance.choice([2, 60, 300, 3_000])


def _drop(holder: list[Any], chance: Random) -> None:
    if container := _container(holder, chance):
        del container[chance.randrange(len(container))]


def _double(holder: list[Any], chance: Random) -> None:
    if container := _container(holder, chance):
        each = chance.choice(container)
        twin = [each[0], editable(each[1])] if isinstance(container, Members) else editable(each)
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
    *(_replace, _replace, _replace, _copy_elsewhere, _swap, _nest, _lengthen),
    *(_drop, _double, _double_with_another_value, _shuffle, _rename, _add),
]


def _nodes(container: list[Any]) -> Iterator[tuple[list[Any], int]]:
    """Yields the nodes below an array or object, as a list and the position in it."""
    is_object = isinstance(container, Members)
    here = [(member, 1) for member in container] if is_object else [(container, at) for at in range(len(container))]
    for parent, at in here:
        yield parent, at
        if isinstance(parent[at], list):
            yield from _nodes(parent[at])


def _container(holder: list[Any], chance: Random) -> list[Any]:
    """Returns a random array or object of the document; an empty array if there is none."""
    containers = [container[index] for container, index in _nodes(holder) if isinstance(container[index], list)]
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
