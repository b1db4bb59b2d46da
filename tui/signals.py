"""SIGTERM and SIGHUP: what a program should do when it is told to end, or its terminal is closed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGHUP, signal.SIGTERM)
REPEAT_SECONDS = 5.0
"""A shell and the terminal both send SIGHUP: a second signal within so long disturbs no saving."""


class Interrupting:
    """Raises KeyboardInterrupt in the main thread, so that a command ends as on Ctrl+C; `number` is the
    signal's, or 0."""

    def __init__(self) -> None:
        self.number = 0
        self._at = 0.0

    def __call__(self, number: int, _frame: object) -> None:
        if self.number and time.monotonic() - self._at < REPEAT_SECONDS:
            return
        self.number, self._at = number, time.monotonic()
        raise KeyboardInterrupt


@contextmanager
def handled(
    handler: Callable[[int, object], None], signals: tuple[signal.Signals, ...] = SIGNALS
) -> Iterator[None]:
    """Have a handler called on signals, except on one that is ignored, as nohup has SIGHUP. Does nothing in a
    thread other than the main one, which Python's handlers need."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in signals}
    mine = [number for number, was in before.items() if was not in (signal.SIG_IGN, None)]
    try:
        for number in mine:
            signal.signal(number, handler)
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])
