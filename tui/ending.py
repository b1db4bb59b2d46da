"""The unforeseen ends of the explorer: after a fault of its own, or on a signal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from textual.app import ScreenStackError
from textual.css.query import NoMatches
from textual.widget import MountError
from textual.worker import WorkerFailed

from gradstep.engine.errors import Fault, keep_traceback
from gradstep.tui.commands.exit_status import OF_A_SIGNAL, Exit
from gradstep.tui.signals import SIGNALS, handled
from gradstep.tui.wire.driver import STDERR, TerminalDriver
from gradstep.tui.wire.textual_private import PrivateApp

PATIENCE_SECONDS = 5.0
"""Time for Textual to end the screen; then the process is ended without it."""
WRITE_SECONDS = 1.0
"""Time for the last words to a terminal that may no longer accept any."""
OF_THE_TERMINAL = ("textual-input", "textual-output")
"""Names of Textual's threads for the terminal. An OSError in one of them means that it is gone."""

OF_CLOSING = (MountError, NoMatches, ScreenStackError)
"""Errors of work that begins while Textual removes the widgets, such as filling a pane."""


class Ending(PrivateApp):
    """An app that gives the terminal back and closes what it drives, however it ends."""

    fault: Fault | None = None
    """The first fault, which ended it."""
    _signal = 0
    _over: threading.Event | None = None
    """Set once Textual has ended; None before it has begun."""
    _hurried = False

    @abstractmethod
    def close_engine(self) -> None:
        """Save the run and end the engine."""

    @abstractmethod
    def last_words(self) -> list[str]:
        """Return lines for the terminal once it is given back."""

    def run(self, *args: Any, **kwargs: Any) -> int | None:
        """Run until it ends; give the terminal back, close the engine, return the exit status."""
        result, self._over, hook = None, threading.Event(), threading.excepthook
        threading.excepthook = self._thread_failed
        try:
            with handled(self._on_signal, (*SIGNALS, signal.SIGINT)):
                try:
                    result = super().run(*args, **kwargs)
                except Exception as error:
                    self._keep(error)
                finally:
                    self._over.set()
                    self._end_driver()
                    self.close_engine()
        finally:
            threading.excepthook = hook
        return self._status or self.return_code or result

    async def run_async(self, *args: Any, **kwargs: Any) -> int | None:
        """Run; a fault of a callback of the loop ends it, too."""
        asyncio.get_running_loop().set_exception_handler(self._loop_failed)
        return await super().run_async(*args, **kwargs)

    @property
    def _status(self) -> int:
        """The exit status after a fault or a signal, 0 without either."""
        if self.fault is not None:
            return Exit.FAULT
        return OF_A_SIGNAL + self._signal if self._signal else 0

    # --- faults -------------------------------------------------------------------------------------

    def _keep(self, error: Exception) -> None:
        if self.fault is None:
            self.fault = keep_traceback(error.error if isinstance(error, WorkerFailed) else error)

    def on_uncaught(self, error: Exception) -> None:
        """End after an error that nothing has caught; Textual would print a traceback."""
        if self.is_leaving and isinstance(error, OF_CLOSING):
            self.close_now()
            return
        self._keep(error)
        self._hurry()
        self.end_with(error, Exit.FAULT)

    def _thread_failed(self, failed: threading.ExceptHookArgs) -> None:
        name = failed.thread.name if failed.thread is not None else ""
        if isinstance(failed.exc_value, OSError) and name in OF_THE_TERMINAL:
            self._on_signal(signal.SIGHUP)
        elif isinstance(failed.exc_value, Exception):
            self._keep(failed.exc_value)
            self._on_loop(self.on_uncaught, failed.exc_value)

    def _loop_failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and self.is_running and not self.is_leaving:
            self.on_uncaught(error)

    # --- signals ------------------------------------------------------------------------------------

    def _on_signal(self, number: int, _frame: object = None) -> None:
        """End on the first signal; Ctrl+C while the engine saves stops the wait for it."""
        if number == signal.SIGINT and self._over is not None and self._over.is_set():
            raise KeyboardInterrupt
        if self._signal:
            return
        self._signal = number
        self._hurry()
        if self.event_loop is None:
            self.leave_before_start()  # the terminal is not taken
        else:
            self._on_loop(self._end)

    def _end(self) -> None:
        """Quit as a user does; without a terminal, do not wait for its answer."""
        if self._signal == signal.SIGHUP:
            self.exit()
        else:
            self.call_later(self.action_quit)

    # --- haste --------------------------------------------------------------------------------------

    def _on_loop(self, do: Callable[..., object], *given: object) -> None:
        """Call something on the loop, from a thread or from a signal's handler."""
        if self.event_loop is not None:
            with suppress(RuntimeError):  # it has ended
                self.event_loop.call_soon_threadsafe(do, *given)

    def _hurry(self) -> None:
        """Begin the wait for Textual's end."""
        if self._over is not None and not self._hurried:
            self._hurried = True
            threading.Thread(target=self._force, args=(self._over,), name="ending", daemon=True).start()

    def end_if_held(self, status: int) -> None:
        """End the process if a thread of Textual's for the terminal goes on: nothing would end it later.

        The thread that reads from a terminal which is gone reads its end for ever, if Textual was interrupted
        before it could stop the thread.
        """
        held = [thread for thread in threading.enumerate() if thread.name in OF_THE_TERMINAL]
        for thread in held:
            thread.join(WRITE_SECONDS)
        if any(thread.is_alive() for thread in held):
            with suppress(OSError):
                sys.stdout.flush()
            os._exit(status)

    def _force(self, over: threading.Event) -> None:
        """End the process if Textual does not: it may wait for a terminal, or hang."""
        if over.wait(PATIENCE_SECONDS):
            return
        self.close_engine()
        helper = threading.Thread(target=self._say_without_textual, daemon=True)
        helper.start()
        helper.join(WRITE_SECONDS)
        os._exit(self._status)

    def _end_driver(self) -> None:
        if isinstance(self.terminal, TerminalDriver):
            self.terminal.end()

    def _say_without_textual(self) -> None:
        self._end_driver()
        said = [] if self.fault is None else [str(self.fault)]
        with suppress(OSError):
            os.write(STDERR, "".join(f"{line}\n" for line in said + self.last_words()).encode())
