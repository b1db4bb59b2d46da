"""A growing series with minima and maxima of any stretch, at a cost that does not grow with the run.

A block of 16 values is summarised once, when it is complete; so are 16 of these blocks, and so on. A query
covers its stretch with the widest blocks that fit: a few hundred, whatever the length of the series.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradstep.engine.records.ranges import Floats, Ints

FAN = 16
"""Blocks that are summarised in one."""
CHUNK = 1 << 16
"""Values summarised at a time, so that a long append needs little memory."""

FLAGS = NAN, POSITIVE_INFINITY, NEGATIVE_INFINITY, NOT_POSITIVE = 1, 2, 4, 8

BLOCK = np.dtype(
    {
        "names": ["low", "low_at", "high", "high_at", "least", "least_at", "flags"],
        "formats": ["f8", "i8", "f8", "i8", "f8", "i8", "u1"],
    }
)
"""The extremes of a block's finite values and their positions; `least` is the smallest positive value.

A block without such a value holds +inf, or -inf for `high`.
"""

Blocks = NDArray[np.void]


@dataclass(frozen=True)
class Reduced:
    """At most two points per column, in true order, and the steps of columns with undrawable values.

    A column without a drawable value has one point of value NaN: a gap in the line.
    """

    steps: Ints
    values: Floats
    nan: Ints
    positive_infinity: Ints
    negative_infinity: Ints
    not_positive: Ints


class Envelope:
    """A series of (step, value), steps ascending, to append to and to reduce."""

    def __init__(self, values: ArrayLike = (), steps: ArrayLike | None = None) -> None:
        self._values: _Growing = _Growing(np.dtype("f8"))
        self._steps: _Growing = _Growing(np.dtype("i8"))
        self._levels: list[_Growing] = []
        self.append(values, steps)

    def __len__(self) -> int:
        return self._values.count

    @property
    def values(self) -> Floats:
        """All values: a view, which the next append may make outdated."""
        return self._values.array

    @property
    def steps(self) -> Ints:
        """The step of each value: a view, which the next append may make outdated."""
        return self._steps.array

    def append(self, values: ArrayLike, steps: ArrayLike | None = None) -> None:
        """Append values; without `steps` they continue the last step, or start at 0.

        Raises ValueError if the shapes differ, are not (n,), or if steps do not ascend.
        """
        new = np.asarray(values, dtype=np.float64)
        if steps is None:
            start = int(self.steps[-1]) + 1 if len(self) else 0
            at = np.arange(start, start + len(new))
        else:
            at = np.asarray(steps, dtype=np.int64)
        if at.shape != new.shape or new.ndim != 1:
            raise ValueError(f"{new.shape} values for {at.shape} steps")
        if np.any(np.diff(at) <= 0) or (len(self) and len(at) and at[0] <= self.steps[-1]):
            raise ValueError("steps must ascend")
        for i in range(0, len(new), CHUNK):
            self._values.extend(new[i : i + CHUNK])
            self._steps.extend(at[i : i + CHUNK])
            self._summarise()

    def between(self, first_step: float, last_step: float) -> tuple[int, int]:
        """Return the range [first, last) of positions with steps in the closed interval."""
        first = int(np.searchsorted(self.steps, first_step, "left"))
        return first, max(first, int(np.searchsorted(self.steps, last_step, "right")))

    def at(self, step: int) -> tuple[int, float] | None:
        """Return the latest (step, value) at or before a step; None if there is none."""
        position = int(np.searchsorted(self.steps, step, "right")) - 1
        return (int(self.steps[position]), float(self.values[position])) if position >= 0 else None

    def query(self, first: int, last: int, columns: int, *, positive: bool = False) -> Reduced:
        """Reduce positions [first, last) to at most `columns` columns, of finite (or only positive) values.

        A column is an aligned power of two of positions, so it stays in place while the series grows.
        """
        first, last = max(first, 0), min(last, len(self))
        if first >= last:
            none = np.empty(0, np.int64)
            return Reduced(none, np.empty(0), none, none, none, none)
        size = 1
        while (last - 1) // size - first // size + 1 > max(columns, 1):
            size *= 2
        blocks, starts = self._cover(first, last, size)
        columns_of = starts // size
        edges = np.flatnonzero(np.diff(columns_of, prepend=-1))
        found = _merge(blocks, edges)
        low, low_at = (found["least"], found["least_at"]) if positive else (found["low"], found["low_at"])
        high, high_at = found["high"], found["high_at"]
        begin = starts[edges]
        drawable = (low < np.inf) if positive else (high > -np.inf)
        low_first = low_at <= high_at
        pairs = np.empty((len(edges), 2), np.int64)
        pairs[:, 0] = np.where(drawable, np.where(low_first, low_at, high_at), begin)
        pairs[:, 1] = np.where(drawable, np.where(low_first, high_at, low_at), begin)
        keep = np.ones_like(pairs, dtype=bool)
        keep[:, 1] = pairs[:, 0] != pairs[:, 1]
        chosen = pairs[keep]
        values = np.where(np.repeat(drawable, keep.sum(axis=1)), self.values[chosen], np.nan)
        step_of = self.steps
        flagged = [step_of[begin[(found["flags"] & bit) != 0]] for bit in FLAGS]
        return Reduced(step_of[chosen], values, *flagged)

    def first_flagged(self, first: int, last: int, flags: int) -> int | None:
        """Return the first position in [first, last) with one of the flags (NAN, …), or None."""
        first, last = max(first, 0), min(last, len(self))
        size = FAN ** len(self._levels)
        while first < last:
            blocks, starts = self._cover(first, last, size)
            hits = np.flatnonzero(blocks["flags"] & flags)
            if not len(hits):
                return None
            if size == 1:
                return int(starts[hits[0]])
            first = int(starts[hits[0]])
            last = int(starts[hits[0] + 1]) if hits[0] + 1 < len(starts) else last
            size = max(1, size // FAN)
        return None

    def _summarise(self) -> None:
        """Summarise complete blocks, level by level."""
        below, level = len(self), 0
        while below >= FAN:
            if level == len(self._levels):
                self._levels.append(_Growing(BLOCK))
            blocks = self._levels[level]
            done, due = blocks.count, below // FAN
            if due > done:
                children = self._blocks(level, done * FAN, due * FAN)
                blocks.extend(_merge(children, np.arange(0, len(children), FAN)))
            below, level = due, level + 1

    def _blocks(self, level: int, first: int, last: int) -> Blocks:
        """Return blocks [first, last) of a level; level 0 are single values."""
        if level > 0:
            return self._levels[level - 1].array[first:last]
        values = self.values[first:last]
        finite = np.isfinite(values)
        positive = finite & (values > 0)
        leaves = np.empty(len(values), BLOCK)
        leaves["low"] = np.where(finite, values, np.inf)
        leaves["high"] = np.where(finite, values, -np.inf)
        leaves["least"] = np.where(positive, values, np.inf)
        for name in ("low_at", "high_at", "least_at"):
            leaves[name] = np.arange(first, last)
        leaves["flags"] = (
            NAN * np.isnan(values)
            + POSITIVE_INFINITY * (values == np.inf)
            + NEGATIVE_INFINITY * (values == -np.inf)
            + NOT_POSITIVE * (finite & ~positive)
        )
        return leaves

    def _cover(self, first: int, last: int, size: int) -> tuple[Blocks, Ints]:
        """Return blocks of at most `size` values that cover [first, last) in order, and their starts."""
        head: list[tuple[int, int, int]] = []
        tail: list[tuple[int, int, int]] = []
        level = 0
        while FAN ** (level + 1) <= size and -(-first // FAN) < last // FAN:
            inner_first, inner_last = -(-first // FAN), last // FAN
            head.append((level, first, inner_first * FAN))
            tail.append((level, inner_last * FAN, last))
            first, last, level = inner_first, inner_last, level + 1
        pieces = [*head, (level, first, last), *reversed(tail)]
        blocks = np.concatenate([self._blocks(*piece) for piece in pieces])
        return blocks, np.concatenate([np.arange(a, b) * FAN**k for k, a, b in pieces])


def _merge(blocks: Blocks, edges: Ints) -> Blocks:
    """Merge the blocks from each edge to the next into one."""
    merged = np.empty(len(edges), BLOCK)
    group = np.repeat(np.arange(len(edges)), np.diff(edges, append=len(blocks)))
    for name, reduce in (("low", np.minimum), ("high", np.maximum), ("least", np.minimum)):
        values = np.ascontiguousarray(blocks[name])
        best = reduce.reduceat(values, edges)
        hits = np.flatnonzero(values == best[group])
        merged[name] = best
        merged[f"{name}_at"] = blocks[f"{name}_at"][hits[np.searchsorted(group[hits], np.arange(len(edges)))]]
    merged["flags"] = np.bitwise_or.reduceat(blocks["flags"], edges)
    return merged


class _Growing:
    """An array with room at its end: appending n values costs O(n)."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._room = np.empty(FAN, dtype)
        self.count = 0

    @property
    def array(self) -> NDArray[Any]:
        return self._room[: self.count]

    def extend(self, new: NDArray[Any]) -> None:
        needed = self.count + len(new)
        if needed > len(self._room):
            room = np.empty(max(needed, 2 * len(self._room)), self._room.dtype)
            room[: self.count] = self.array
            self._room = room
        self._room[self.count : needed] = new
        self.count = needed
