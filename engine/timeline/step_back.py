"""Preparation of the states behind the position, so that repeated steps back stay fast."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import repeat

from gradstep.engine.timeline.branches import Branch
from gradstep.engine.timeline.keyframes import DENSE_STRIDE
from gradstep.engine.timeline.timeline import Timeline
from gradstep.engine.training.state import State


class Rewinder:
    """Re-executes the steps behind a time line's position, one at a time over many calls.

    A position is ready if it or the one before has a saved state: going there re-executes one step at most.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._branch: Branch | None = None
        self._reached: State | None = None
        """The state that the re-execution has reached, on that branch."""

    def prepare(self, go_on: Callable[[], bool]) -> None:
        """Make the positions right behind ready, while `go_on` returns True before each step."""
        timeline = self._timeline
        here = timeline.position
        if self._unready(here) is None or not go_on():
            return
        home = timeline.trainer.snapshot()
        self._work(here, go_on)
        timeline.restore(home)

    def share(self, here: int) -> None:
        """Before a step back to position `here`, do one step's share of the preparation.

        The shares are equal for the steps back that are left until an unready position. The trainer is left
        at the position reached.
        """
        unready = self._unready(here)
        if unready is not None:
            left = unready - self._start(unready).position
            others = repeat(True, math.ceil(left / max(1, here - unready)) - 1)
            self._work(here, lambda: next(others, False))

    def _work(self, here: int, go_on: Callable[[], bool]) -> None:
        """Re-execute one step or more of the preparation for going back from `here`."""
        timeline = self._timeline
        while (unready := self._unready(here)) is not None:
            self._enter(unready)
            reach = timeline.owner(timeline.position).keyframes.reach
            timeline.advance(dense=unready - timeline.position <= reach, near=here)
            if not go_on():
                break
        self._branch, self._reached = timeline.branch, timeline.trainer.snapshot(self._reached)

    def _unready(self, here: int) -> int | None:
        """Return the last position that is not ready, of those within reach."""
        timeline, position = self._timeline, here - 1
        while position >= max(0, here - timeline.owner(position).keyframes.reach):
            saved = timeline.nearest(position).position
            if position - saved >= DENSE_STRIDE:
                return position
            position = saved - 1
        return None

    def _start(self, unready: int) -> State:
        """Return the state nearest before an unready position."""
        saved, reached = self._timeline.nearest(unready), self._reached
        if reached is None or self._branch is not self._timeline.branch:
            return saved
        return reached if saved.position < reached.position <= unready else saved

    def _enter(self, unready: int) -> None:
        """Restore the state to re-execute from, unless the trainer is on the way already."""
        start = self._start(unready)
        if self._timeline.position not in range(start.position, unready + 1):
            self._timeline.restore(start)
