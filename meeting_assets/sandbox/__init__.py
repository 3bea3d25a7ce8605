"""A stand-in for Recall's v1.11 API on two loopback ports, with seeded, plausible meetings.

It is written from the API's documentation alone and shares no wire format with the rest of the package.

    with Sandbox(fortnight(date(2026, 1, 18))) as sandbox:
        ...  # sandbox.url, sandbox.api_key; sandbox.stats tells what was asked

Worlds: `fortnight`, `from_folder`, `uniform`, `empty`; in a `Workday` meetings go on meanwhile.
Faults: `Sandbox.inject(Fault(...))`. Webhooks: `Sandbox.notify(url, secret)`.
"""

from .clock import Clock
from .faults import Fault
from .folder import from_folder
from .fortnight import fortnight
from .living import Workday
from .quirks import QUIRKS, quirks_of
from .server import Sandbox, serve_forever
from .state import Habits
from .stats import Stats
from .uniform import empty, uniform
from .world import Artifact, Bot, Recording, World, combined

__all__ = [
    "QUIRKS",
    "Artifact",
    "Bot",
    "Clock",
    "Fault",
    "Habits",
    "Recording",
    "Sandbox",
    "Stats",
    "Workday",
    "World",
    "combined",
    "empty",
    "fortnight",
    "from_folder",
    "quirks_of",
    "serve_forever",
    "uniform",
]
