"""The times at which panes are drawn after the engine's events."""

from __future__ import annotations

import time
from asyncio import TimerHandle
from collections.abc import Callable

from gradstep.tui.link import After
from gradstep.tui.state.topics import NOTHING, Topic


class Frames:
    """A collector of changed parts, which draws them at most once in `seconds`."""

    def __init__(self, draw: Callable[[Topic], object], after: After, seconds: float) -> None:
        self._draw = draw
        self._after = after
        self._seconds = seconds
        self._frame: TimerHandle | None = None
        self._drawn_at = 0.0
        self._changed = NOTHING

    @property
    def waiting(self) -> bool:
        """Whether something is still to be drawn."""
        return bool(self._changed)

    def soon(self, topics: Topic) -> None:
        """Have what has changed drawn when the last frame is old enough."""
        self._changed |= topics
        if not self._changed or self._frame is not None:
            return
        wait = self._drawn_at + self._seconds - time.monotonic()
        if wait <= 0:
            self._draw_now()
        else:
            self._frame = self._after(wait, self._draw_now)

    def _draw_now(self) -> None:
        self._frame = None
        self._drawn_at = time.monotonic()
        topics, self._changed = self._changed, NOTHING
        self._draw(topics)
