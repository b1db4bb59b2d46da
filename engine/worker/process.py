"""The start of the engine's process. Imports little, so that it starts before the screen is drawn."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from socket import socket, socketpair
from typing import IO

FRAME_SECONDS = 0.1
"""Seconds between two reports of a running run."""


@dataclass(frozen=True)
class EngineProcess:
    """A process of `gradstep.engine.worker`, our end of its pipe, and its stderr."""

    process: subprocess.Popen[bytes]
    pipe: socket
    stderr: IO[bytes]

    def give_up(self) -> None:
        """Kill an unused process. A client that has taken the pipe closes it and stderr."""
        self.process.kill()
        self.process.wait()
        if self.pipe.fileno() >= 0:
            self.pipe.close()
            self.stderr.close()


def start_process(frame_seconds: float = FRAME_SECONDS) -> EngineProcess:
    """Start the engine's process in a POSIX session of its own.

    A closed terminal sends it no SIGHUP: it reads the end of its pipe, and saves. A `multiprocessing` spawn
    would fail once Textual has taken the terminal.
    """
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
