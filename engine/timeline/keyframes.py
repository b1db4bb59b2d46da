"""The saved states of a branch: which to keep, so that any position is soon reached from one of them."""

from __future__ import annotations

import bisect
import math
from array import array
from collections.abc import Sequence

import numpy as np

from gradstep.engine.training.state import State

DENSE_STRIDE = 2
"""Where a stop is near, each second position's is kept, so that a step back re-executes one step at most."""
SPARSE_STRIDE = 20
"""In the middle of a run copies are rarer: one takes a third of a step of a large network, or all of a small
one's …"""
ROOT_A_STRIDE = 64
"""… and rarer by as much again for each so much of √n: a seek re-executes up to that many steps anyhow."""
DENSE_STEPS = SPARSE_STRIDE
"""How many steps before a stop they are dense."""
RECENT = DENSE_STEPS // DENSE_STRIDE + 2
"""States kept of the positions just behind: as many as that takes, and what is made ready before them."""


class Keyframes:
    """States by position. Their gaps grow with the distance from where the run stands, up to the square root
    of the positions there are.

    A seek into n positions so re-executes about √n of them, and about 2√n states are kept. Where these are
    too large for `budget` bytes, the gaps far away stretch. The root branch's position 0 is never given up.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._least = 1
        self._recent: dict[int, State] = {}
        self._kept: dict[int, State] = {}
        self._positions = array("q")
        """Of the kept ones, ascending."""

    def __len__(self) -> int:
        return len(self._kept) + len(self._recent)

    def positions(self) -> list[int]:
        """Where a state is saved, ascending."""
        return sorted({*self._positions, *self._recent})

    def wants(self, position: int, length: int, *, dense: bool) -> bool:
        """Whether the state of this position is to be offered, on a branch of so many."""
        if position % stride(length, dense=dense):
            return False
        return position not in self._recent and position not in self._kept

    def spare(self, length: int, here: int) -> State | None:
        """A state given up, for its memory to be written over: fresh memory costs more than the copy.

        It is a recent one, ahead of `here` if there are such, else the first, or, where that is kept for
        good, one given up for it, if any. `length` is the number of positions that the branch has, and
        `here` the one that states are wanted near to.
        """
        if len(self._recent) < self._recent_limit():
            return None
        last = max(self._recent)
        position = last if last > here else min(self._recent)
        return self._keep(position, self._recent.pop(position), length, here)

    def add(self, state: State) -> None:
        """Keep a state among the recent ones."""
        self._recent[state.position] = state

    def pin(self, state: State) -> None:
        """Keep a state for good, such as a branch's first."""
        self._insert(state.position, state)

    def limit(self, budget: int, length: int, *, root: bool) -> None:
        """Set the budget; what is over it is given up now. `length` is the branch's number of positions."""
        self.budget = budget
        self._least = 1 if root else 0
        size = max((state.nbytes for state in (*self._kept.values(), *self._recent.values())), default=1)
        while len(self._recent) > min(RECENT, budget // (2 * size)):
            del self._recent[min(self._recent)]
        self._thin(length, length, size)

    def before(self, position: int) -> State | None:
        """The saved state nearest to a position, at it or before."""
        best = max((p for p in self._recent if p <= position), default=None)
        i = bisect.bisect_right(self._positions, position)
        if i and (best is None or self._positions[i - 1] >= best):
            return self._kept[self._positions[i - 1]]
        return None if best is None else self._recent[best]

    @property
    def reach(self) -> int:
        """For how many positions behind there is room to keep each second one's state."""
        return DENSE_STRIDE * (self._recent_limit() - 2)

    def _recent_limit(self) -> int:
        size = next((state.nbytes for states in (self._recent, self._kept) for state in states.values()), 0)
        return max(2, min(RECENT, self.budget // (2 * size))) if size else RECENT

    def _keep(self, position: int, state: State, length: int, here: int) -> State | None:
        """Take a state that is recent no more into the kept ones, if it is far enough from the last; the one
        given up for it, it itself where it is not kept, or None."""
        root = math.isqrt(length)
        i = bisect.bisect_right(self._positions, position)
        if i and position - self._positions[i - 1] < max(DENSE_STRIDE, root // 8):
            return state
        self._insert(position, state)
        return self._thin(length, here, state.nbytes)

    def _thin(self, length: int, here: int, size: int) -> State | None:
        """Give up kept states, of `size` bytes each, until they are within budget; the last one, if any."""
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
    """From how many positions one is offered to be kept, where there are so many."""
    return DENSE_STRIDE if dense else SPARSE_STRIDE * (1 + math.isqrt(length) // ROOT_A_STRIDE)


def least_missed(positions: Sequence[int], length: int, here: int) -> int:
    """Which of two or more saved positions (ascending) can go: the index where the gap left is smallest for
    its distance from `here`, among `length` positions. The first always stays.

    Far away gaps are alike, so half of the states, and where √length of them are a half, none is larger.
    """
    at = np.append(np.asarray(positions[:], np.int64), length)  # a copy: one in use can't be resized
    gaps = at[2:] - at[:-2]
    allowed = np.minimum(np.abs(here - at[1:-1]), 2 * length // len(positions)) + 1
    return int(np.argmin(gaps / allowed)) + 1
