"""State of one sandbox, shared by its two origins and its controls."""

from dataclasses import dataclass, field
from secrets import token_bytes, token_hex
from threading import RLock

from .clock import Clock
from .faults import Faults
from .limits import Limits
from .media import MediaSource, Placeholders
from .media.library import MediaLibrary
from .stats import Stats
from .urls import UrlSigner
from .world import PASSWORD, World


@dataclass
class Habits:
    """Behaviour that the API's documentation leaves open; tests may change each setting at any time."""

    page_size: int = 50
    calendar_page_size: int = 100
    pages_repeat: int = 0
    """Number of objects of a page that the next page repeats, as happens when a list grows during paging."""
    newest_first: bool = True
    """Order of cursor lists."""
    newest_bots_first: bool = True
    after_is_inclusive: bool = True
    before_is_inclusive: bool = False
    deleted_answers_404: bool = False
    """If False, a deleted resource can still be retrieved and has the status `deleted`."""
    webhook_copies: int = 1
    webhooks_lost: float = 0.0
    """Share of messages that are never sent."""
    webhooks_shuffled: bool = False
    """Messages created at the same time are sent in random order."""


class State:
    """World, settings and counters of one sandbox; `lock` guards all of them."""

    def __init__(
        self, world: World, *, api_key: str, limits: bool, clock: Clock, media: MediaSource | None = None
    ) -> None:
        self.world = world
        self.media = MediaLibrary(world, media or Placeholders())
        self.api_key = api_key
        self.clock = clock
        self.lock = RLock()
        self.stats = Stats()
        self.faults = Faults()
        self.habits = Habits()
        self.limits = Limits(clock, enforced=limits)
        self.markers = Markers()
        self.url_signer = UrlSigner(clock, self.stats, marker=self.markers.signature, secret=token_bytes(16))
        self.api_origin = ""


@dataclass(frozen=True)
class Markers:
    """Random strings inside all secrets; tests search logs and tables for them."""

    signature: str = field(default_factory=lambda: f"sgn{token_hex(8)}")
    password: str = field(default_factory=lambda: f"pwd{token_hex(8)}")

    def shown(self, text: str) -> str:
        """JSON of an API object or a webhook with the marker of passwords in place of the placeholder."""
        return text.replace(PASSWORD, self.password)
