"""Counters of the requests to a sandbox."""

from collections import Counter
from dataclasses import dataclass, field, fields

KEPT_REQUESTS = 10_000


@dataclass
class Stats:
    """Counters of one sandbox. Throttled and unauthorized requests appear in no other counter."""

    list_calls: Counter[str] = field(default_factory=Counter)
    """Successful list calls by collection (`recording`, `transcript`, `bot`, …)."""
    retrieve_calls_by_collection: Counter[str] = field(default_factory=Counter)
    downloads_by_kind: Counter[str] = field(default_factory=Counter)
    """Successful downloads by kind; media files count as `video_part`, `audio_part`, `video_mixed`, `audio_mixed`."""
    throttled: int = 0
    unauthorized: int = 0
    expired: int = 0
    """Downloads rejected because their URL had expired."""
    urls_minted: int = 0
    downloads_with_authorization: int = 0
    sent_bytes_by_file: Counter[str] = field(default_factory=Counter)
    """Bytes of media files given to connections, by label (`video_mixed:artifact_id`, `audio_part:part_id`, …)."""
    resent_bytes_by_file: Counter[str] = field(default_factory=Counter)
    """Those of them that an earlier response had sent already."""
    responses_by_file: Counter[str] = field(default_factory=Counter)
    """Responses with the whole or a part of a media file."""
    faulted: int = 0
    """Requests to which a fault was applied."""
    sent_until_by_file: Counter[str] = field(default_factory=Counter)
    """Offset up to which responses have sent each media file."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and path (without query) of the first 10,000 requests to both origins."""

    @property
    def list_calls_total(self) -> int:
        return self.list_calls.total()

    @property
    def retrieve_calls(self) -> int:
        return self.retrieve_calls_by_collection.total()

    @property
    def downloads(self) -> int:
        return self.downloads_by_kind.total()

    @property
    def sent_bytes(self) -> int:
        return self.sent_bytes_by_file.total()

    @property
    def resent_bytes(self) -> int:
        return self.resent_bytes_by_file.total()

    def count_sent(self, label: str, first: int, count: int) -> None:
        """Counts bytes of a media file, sent from the offset `first` on."""
        until = self.sent_until_by_file[label]
        self.sent_bytes_by_file[label] += count
        self.resent_bytes_by_file[label] += max(0, min(until, first + count) - first)
        self.sent_until_by_file[label] = max(until, first + count)

    def count_request(self, method: str, path: str) -> None:
        if len(self.requests) < KEPT_REQUESTS:
            self.requests.append((method, path))

    def reset(self) -> None:
        fresh = Stats()
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))
