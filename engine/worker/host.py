"""The engine's process: carries out commands between steps, and tells what happened at most once a frame.

Run as `python -m engine.worker.host FD`, FD being its end of a socket pair.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal, assert_never

import torch

from engine.errors import UserError
from engine.session import Session
from engine.worker.messages import (
    Advanced,
    Change,
    Changed,
    Close,
    Command,
    Event,
    LayerInfo,
    Logged,
    Open,
    Opened,
    Pause,
    Ready,
    Refused,
    Reset,
    Run,
    RunInfo,
    Step,
    StopKind,
    Stopped,
    Working,
)

FRAME_SECONDS = 0.1


class Inbox:
    """The commands that have come, read by a thread of its own so that a look between steps costs nothing."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._commands: deque[Command] = deque()
        self._arrived = threading.Semaphore(0)
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def __bool__(self) -> bool:
        return bool(self._commands)

    def take(self) -> Command:
        """The next command, waited for. The end of the pipe is a `Close`."""
        self._arrived.acquire()
        return self._commands.popleft()

    def _read(self) -> None:
        while True:
            try:
                command = self._pipe.recv()
            except (EOFError, OSError):
                command = Close()
            self._commands.append(command)
            self._arrived.release()
            if isinstance(command, Close):
                return


@dataclass(frozen=True)
class Goal:
    """What the engine is stepping towards: a position, or a pause where `until` is None."""

    until: int | None
    kind: Literal["done", "limit"]


class Host:
    """Carries out commands on one session, and steps towards its goal while there are none."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._inbox = Inbox(pipe)
        self._session: Session | None = None
        self._goal: Goal | None = None
        self._sent = 0

    def serve(self) -> None:
        """Go on until told to close, or until nobody is there to tell."""
        self._send(Ready(torch.__version__))
        while True:
            try:
                if self._session is not None and self._goal is not None and not self._inbox:
                    self._approach(self._session, self._goal)
                elif isinstance(command := self._inbox.take(), Close):
                    return
                else:
                    self._carry_out(command)
            except BrokenPipeError:
                return
            except UserError as error:
                self._send(Refused(str(error)))
            except Exception as error:
                self._goal = None
                traceback.print_exc()
                self._send(Logged("error", traceback.format_exc()))
                self._send(Refused(_failure(error)))

    def _carry_out(self, command: Command) -> None:
        if isinstance(command, Open):
            self._open(command)
            return
        session = self._session
        if session is None:
            raise UserError("there is no run yet: open a preset first")
        match command:
            case Step(count=count):
                going = self._goal is not None and self._goal.kind == "done" and self._goal.until
                self._goal = Goal((going or session.position) + count, "done")
            case Run(until=until):
                self._goal = Goal(until, "limit")
            case Pause():
                self._stopped(session, "paused", "paused")
            case Reset(seed=seed):
                session.reset(seed)
                self._opened(session)
            case Change(changes=changes):
                preset = session.change(changes)
                self._sent = min(self._sent, session.position)
                self._send(Changed(preset, session.position, changes))
                self._advanced(session)
            case Close():
                pass
            case _:
                assert_never(command)

    def _open(self, command: Open) -> None:
        self._goal = None
        self._send(Working("Reading the data"))
        self._session = Session(command.preset, command.data_dir, lambda text: self._send(Working(text)))
        self._opened(self._session)

    def _opened(self, session: Session) -> None:
        self._goal = None
        self._sent = 0
        self._send(Opened(session.preset, describe(session)))
        if session.dataset.substitute:
            self._send(Logged("warning", session.dataset.description))
        self._advanced(session)

    def _approach(self, session: Session, goal: Goal) -> None:
        """Step until the goal, a command, or a loss that is not finite."""
        frame = time.monotonic() + FRAME_SECONDS
        while not self._inbox:
            if goal.until is not None and session.position >= goal.until:
                self._stopped(session, f"reached step {session.position}", goal.kind)
                return
            session.advance()
            if session.diverged:
                self._stopped(session, session.diverged, "diverged")
                return
            if time.monotonic() >= frame:
                self._advanced(session)
                frame = time.monotonic() + FRAME_SECONDS

    def _advanced(self, session: Session) -> None:
        rows = session.history.rows(self._sent)
        self._send(Advanced(self._sent, rows, session.position, self._goal is not None))
        self._sent = len(session.history)

    def _stopped(self, session: Session, reason: str, kind: StopKind) -> None:
        self._goal = None
        self._advanced(session)
        self._send(Stopped(session.position, reason, kind))

    def _send(self, event: Event) -> None:
        self._pipe.send(event)


def describe(session: Session) -> RunInfo:
    """What a front end shows of a run beside its config."""
    preset = session.preset
    bias = preset.network.bias
    layers = tuple(
        LayerInfo(f"layer{number}", shape, shape[0] * (shape[1] + bias), layer.activation)
        for number, (shape, layer) in enumerate(
            zip(preset.network.shapes(preset.data.width), preset.network.layers, strict=True), 1
        )
    )
    return RunInfo(
        data=session.dataset.description,
        substitute=session.dataset.substitute,
        samples=session.trainer.batches.samples,
        batches=session.trainer.batches.count,
        layers=layers,
        device=preset.train.device,
        threads=int(preset.train.threads),
    )


def _failure(error: Exception) -> str:
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return "this needs more memory than there is"
    return f"the engine failed: {type(error).__name__}: {error}"


def main() -> None:
    # the terminal's Ctrl+C is the front end's to answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(int(sys.argv[1])) as pipe:
        Host(pipe).serve()


if __name__ == "__main__":
    main()
