"""The front end's connection to the engine's process: its start, commands and events."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import IO

from gradstep.engine.worker.commands import (
    Close,
    Command,
)
from gradstep.engine.worker.events import (
    Died,
    Event,
)
from gradstep.engine.worker.process import FRAME_SECONDS, EngineProcess, start_process

TAIL_BYTES = 2000
"""The end of stderr, in bytes, that `Died` reports."""


class EngineClient:
    """A client of one engine process at a time. `start` begins a fresh one, also after a death.

    `on_event` is called on the client's own thread, in the order of the events. The first process may be
    `started` already. A running engine sends news at most every `frame_seconds`.
    """

    def __init__(
        self,
        on_event: Callable[[Event], None],
        started: EngineProcess | None = None,
        frame_seconds: float = FRAME_SECONDS,
    ) -> None:
        self._on_event = on_event
        self._started = started
        self._frame_seconds = frame_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._reader: threading.Thread | None = None
        self._closing = False

    @property
    def pid(self) -> int | None:
        """The process id of the engine, None if it is not running."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    def start(self) -> None:
        """Start the engine's process and the thread that reads its events."""
        started, self._started = self._started or start_process(self._frame_seconds), None
        self._process = started.process
        self._closing = False
        self._pipe = Connection(started.pipe.detach())
        self._reader = threading.Thread(
            target=self._read,
            args=(self._pipe, started.process, started.stderr),
            name="engine-events",
            daemon=True,
        )
        self._reader.start()

    def send(self, command: Command) -> None:
        """Send a command. Does nothing if the engine is dead, which `Died` has reported."""
        if self._pipe is not None:
            with contextlib.suppress(OSError):
                self._pipe.send(command)

    def close(self, timeout: float = 20.0) -> None:
        """Ask the engine to end, and kill it after `timeout` seconds."""
        self._closing = True
        self.send(Close())
        if self._process is not None:
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._reader is not None:
            self._reader.join(timeout)

    def _read(self, pipe: Connection, process: subprocess.Popen[bytes], stderr: IO[bytes]) -> None:
        with pipe, stderr:
            while True:
                try:
                    event = pipe.recv()
                except (EOFError, OSError):
                    break
                self._on_event(event)
            status = process.wait()
            if not self._closing:
                stderr.seek(max(0, stderr.seek(0, 2) - TAIL_BYTES))
                self._on_event(Died(status, stderr.read().decode("utf-8", "replace")))
