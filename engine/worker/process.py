"""Starts the engine's process. It imports little, so that it can do so before the screen is there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from socket import socket, socketpair
from typing import IO

FRAME_SECONDS = 0.1
"""What happens while a run goes on is told at most once in so many seconds."""


@dataclass(frozen=True)
class EngineProcess:
    """A process of `gradstep.engine.worker`, our end of its pipe, and what it writes to stderr."""

    process: subprocess.Popen[bytes]
    pipe: socket
    stderr: IO[bytes]

    def give_up(self) -> None:
        """End it before it has done anything. A client that has taken the pipe closes that and stderr."""
        self.process.kill()
        self.process.wait()
        if self.pipe.fileno() >= 0:
            self.pipe.close()
            self.stderr.close()


def start_process(frame_seconds: float = FRAME_SECONDS) -> EngineProcess:
    """A `subprocess` and a pipe of our own, since a `multiprocessing` spawn fails once Textual has taken the
    terminal. Its session is its own, so that a hang-up of the terminal reaches it as the pipe's end and it
    can save."""
    ours, theirs = socketpair()
    stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (the client's reader closes it)
    with theirs:
        process = subprocess.Popen(
            # -P: without it, -m looks for modules in the current folder first
            [sys.executable, "-P", "-m", "gradstep.engine.worker", str(theirs.fileno()), str(frame_seconds)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    return EngineProcess(process, ours, stderr)
