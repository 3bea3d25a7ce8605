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
    faulted: int = 0
    """Requests to which a fault was applied."""
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

    def count_request(self, method: str, path: str) -> None:
        if len(self.requests) < KEPT_REQUESTS:
            self.requests.append((method, path))

    def reset(self) -> None:
        fresh = Stats()
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))
