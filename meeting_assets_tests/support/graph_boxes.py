"""The boxes of the asset graph in Dagster's UI, measured in the browser."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

LEGIBLE_PX = 9.0
"""The size of letters that a person reads without a zoom: that of a footnote."""
MEASURE_NODES = """() => [...document.querySelectorAll('[class*="AssetNode_assetName"]')].map((element) => {
    const box = element.getBoundingClientRect();
    const scale = box.height / element.offsetHeight;
    const frame = element.closest('[class*="AssetNodeBox"]').getBoundingClientRect();
    return {
        name: element.innerText,
        left: box.left, top: box.top, right: box.right, bottom: box.bottom,
        font_px: parseFloat(getComputedStyle(element).fontSize) * scale,
        is_cut: box.left < frame.left || box.right > frame.right,
    };
})"""

COLORS = """() => [...document.querySelectorAll('[class*="minimalAssetNodeBox"]')].map(
    (element) => getComputedStyle(element).backgroundColor
)"""
POLL_MS, POLLS, UNCHANGED_POLLS = 1000, 30, 5


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle on the screen, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class NodeBox:
    """The name of an asset in the graph, where it is on the screen, and the size of its letters."""

    name: str
    left: float
    top: float
    right: float
    bottom: float
    font_px: float
    is_cut: bool
    """Whether the name is wider than its node."""

    def lies_within(self, area: Area) -> bool:
        is_within_height = area.top <= self.top and self.bottom <= area.bottom
        return area.left <= self.left and self.right <= area.right and is_within_height

    def overlaps(self, other: NodeBox) -> bool:
        is_beside = self.right <= other.left or other.right <= self.left
        return not (is_beside or self.bottom <= other.top or other.bottom <= self.top)


GRAPH = Area(left=68, top=110, right=1600, bottom=1000)
"""The part of a window of 1600 x 1000 beside the navigation and below the search."""


def node_boxes(page: Page) -> list[NodeBox]:
    """The names in the graph with their boxes on the screen, and the size of their letters after the zoom."""
    return [NodeBox(**each) for each in page.evaluate(MEASURE_NODES)]


def wait_for_states(page: Page) -> None:
    """Waits until the colors of the nodes, which arrive in batches, have not changed for some seconds."""
    colors: list[str] = []
    unchanged = 0
    for _ in range(POLLS):
        found = page.evaluate(COLORS)
        unchanged = unchanged + 1 if found == colors else 0
        colors = found
        if unchanged >= UNCHANGED_POLLS and len({*colors}) > 1:
            return
        page.wait_for_timeout(POLL_MS)
