"""Handlers for SIGTERM, and for SIGHUP, which says that the terminal is closed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGHUP, signal.SIGTERM)
REPEAT_SECONDS = 5.0
"""The time in which a second signal is ignored: a shell and the terminal both send SIGHUP."""


class Interrupting:
    """A handler that raises KeyboardInterrupt, so that a command ends as on Ctrl+C.

    `number` is the number of the last signal, or 0.
    """

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
    """Call a handler on signals, except on ignored ones, such as SIGHUP under nohup.

    Does nothing outside the main thread: Python allows handlers only there.
    """
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
