"""The commands that wait for the engine's process, read from the pipe by a thread."""

from __future__ import annotations

import threading
from collections import deque
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue

from gradstep.engine.worker.commands import CancelProbe, Close, Command, Probe


class Inbox:
    """Commands in the order of their arrival. A look into it between two steps costs nothing.

    The main thread alone takes and looks; any thread, and a signal handler, may put.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        # a signal handler may call its `put` while the same thread is in its `get`; a lock would not allow it
        self._arrived: SimpleQueue[Command] = SimpleQueue()
        self._waiting: deque[Command] = deque()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def __bool__(self) -> bool:
        return bool(self._waiting) or not self._arrived.empty()

    def take(self, timeout: float | None = None) -> Command | None:
        """Wait for the next command. Returns None after `timeout` seconds without one."""
        if self._waiting:
            return self._waiting.popleft()
        try:
            return self._arrived.get(timeout=timeout)
        except Empty:
            return None

    def put(self, command: Command) -> None:
        """Add a command from the pipe or from this process, such as on a signal."""
        self._arrived.put(command)

    @property
    def first(self) -> Command | None:
        """The command that waits longest."""
        return next(iter(self._all()), None)

    def holds(self, *kinds: type[Command]) -> bool:
        """Return whether a command of these kinds waits."""
        return any(isinstance(command, kinds) for command in self._all())

    def holds_move(self) -> bool:
        """Return whether a command waits that is not about a probe."""
        return any(not isinstance(command, (Probe, CancelProbe)) for command in self._all())

    def _all(self) -> deque[Command]:
        while not self._arrived.empty():
            self._waiting.append(self._arrived.get())
        return self._waiting

    def _read(self) -> None:
        """Put the commands of the pipe. The end of the pipe is a `Close`."""
        while True:
            try:
                command = self._pipe.recv()
            except (EOFError, OSError):
                command = Close()
            self.put(command)
            if isinstance(command, Close):
                return
