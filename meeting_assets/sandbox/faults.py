"""Faults a test can inject: wrong answers, cut connections, delays; one by one, or as a storm."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Lock


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that match; `times=None` means always.

    `match` is a part of the path, or of the label `kind:artifact_id` of a download
    (`video_part:part_id`, `audio_part:part_id` for media files).
    """

    match: str
    times: int | None = 1
    status: int | None = None
    """Answer this; with `body` alone, 200."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str | None = None
    content_type: str = "application/json"
    reset: bool = False
    """Close the connection before any header."""
    cut_after_bytes: int | None = None
    """Announce the full Content-Length, send this much, close."""
    truncate_to_bytes: int | None = None
    """A complete response of only the first bytes."""
    delay_s: float = 0.0
    expired: bool = False
    """Answer as if the URL had expired."""
    moved: bool = False
    """Send on to the download origin, where the same is served without a fault."""
    pieces: int = 1
    """So many pieces the true body comes in, chunked, with `pause_s` before each."""
    pause_s: float = 0.0
    gzip: bool = False
    """Compress the true body."""
    edit: Callable[[bytes], bytes] | None = None
    """Change the true body."""
    edited_headers: Mapping[str, str] = field(default_factory=dict)
    """Replace headers of the true answer."""

    @property
    def answers(self) -> bool:
        """Whether the fault is the answer, rather than something done to the true one."""
        return self.expired or self.moved or self.status is not None or self.body is not None

    def is_meant(self, path: str, label: str | None) -> bool:
        """Whether a request matches."""
        return self.match in path or bool(label and self.match in label)

    @property
    def content(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body or b""


class Faults:
    """The faults in force: of those injected, oldest first, the first that matches; else what a storm brings."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[tuple[Fault, list[int | None]]] = []
        self._storm: tuple[Sequence[Fault], float, Random] = (), 0.0, Random(0)

    def inject(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append((fault, [fault.times]))

    def rage(self, faults: Sequence[Fault], chance: float, seed: int) -> None:
        with self._lock:
            self._storm = faults, chance, Random(seed)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._storm = (), 0.0, Random(0)

    def take(self, path: str, label: str | None) -> Fault | None:
        with self._lock:
            for fault, left in self._waiting:
                if left[0] == 0 or not fault.is_meant(path, label):
                    continue
                if left[0] is not None:
                    left[0] -= 1
                return fault
            faults, chance, random = self._storm
            meant = [fault for fault in faults if fault.is_meant(path, label)]
            return random.choice(meant) if meant and random.random() < chance else None
