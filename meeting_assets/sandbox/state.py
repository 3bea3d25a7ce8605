"""Everything one running sandbox holds, shared by its two origins and its controls."""

from dataclasses import dataclass, field
from secrets import token_bytes, token_hex
from threading import RLock

from .clock import Clock
from .faults import Faults
from .limits import Limits
from .stats import Stats
from .urls import Minter
from .world import World


@dataclass
class Habits:
    """What Recall leaves undocumented, and how this sandbox does it; each may be changed at any time."""

    page_size: int = 50
    pages_repeat: int = 0
    """So many objects of a page come again on the next one, as where a list grows while it is read."""
    newest_first: bool = True
    after_is_inclusive: bool = True
    before_is_inclusive: bool = False
    deleted_answers_404: bool = False
    """Else a deleted resource can still be retrieved and has the status `deleted`."""
    webhook_copies: int = 1
    webhooks_lost: float = 0.0
    """Share of messages that never come."""
    webhooks_shuffled: bool = False
    """Messages that are sent at the same time come in another order."""


class State:
    """World and machinery of one sandbox; `lock` guards all of it."""

    def __init__(self, world: World, *, api_key: str, limits: bool, clock: Clock) -> None:
        self.world = world
        self.api_key = api_key
        self.clock = clock
        self.lock = RLock()
        self.stats = Stats()
        self.faults = Faults()
        self.habits = Habits()
        self.limits = Limits(clock, enforced=limits)
        self.markers = Markers()
        self.minter = Minter(clock, self.stats, marker=self.markers.signature, secret=token_bytes(16))
        self.api_origin = ""


@dataclass(frozen=True)
class Markers:
    """Random strings inside every secret, to search logs and tables for."""

    signature: str = field(default_factory=lambda: f"sgn{token_hex(8)}")
    password: str = field(default_factory=lambda: f"pwd{token_hex(8)}")
