"""Faults that tests inject: wrong responses, lost connections, delays; singly or at random."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Lock
from typing import Literal

Ending = Literal["close", "abort", "reset"]
"""End of a connection: after all buffered bytes, without them, or by a TCP reset."""


@dataclass
class Fault:
    """A fault of the next `times` matching requests; `times=None` means all.

    `match` is a part of the path, or of the label `kind:artifact_id` of a download
    (`video_part:part_id`, `audio_part:part_id` for media files).
    """

    match: str
    times: int | None = 1
    status: int | None = None
    """Status of the response; 200 if only `body` is given."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str | None = None
    content_type: str = "application/json"
    reset: bool = False
    """Closes the connection before any header."""
    cut_after_bytes: int | None = None
    """Sends the full Content-Length but only this many bytes, then closes the connection."""
    reset_after_bytes: int | None = None
    """Sends this many bytes of the body, then resets the connection; bytes on their way are lost."""
    expires_after_bytes: int | None = None
    """Sends this many bytes of the body, then closes the connection and expires the URL of the request."""
    content_length: int | None = None
    """States this Content-Length; the body ends there, or the connection closes at the end of a shorter body."""
    bytes_per_s: float | None = None
    """Limits the rate of the body."""
    no_ranges: bool = False
    """Sends whole files, as servers without support of ranges do."""
    revises: bool = False
    """Sends the media file for the last time: later responses have other content and another ETag."""
    truncate_to_bytes: int | None = None
    """Sends a complete response with only the first bytes of the body."""
    delay_s: float = 0.0
    expired: bool = False
    """Responds as if the URL had expired."""
    moved: bool = False
    """Redirects to the download origin, which serves the same content without a fault."""
    pieces: int = 1
    """Number of chunks of the body, with `pause_s` before each."""
    pause_s: float = 0.0
    gzip: bool = False
    """Compresses the body."""
    edit: Callable[[bytes], bytes] | None = None
    """Changes the body."""
    edited_headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that replace those of the response."""

    @property
    def replaces_response(self) -> bool:
        """True if the fault replaces the whole response instead of changing it."""
        return self.expired or self.moved or self.status is not None or self.body is not None

    def matches(self, path: str, label: str | None) -> bool:
        """True if `match` is part of the path or label of a request."""
        return self.match in path or bool(label and self.match in label)

    @property
    def collects_body(self) -> bool:
        """True if the fault needs the whole body before anything is sent."""
        changes = self.gzip or self.edit is not None or self.pieces > 1
        return changes or self.truncate_to_bytes is not None

    @property
    def content(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body or b""


class Faults:
    """All faults of a sandbox. The oldest matching injected fault is applied first, then random ones."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._injected: list[tuple[Fault, list[int | None]]] = []
        self._random: tuple[Sequence[Fault], float, Random] = (), 0.0, Random(0)

    def inject(self, fault: Fault) -> None:
        with self._lock:
            self._injected.append((fault, [fault.times]))

    def inject_randomly(self, faults: Sequence[Fault], chance: float, seed: int) -> None:
        with self._lock:
            self._random = faults, chance, Random(seed)

    def clear(self) -> None:
        with self._lock:
            self._injected.clear()
            self._random = (), 0.0, Random(0)

    def take(self, path: str, label: str | None) -> Fault | None:
        """The fault to apply to a request, if any; counts it as used."""
        with self._lock:
            for fault, left in self._injected:
                if left[0] == 0 or not fault.matches(path, label):
                    continue
                if left[0] is not None:
                    left[0] -= 1
                return fault
            faults, chance, random = self._random
            matching = [fault for fault in faults if fault.matches(path, label)]
            return random.choice(matching) if matching and random.random() < chance else None
