"""Everybody's stretches of time at once: the interval arithmetic of a whole meeting in a few steps over arrays.

Times are whole microseconds, as in `intervals`, and exact: columns are 64 bits wide where even the sum of all times
fits, else they hold Python's own integers, which takes longer and gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meeting_assets.metrics.timeline.arrays import Column, np


@dataclass(slots=True)  # not frozen, which is slow to make, and many are made of a meeting
class Stretches:
    """Half-open stretches `[start, end)`, each somebody's; in each column, row by row, the same one."""

    start: Column
    end: Column
    who: Column
    """Places in `names`."""
    names: Sequence[str]
    """In the order of the alphabet; some may have no stretch."""

    def __len__(self) -> int:
        return len(self.who)

    def at(self, rows: Column) -> Stretches:
        """Some of them: by their places, or where it says so."""
        return Stretches(self.start[rows], self.end[rows], self.who[rows], self.names)

    def placed(self) -> list[tuple[int, int, int]]:
        """Start, end and place among the names of each."""
        return [*zip(self.start.tolist(), self.end.tolist(), self.who.tolist(), strict=True)]

    def rows(self) -> list[tuple[int, int, str]]:
        """Start, end and name of each."""
        return [*zip(self.start.tolist(), self.end.tolist(), self.named(), strict=True)]

    def intervals(self) -> list[tuple[int, int]]:
        """Start and end of each."""
        return [*zip(self.start.tolist(), self.end.tolist(), strict=True)]

    def named(self) -> list[str]:
        """Whose each is."""
        return [*map(self.names.__getitem__, self.who.tolist())]

    def united(self) -> Stretches:
        """Each one's union, by name and start.

          ann  ━━━━━       ━━━━           bo   ━━━━
          ann     ━━━━━━       ━━━
        = ann  ━━━━━━━━━   ━━━━━━━        bo   ━━━━
        """
        ordered = self.at(np.lexsort((self.start, self.who)))
        start, end, who = ordered.start, ordered.end, ordered.who
        if ((start[1:] > end[:-1]) | (who[1:] != who[:-1])).all():
            return ordered
        # As if the next one spoke when the last one has ended: nobody's stretches reach into another's.
        shift = np.multiply(who, int(end.max()) - int(start.min()) + 1, dtype=start.dtype)
        reach = np.maximum.accumulate(end + shift)
        first, last = runs((start + shift)[1:] > reach[:-1])
        return Stretches(start[first], (reach - shift)[last], who[first], self.names)

    def joined(self, gap_us: int) -> Stretches:
        """One after the other, joined where both are the same one's and less than `gap_us` lies between.

          ━━━━━  ━━     ━━
        = ━━━━━━━━━     ━━
        """
        if not len(self):
            return self
        first, last = runs((self.start[1:] - self.end[:-1] >= gap_us) | (self.who[1:] != self.who[:-1]))
        return Stretches(self.start[first], self.end[last], self.who[first], self.names)

    def in_order(self) -> Stretches:
        """All of a union by start, end and name."""
        ordered = self.at(self.start.argsort(kind="stable"))
        if (ordered.start[1:] > ordered.start[:-1]).all():
            return ordered
        return self.at(np.lexsort((self.who, self.end, self.start)))

    def inside(self, start: int, end: int) -> Stretches:
        """What lies inside `[start, end)`; stretches wholly outside vanish.

             ┃          ┃
          ━━━━━━  ━━  ━━━━━  ━━━
        =    ┃━━  ━━  ━━┃
        """
        if not len(self) or (self.start.min() >= start and self.end.max() <= end):
            return self
        kept = self.at((self.start < end) & (self.end > start) & (start < end))
        return Stretches(np.maximum(kept.start, start), np.minimum(kept.end, end), kept.who, kept.names)

    def together(self) -> Stretches:
        """Everybody's union, as that of the first name."""
        return Stretches(self.start, self.end, np.zeros_like(self.who), self.names).united()

    def lengths_us(self) -> dict[str, int]:
        """Of each one's; 0 for who has none."""
        return summed(self.end - self.start, self.who, self.names)

    def length_us(self) -> int:
        """Of all together; where two are at once, both count."""
        return int((self.end - self.start).sum())

    def by_name(self) -> dict[str, list[tuple[int, int]]]:
        """Start and end of each one's; who has none is not in it."""
        found: dict[str, list[tuple[int, int]]] = {}
        for start, end, name in self.rows():
            found.setdefault(name, []).append((start, end))
        return found


def nothing() -> Stretches:
    """No stretch of anybody."""
    return Stretches(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), ())


@dataclass(slots=True)
class Floor:
    """Who speaks with how many others, from the first start to the last end: stretches in which the same people speak.

        ann  ━━━━━━━━       ━━━
        bo        ━━━━━━
      =      111112221110000111     0 silence, 1 single, 2 and more overlap

    >>> of_two = Stretches(np.array([0, 15, 5]), np.array([8, 18, 11]), np.array([0, 0, 1]), ["ann", "bo"])
    >>> held = floor(of_two)
    >>> for column in held.start, held.end, held.count, held.sole:
    ...     print(*column)
    0 5 8 11 15
    5 8 11 15 18
    1 2 1 0 1
    0 -1 1 -1 0
    """

    start: Column
    end: Column
    count: Column
    sole: Column
    """The place among the names of who speaks alone; `NOBODY` where none or several do."""
    names: Sequence[str]


# As a place it is the last one: what is added up by place has one more than there are names.
NOBODY = -1


def floor(speech: Stretches) -> Floor:
    """Who speaks when; no two stretches of one overlap or touch."""
    # Who speaks is one number: how many, times more than all places add up to, plus their places; one is known by it.
    more = len(speech.names) ** 2 + 1
    edges = np.concatenate((speech.start, speech.end))
    order = edges.argsort(kind="stable")
    change = speech.who + more
    speaking = np.concatenate((change, -change))[order].cumsum()[:-1]
    times = edges[order]
    start, end = times[:-1], times[1:]
    lasting = end > start
    if not lasting.all():
        start, end, speaking = start[lasting], end[lasting], speaking[lasting]
    count = speaking // more
    return Floor(start, end, count, np.where(count == 1, speaking - more, NOBODY), speech.names)


def summed(values: Column, who: Column, names: Sequence[str]) -> dict[str, int]:
    """What adds up for each name; nothing counts for `NOBODY`."""
    sums = np.zeros(len(names) + 1, values.dtype)
    np.add.at(sums, who, values)
    return dict(zip(names, sums.tolist(), strict=False))


def greatest(values: Column, who: Column, names: Sequence[str]) -> dict[str, int]:
    """The greatest for each name, of those that have one above 0."""
    most = np.zeros(len(names) + 1, values.dtype)
    np.maximum.at(most, who, values)
    return {name: value for name, value in zip(names, most.tolist(), strict=False) if value}


def counted(who: Column, names: Sequence[str]) -> dict[str, int]:
    """How often each name occurs."""
    return dict(zip(names, np.bincount(who, minlength=len(names)).tolist(), strict=True))


def of_each(values: Column, who: Column, names: Sequence[str]) -> dict[str, list[int]]:
    """The values of each name, in ascending order."""
    ordered = values[np.lexsort((values, who))].tolist()
    ends = np.bincount(who, minlength=len(names)).cumsum().tolist()
    return {name: ordered[first:end] for name, first, end in zip(names, [0, *ends], ends, strict=False)}


def runs(apart: Column) -> tuple[Column, Column]:
    """First and last places of what is not apart, given for all but the first whether it is from the one before.

    >>> first, last = runs(np.array([True, False, True]))
    >>> first.tolist(), last.tolist()
    ([0, 1, 3], [0, 2, 3])
    """
    begins = np.empty(len(apart) + 1, bool)
    begins[0] = True
    begins[1:] = apart
    first = begins.nonzero()[0]
    last = np.empty_like(first)
    last[:-1] = first[1:] - 1
    last[-1] = len(apart)
    return first, last
