"""When the next frame may go out: a question follows each, and the answers show how far the terminal is."""

from __future__ import annotations

import time
from collections.abc import Callable

ASK = "\x1b[6n"
"""Asks where the cursor is (DSR 6, ECMA-48): behind a frame, it is answered when that is drawn."""
UNDER_WAY = 2
"""Frames that may be unanswered: one on its way there, one whose answer is on its way back."""
HEARD = 10.0
UNHEARD = 1.0
"""After so many seconds one that has answered before, or never, is not waited for any more."""


class Pace:
    """Counts the frames that are under way between here and the terminal, however many links lie between."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way = 0
        self._patience = UNHEARD
        self._since = 0.0

    @property
    def wait(self) -> float:
        """Seconds until the next frame may go out if no answer comes before; 0: it may now."""
        if self._under_way < UNDER_WAY:
            return 0.0
        return max(self._since + self._patience - self._clock(), 0.0)

    @property
    def under_way(self) -> bool:
        """Whether an answer is to be expected."""
        return self._under_way > 0 and self._patience == HEARD

    def sent(self) -> None:
        """A frame, and the question behind it, went out."""
        if self._under_way < UNDER_WAY:
            self._under_way += 1
            self._since = self._clock()

    def answered(self) -> None:
        """The terminal has drawn a frame."""
        self._under_way = max(self._under_way - 1, 0)
        self._patience = HEARD
        self._since = self._clock()
