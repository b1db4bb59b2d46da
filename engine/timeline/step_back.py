"""Gets the states ready that lie behind, so that going back on and on never waits long."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import repeat

from gradstep.engine.timeline.branches import Branch
from gradstep.engine.timeline.keyframes import DENSE_STRIDE
from gradstep.engine.timeline.timeline import Timeline
from gradstep.engine.training.state import State


class Rewinder:
    """Re-executes the steps behind a time line's position from the saved state before them, one at a time and
    over many calls.

    A position is ready where it or the one before has a saved state: to go there re-executes one step
    at most.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._branch: Branch | None = None
        self._reached: State | None = None
        """Where the re-execution stands, on that branch."""

    def prepare(self, go_on: Callable[[], bool]) -> None:
        """Make the positions right behind ready, while `go_on` says so before each step."""
        timeline = self._timeline
        here = timeline.position
        if self._unready(here) is None or not go_on():
            return
        home = timeline.trainer.snapshot()
        self._work(here, go_on)
        timeline.restore(home)

    def share(self, here: int) -> None:
        """Before a step back to a position, do what of it falls to one of the steps back that are left before
        it is needed. The trainer is left where that ends."""
        unready = self._unready(here)
        if unready is not None:
            left = unready - self._start(unready).position
            others = repeat(True, math.ceil(left / max(1, here - unready)) - 1)
            self._work(here, lambda: next(others, False))

    def _work(self, here: int, go_on: Callable[[], bool]) -> None:
        """Re-execute at least one step that getting ready for going back from `here` needs."""
        timeline = self._timeline
        while (unready := self._unready(here)) is not None:
            self._enter(unready)
            reach = timeline.owner(timeline.position).keyframes.reach
            timeline.advance(dense=unready - timeline.position <= reach, near=here)
            if not go_on():
                break
        self._branch, self._reached = timeline.branch, timeline.trainer.snapshot(self._reached)

    def _unready(self, here: int) -> int | None:
        """The last position that is not ready, of those not far behind."""
        timeline, position = self._timeline, here - 1
        while position >= max(0, here - timeline.owner(position).keyframes.reach):
            saved = timeline.nearest(position).position
            if position - saved >= DENSE_STRIDE:
                return position
            position = saved - 1
        return None

    def _start(self, unready: int) -> State:
        """The state from which an unready position is soonest reached."""
        saved, reached = self._timeline.nearest(unready), self._reached
        if reached is None or self._branch is not self._timeline.branch:
            return saved
        return reached if saved.position < reached.position <= unready else saved

    def _enter(self, unready: int) -> None:
        """Go to where the re-execution goes on, if the trainer is not there."""
        start = self._start(unready)
        if self._timeline.position not in range(start.position, unready + 1):
            self._timeline.restore(start)
