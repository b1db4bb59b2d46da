"""The saved states of a branch, chosen so that every position is a short re-execution away."""

from __future__ import annotations

import bisect
import math
from array import array
from collections.abc import Sequence

import numpy as np

from gradstep.engine.training.state import State

DENSE_STRIDE = 2
"""Positions between two states near a stop, so that a step back re-executes one step at most."""
SPARSE_STRIDE = 20
"""Positions between two states far from a stop.

A copy takes a third of the time of a large network's step, or all of the time of a small one's.
"""
ROOT_A_STRIDE = 64
"""For n positions the sparse stride is 20 · (1 + ⌊√n/64⌋): a seek re-executes about √n anyhow."""
DENSE_STEPS = SPARSE_STRIDE
"""Steps before a stop in which states are dense."""
RECENT = DENSE_STEPS // DENSE_STRIDE + 2
"""States kept of the last positions: the dense ones, and two that are prepared before them."""


class Keyframes:
    """States by position, with gaps that grow with the distance from the run's position, up to √n.

    A seek into n positions re-executes about √n of them, and about 2√n states are kept. If these exceed
    `budget` bytes, the gaps far away grow. The root branch's position 0 is never evicted.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._least = 1
        self._recent: dict[int, State] = {}
        self._kept: dict[int, State] = {}
        self._positions = array("q")
        """Of the kept states, ascending."""

    def __len__(self) -> int:
        return len(self._kept) + len(self._recent)

    def positions(self) -> list[int]:
        """Return the positions with a saved state, ascending."""
        return sorted({*self._positions, *self._recent})

    def wants(self, position: int, length: int, *, dense: bool) -> bool:
        """Return whether to save the state of a position, on a branch of `length` positions."""
        if position % stride(length, dense=dense):
            return False
        return position not in self._recent and position not in self._kept

    def spare(self, length: int, here: int) -> State | None:
        """Evict a state and return it, to reuse its memory: fresh memory costs more than the copy.

        The last recent state ahead of `here` goes, else the first recent one. If that one is kept, the
        state evicted for it is returned, if any. `length` is the branch's number of positions, `here` the
        position near which states are wanted.
        """
        if len(self._recent) < self._recent_limit():
            return None
        last = max(self._recent)
        position = last if last > here else min(self._recent)
        return self._keep(position, self._recent.pop(position), length, here)

    def add(self, state: State) -> None:
        """Add a state to the recent ones."""
        self._recent[state.position] = state

    def pin(self, state: State) -> None:
        """Add a state to the kept ones, such as a branch's first."""
        self._insert(state.position, state)

    def limit(self, budget: int, length: int, *, root: bool) -> None:
        """Set the budget in bytes and evict states beyond it, on a branch of `length` positions."""
        self.budget = budget
        self._least = 1 if root else 0
        size = max((state.nbytes for state in (*self._kept.values(), *self._recent.values())), default=1)
        while len(self._recent) > min(RECENT, budget // (2 * size)):
            del self._recent[min(self._recent)]
        self._thin(length, length, size)

    def before(self, position: int) -> State | None:
        """Return the last saved state at or before a position."""
        best = max((p for p in self._recent if p <= position), default=None)
        i = bisect.bisect_right(self._positions, position)
        if i and (best is None or self._positions[i - 1] >= best):
            return self._kept[self._positions[i - 1]]
        return None if best is None else self._recent[best]

    @property
    def reach(self) -> int:
        """The number of positions behind that have room for every second state."""
        return DENSE_STRIDE * (self._recent_limit() - 2)

    def _recent_limit(self) -> int:
        size = next((state.nbytes for states in (self._recent, self._kept) for state in states.values()), 0)
        return max(2, min(RECENT, self.budget // (2 * size))) if size else RECENT

    def _keep(self, position: int, state: State, length: int, here: int) -> State | None:
        """Move a recent state to the kept ones, if it is far enough from the last kept one.

        Returns the state evicted for it, the state itself if it is too near, or None.
        """
        root = math.isqrt(length)
        i = bisect.bisect_right(self._positions, position)
        if i and position - self._positions[i - 1] < max(DENSE_STRIDE, root // 8):
            return state
        self._insert(position, state)
        return self._thin(length, here, state.nbytes)

    def _thin(self, length: int, here: int, size: int) -> State | None:
        """Evict kept states of `size` bytes each, down to the budget. Return the last one evicted."""
        given_up = None
        recent = min(self._recent_limit(), self.budget // (2 * size))
        capacity = min(2 * math.isqrt(length) + 8, max(self._least, self.budget // size - recent))
        while len(self._positions) > capacity:
            victim = least_missed(self._positions, length, here) if len(self._positions) > 1 else 0
            given_up = self._kept.pop(self._positions.pop(victim))
        return given_up

    def _insert(self, position: int, state: State) -> None:
        if position not in self._kept:
            bisect.insort(self._positions, position)
        self._kept[position] = state


def stride(length: int, *, dense: bool) -> int:
    """Return the positions between two saved states, on a branch of `length` positions."""
    return DENSE_STRIDE if dense else SPARSE_STRIDE * (1 + math.isqrt(length) // ROOT_A_STRIDE)


def least_missed(positions: Sequence[int], length: int, here: int) -> int:
    """Return the index of the saved position (of two or more, ascending) to evict, among `length` positions.

    Its eviction leaves the smallest gap for the distance from `here`. The first always stays. Gaps far away
    are alike, for half of the states; none is larger if that half has √length states.
    """
    at = np.append(np.asarray(positions[:], np.int64), length)  # a copy: one in use can't be resized
    gaps = at[2:] - at[:-2]
    allowed = np.minimum(np.abs(here - at[1:-1]), 2 * length // len(positions)) + 1
    return int(np.argmin(gaps / allowed)) + 1
