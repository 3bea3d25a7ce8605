"""Stand-in for the Recall.ai API (v1.11) on two loopback ports, with seeded synthetic meetings.

It implements the API's documentation independently and shares no wire format with the rest of the package.

    with Sandbox(fortnight(date(2026, 1, 18))) as sandbox:
        ...  # sandbox.url, sandbox.api_key; sandbox.stats counts requests

Data (a `World`): `fortnight`, `from_folder`, `uniform` or `empty`. A `Workday` adds meetings while the sandbox serves.
Media: placeholders by default, with `media=True` playable files, with `media=RandomFiles(50_000_000)` large ones.
Faults: `Sandbox.inject(Fault(...))`. Webhooks: `Sandbox.notify(url, secret)`.
"""

from .bots import missed_bot, scheduled_bot, waiting_bot
from .calendar_event import CalendarEvent, Invitee
from .clock import Clock
from .faults import Fault
from .folder import from_folder
from .fortnight import fortnight
from .media import MediaFile, RandomFiles
from .quirks import QUIRKS, quirks_of
from .server import Sandbox, serve_forever
from .state import Habits
from .stats import Stats
from .uniform import empty, uniform
from .workday import Workday
from .world import Artifact, Bot, Recording, World, combined

__all__ = [
    "QUIRKS",
    "Artifact",
    "Bot",
    "CalendarEvent",
    "Clock",
    "Fault",
    "Habits",
    "Invitee",
    "MediaFile",
    "RandomFiles",
    "Recording",
    "Sandbox",
    "Stats",
    "Workday",
    "World",
    "combined",
    "empty",
    "fortnight",
    "from_folder",
    "missed_bot",
    "quirks_of",
    "scheduled_bot",
    "serve_forever",
    "uniform",
    "waiting_bot",
]
