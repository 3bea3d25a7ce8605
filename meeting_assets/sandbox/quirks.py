"""The peculiarities of the API that a fortnight contains, each in at least one recording."""

from .world import World

QUIRKS: dict[str, str] = {}
"""Name -> what is peculiar about it."""


def quirks_of(world: World) -> dict[str, list[str]]:
    """The recordings that show each quirk, by id, oldest first."""
    return {name: [each.id for each in world.recordings if name in each.quirks] for name in QUIRKS}
