"""The pace of frames. A question follows each frame; the answer shows that the frame is drawn."""

from __future__ import annotations

import time
from collections.abc import Callable

ASK = "\x1b[6n"
"""The question for the cursor's position (DSR 6, ECMA-48). A terminal answers after drawing the frame."""
UNDER_WAY = 2
"""The most unanswered frames: one on its way there, and one with its answer on the way back."""
HEARD = 10.0
UNHEARD = 1.0
"""Seconds to wait for a terminal that has answered before, and for one that never has."""


class Pace:
    """A count of the frames under way to the terminal, over any number of links."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way = 0
        self._patience = UNHEARD
        self._since = 0.0

    @property
    def wait(self) -> float:
        """Seconds until the next frame may be sent without an answer; 0: now."""
        if self._under_way < UNDER_WAY:
            return 0.0
        return max(self._since + self._patience - self._clock(), 0.0)

    @property
    def under_way(self) -> bool:
        """Whether an answer is expected."""
        return self._under_way > 0 and self._patience == HEARD

    def sent(self) -> None:
        """Note that a frame and its question were sent."""
        if self._under_way < UNDER_WAY:
            self._under_way += 1
            self._since = self._clock()

    def answered(self) -> None:
        """Note that the terminal has drawn a frame."""
        self._under_way = max(self._under_way - 1, 0)
        self._patience = HEARD
        self._since = self._clock()
