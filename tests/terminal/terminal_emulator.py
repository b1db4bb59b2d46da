"""A real pseudo-terminal with a program in it, its screen read by a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pyte


class Terminal:
    """Runs a command of this environment's `bin` in a terminal of so many columns and rows.

    With `answers` it tells where the cursor is when it is asked, as terminals do.
    """

    def __init__(
        self,
        arguments: list[str],
        environment: dict[str, str],
        columns: int = 80,
        rows: int = 24,
        *,
        answers: bool = True,
    ):
        self.screen = pyte.Screen(columns, rows)
        if answers:
            self.screen.write_process_input = self.press
        self.parser = pyte.ByteStream(self.screen)
        self.written = 0
        self.stream = b""
        """What was written, where `keep` is set."""
        self.keep = False
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            program = str(Path(sys.executable).parent / arguments[0])
            # where these are set, as in a worker of pytest-xdist, they hide the terminal's own size
            inherited = {
                name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")
            }
            os.execve(program, [program, *arguments[1:]], {**inherited, **environment})
        self.resize(columns, rows)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.exit_status(0) is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self.fd, key.encode())

    def read(self, seconds: float) -> bool:
        """Take what the program writes within so many seconds; whether there was anything."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.written += len(data)
        if self.keep:
            self.stream += data
        self.parser.feed(data)
        return bool(data)

    def wait_for(self, condition: Callable[[str], bool], seconds: float = 30.0) -> float:
        """Read until the screen's text meets a condition; how long that took. Fails with the screen."""
        started = time.monotonic()
        while not condition(self.text):
            if time.monotonic() - started > seconds:
                raise AssertionError(f"not within {seconds} s; the screen is:\n{self.text}")
            self.read(0.05)
        return time.monotonic() - started

    def settle(self) -> None:
        """Read until nothing has been written for half a second."""
        while self.read(0.5):
            pass

    def exit_status(self, seconds: float = 10.0) -> int | None:
        """The program's exit status, waited for; None while it runs."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                return 0
            if pid:
                while self.read(0.0):  # its last words
                    pass
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= deadline:
                return None
            self.read(0.05)


class SlowTerminal(Terminal):
    """A terminal at the other end of a link that takes so many bytes a second, and so long each way."""

    BYTES_A_SECOND = 7000
    """56 kbit/s."""
    DELAY = 0.2
    SLICE = 0.02

    def __init__(self, *arguments, **given):
        self._coming: deque[tuple[float, bytes]] = deque()
        self._going: deque[tuple[float, bytes]] = deque()
        self._taken_at = time.monotonic()
        super().__init__(*arguments, **given)

    @property
    def unanswered(self) -> bool:
        """Whether there is a question or an answer on the link."""
        return bool(self._going) or any(b"\x1b[6n" in data for _, data in self._coming)

    def press(self, *keys: str) -> None:
        for key in keys:
            self._going.append((time.monotonic() + self.DELAY, key.encode()))

    def read(self, seconds: float) -> bool:
        deadline, fed = time.monotonic() + seconds, False
        while not fed and time.monotonic() < deadline:
            self._carry()
            while self._coming and self._coming[0][0] <= time.monotonic():
                self.parser.feed(self._coming.popleft()[1])
                fed = True
            if not fed:
                time.sleep(self.SLICE)
        return fed

    def _carry(self) -> None:
        """Let the link take what it can of both directions."""
        now = time.monotonic()
        while self._going and self._going[0][0] <= now:
            os.write(self.fd, self._going.popleft()[1])
        room = int(min(now - self._taken_at, 5 * self.SLICE) * self.BYTES_A_SECOND)
        if room and select.select([self.fd], [], [], 0)[0]:
            try:
                data = os.read(self.fd, room)
            except OSError:
                data = b""
            self.written += len(data)
            self._coming.append((now + self.DELAY, data))
        if room:
            self._taken_at = now
