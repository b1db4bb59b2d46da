"""The engine's process: carries out commands between steps, and sends news at most once a frame.

Run as `python -m gradstep.engine.worker FD SECONDS`: its end of a socket pair, and the seconds between
two frames.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

import torch

from gradstep.engine.errors import FAULT_STATUS, UserError, explain
from gradstep.engine.session.session import Session
from gradstep.engine.worker.commands import CancelSweep, Close, Command, Open, Resume, StartSweep
from gradstep.engine.worker.driver import Driver
from gradstep.engine.worker.events import Event, Logged, Ready, Refused, Working
from gradstep.engine.worker.inbox import Inbox
from gradstep.engine.worker.prober import Prober
from gradstep.engine.worker.process import FRAME_SECONDS
from gradstep.engine.worker.sweeper import Sweeper


class Host:
    """Opens runs, one at a time, has each driven, and does sweeps beside it."""

    def __init__(self, pipe: Connection, frame_seconds: float = FRAME_SECONDS) -> None:
        self._pipe = pipe
        self._frame_seconds = frame_seconds
        self._inbox = Inbox(pipe)
        self._driver: Driver | None = None
        self._sending = threading.Lock()
        self._prober = Prober(self._send)
        self._sweeper = Sweeper(self._send)

    def serve(self) -> None:
        """Go on until a `Close`, or until the front end is gone; then save."""
        signal.signal(signal.SIGTERM, lambda *_: self._inbox.put(Close()))
        try:
            self._send(Ready(str(torch.__version__)))  # its own type would import torch there
            while True:
                try:
                    if self._driver is not None and self._driver.step():
                        continue
                    if isinstance(command := self._next(), Close):
                        return
                    self._carry_out(command)
                except UserError as error:
                    self._send(Refused(str(error)))
                    if self._driver is not None and self._driver.goal is None:
                        self._driver.tell()
                except ConnectionError:
                    return
                except Exception as error:
                    self._send(Refused(explain(error)))
                    if self._driver is not None:
                        self._driver.recover()
        except ConnectionError:
            pass
        finally:
            self._sweeper.close()
            self._end_run()

    def _next(self) -> Command:
        if self._driver is not None:
            return self._driver.next_command()
        command = self._inbox.take()
        assert command is not None
        return command

    def _carry_out(self, command: Command) -> None:
        match command:
            case Open():
                self._begin(lambda say: Session(command.preset, command.data_dir, say), save=command.save)
            case Resume():
                self._begin(lambda say: Session.open(command.path, command.data_dir, say), save=False)
            case StartSweep():
                self._sweeper.start(command.plan, command.data_dir)
            case CancelSweep():
                self._sweeper.cancel()
            case Close():
                pass
            case _:
                if self._driver is None:
                    raise UserError("there is no run yet: open a preset first")
                self._driver.carry_out(command)

    def _begin(self, make: Callable[[Callable[[str], None]], Session], *, save: bool) -> None:
        """End the run there is and begin another. If `make` raises, the run there is goes on."""
        self._send(Working("Reading the data"))
        session = make(lambda text: self._send(Working(text)))
        self._end_run()
        self._driver = Driver(session, self._inbox, self._send, self._prober, self._frame_seconds)
        self._driver.open(save=save)

    def _end_run(self) -> None:
        driver, self._driver = self._driver, None
        self._prober.cancel_all()
        if driver is not None:
            try:
                driver.session.close()
            except UserError as error:
                with contextlib.suppress(OSError):
                    self._send(Logged("warning", f"not all of the run could be saved: {error}"))

    def _send(self, event: Event) -> None:
        with self._sending:
            self._pipe.send(event)


def main() -> None:
    # the terminal's Ctrl+C is the front end's to answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what was imported stays
    gc.enable()
    failed: list[str] = []

    def thread_failed(fault: threading.ExceptHookArgs) -> None:
        """End the engine after a fault in a thread: nobody does any more what the thread did."""
        if isinstance(fault.exc_value, Exception):
            failed.append(explain(fault.exc_value))
            os.kill(os.getpid(), signal.SIGTERM)

    threading.excepthook = thread_failed
    with Connection(int(sys.argv[1])) as pipe:
        Host(pipe, float(sys.argv[2])).serve()
    print(*failed, sep="\n", end="", file=sys.stderr, flush=True)
    # all is saved; the interpreter's own end takes a second with torch in it
    os._exit(FAULT_STATUS if failed else 0)
