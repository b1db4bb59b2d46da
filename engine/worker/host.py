"""The engine's process: carries out commands between steps, and tells what happened at most once a frame.

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
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any, Literal, assert_never

import torch

from gradstep.engine import faults
from gradstep.engine.conditions.evidence import evidence
from gradstep.engine.conditions.expression import Condition, parse_condition
from gradstep.engine.errors import UserError
from gradstep.engine.session.session import Session
from gradstep.engine.session.stepping import Stop
from gradstep.engine.timeline.timeline import Tick
from gradstep.engine.worker.autosave import AutoSave
from gradstep.engine.worker.commands import (
    AddBreakpoint,
    Back,
    CancelProbe,
    CancelSweep,
    ChangeSettings,
    Close,
    Command,
    DeleteBranch,
    EditBreakpoint,
    Fork,
    NameSession,
    Open,
    Pause,
    Probe,
    RemoveBreakpoint,
    RenameBranch,
    Reset,
    Resume,
    ReverseUntil,
    Run,
    RunUntil,
    Seek,
    SeekKiller,
    StartSweep,
    Step,
    Switch,
    Watch,
)
from gradstep.engine.worker.events import (
    Advanced,
    BranchInfo,
    BranchList,
    BreakpointList,
    Event,
    Landmarks,
    LayerInfo,
    Logged,
    MeasuredValues,
    Opened,
    ProbeFailed,
    Ready,
    Refused,
    RunInfo,
    SettingsChanged,
    StopKind,
    Stopped,
    Verdicts,
    Working,
)
from gradstep.engine.worker.prober import Prober
from gradstep.engine.worker.process import FRAME_SECONDS
from gradstep.engine.worker.sweeper import Sweeper

IDLE_SECONDS = 0.2
"""After so long without a command, what steps back need is made ready while the user looks …"""
IDLE_STEP_SECONDS = 0.05
"""… unless a step, for which a command must wait, takes longer."""
PATIENCE_SECONDS = 0.5
"""What takes longer shows how far it is."""
VERDICT_SECONDS = 0.4
"""Seconds between two `Verdicts` in which only numbers of steps grow: at least twice a second is wanted."""


class Inbox:
    """The commands that have come, read by a thread of its own so that a look between steps costs nothing."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._waiting: deque[Command] = deque()
        # its `put` may interrupt its `get`, as on a signal
        self._commands: SimpleQueue[Command] = SimpleQueue()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self, timeout: float | None = None) -> Command | None:
        """The next command, waited for; None where none comes for so many seconds. The end of the pipe is a
        `Close`."""
        try:
            command = self._commands.get(timeout=timeout)
        except Empty:
            return None
        self._waiting.popleft()
        return command

    def put(self, command: Command) -> None:
        """Add a command, of the pipe's or of the process's own, such as on a signal."""
        self._waiting.append(command)
        self._commands.put(command)

    @property
    def first(self) -> Command | None:
        """The command that waits longest."""
        waiting = tuple(self._waiting)
        return waiting[0] if waiting else None

    def holds(self, *kinds: type[Command]) -> bool:
        """Whether a command of these kinds waits."""
        return any(isinstance(command, kinds) for command in tuple(self._waiting))

    def holds_move(self) -> bool:
        """Whether a command waits that is about more than a probe."""
        return any(not isinstance(command, (Probe, CancelProbe)) for command in tuple(self._waiting))

    def _read(self) -> None:
        while True:
            try:
                command = self._pipe.recv()
            except (EOFError, OSError):
                command = Close()
            self.put(command)
            if isinstance(command, Close):
                return


@dataclass(frozen=True)
class Goal:
    """What the engine is stepping towards: a position, or a pause where `until` is None."""

    until: int | None
    kind: Literal["done", "limit"]
    condition: Condition | None = None
    owed: bool = False
    """Single steps: they are done before what was asked for after them."""


class Host:
    """Carries out commands on one session, and steps towards its goal while there are none."""

    def __init__(self, pipe: Connection, frame_seconds: float = FRAME_SECONDS) -> None:
        self._pipe = pipe
        self._frame_seconds = frame_seconds
        self._inbox = Inbox(pipe)
        self._session: Session | None = None
        self._goal: Goal | None = None
        self._sent: dict[int, int] = {}
        self._told_measured: dict[int, int] = {}
        self._told_revision = -1
        self._told_branch = -1
        self._told_mismatch = False
        self._told_verdicts: Verdicts | None = None
        self._verdicts_due = 0.0
        self._autosave: AutoSave | None = None
        self._sending = threading.Lock()
        self._prober = Prober(self._send)
        self._sweeper = Sweeper(self._send)

    def serve(self) -> None:
        """Go on until told to close, or until nobody is there to tell; then save."""
        signal.signal(signal.SIGTERM, lambda *_: self._inbox.put(Close()))
        try:
            self._send(Ready(str(torch.__version__)))  # its own type would import torch there
            while True:
                try:
                    if self._session is not None and self._goal is not None and self._may_step(self._goal):
                        self._go_on(self._session, self._goal)
                    elif isinstance(command := self._next(), Close):
                        return
                    else:
                        self._carry_out(command)
                except UserError as error:
                    self._send(Refused(str(error)))
                    if self._session is not None and self._goal is None:
                        self._advanced(self._session)
                except ConnectionError:
                    return
                except Exception as error:
                    self._goal = None
                    self._send(Refused(faults.told(error)))
                    if self._session is not None:
                        self._session.recover()
                        self._advanced(self._session)
        except ConnectionError:
            pass
        finally:
            self._sweeper.close()
            self._end_session()

    def _next(self) -> Command:
        """The next command; while none comes, the engine gets ready for steps back."""
        command = self._inbox.take(IDLE_SECONDS)
        while command is None:
            if self._session is not None:
                self._session.prepare_back(lambda: not self._inbox, IDLE_STEP_SECONDS)
            command = self._inbox.take()
        return command

    def _carry_out(self, command: Command) -> None:
        if isinstance(command, Open):
            self._begin(lambda say: Session(command.preset, command.data_dir, say), save=command.save)
            return
        if isinstance(command, Resume):
            self._begin(lambda say: Session.open(command.path, command.data_dir, say), save=False)
            return
        if isinstance(command, StartSweep):
            self._sweeper.start(command.plan, command.data_dir)
            return
        if isinstance(command, CancelSweep):
            self._sweeper.cancel()
            return
        session = self._session
        if session is None:
            raise UserError("there is no run yet: open a preset first")
        leaves = isinstance(command, Back | ReverseUntil | Seek | SeekKiller | Switch | Reset)
        if leaves and self._goal is not None and self._goal.until is not None:
            left = f"left at step {session.position}, on the way to step {self._goal.until}"
            self._send(Logged("info", left))
        match command:
            case Step(count=count):
                before = self._goal if self._goal is not None and self._goal.kind == "done" else None
                start = session.position if before is None or before.until is None else before.until
                self._goal = Goal(start + count, "done", owed=count == 1 and (before is None or before.owed))
            case Run(until=until):
                self._goal = Goal(_planned_end(session) if until == "planned" else until, "limit")
            case RunUntil(condition=text):
                condition = parse_condition(text)
                session.look_for(condition)
                self._goal = Goal(None, "limit", condition)
            case ReverseUntil(condition=text):
                self._goal = None
                if session.reverse_until(text, self._tick()) is None:
                    raise UserError(f"`{text}` was never true before step {session.position:,}")
                self._stopped(session, f"{text} held at step {session.position}", "condition")
            case AddBreakpoint(condition=text, name=name):
                session.add_breakpoint(text, name)
                self._breakpoints(session)
            case EditBreakpoint(number=number, enabled=enabled, ignore=ignore):
                session.breakpoints.edit(number, enabled=enabled, ignore=ignore)
                self._breakpoints(session)
            case Watch(names=names, measure=measure):
                session.watch(names, measure)
                self._send(SettingsChanged(session.preset, session.position, {}))
                self._advanced(session)
            case RemoveBreakpoint(number=number):
                session.breakpoints.remove(number)
                self._breakpoints(session)
            case Pause():
                self._stopped(session, "paused", "paused")
            case Back(count=count):
                self._goal = None
                session.back(count, self._tick())
                self._moved(session)
            case Seek(position=position):
                self._travel(session, position)
            case SeekKiller(layer=layer, unit=unit):
                self._goal = None
                session.seek_killer(layer, unit, self._tick("Looking for the update that killed the unit"))
                self._stopped(session, f"the next update kills unit {unit} of layer{layer + 1}", "moved")
            case Fork(changes=changes, name=name):
                here = session.timeline.branch
                if here.empty and here.fork == session.position and not changes and name is None:
                    raise UserError(f"{here.name} begins here, and has no step yet")
                branch = session.fork(changes, name)
                self._changed(session, changes)
                if self._goal is None:
                    self._stopped(session, f"{branch.name} begins here", "moved")
            case Switch(branch=number):
                self._goal = None
                session.switch(number, self._tick())
                self._changed(session, {})
                self._stopped(session, f"on branch {session.timeline.branch.name}", "moved")
            case RenameBranch(branch=number, name=name):
                session.timeline.branches.rename(number, name)
                self._advanced(session)
            case DeleteBranch(branch=number):
                session.timeline.delete(number)
                self._advanced(session)
            case NameSession(name=name):
                session.rename(name)
                self._send(Logged("info", f"this session is now called {name!r}"))
            case Reset(seed=None):
                self._travel(session, 0)
            case Reset(seed=seed):
                session.reset(seed)
                self._opened(session, save=True)
            case ChangeSettings(changes=changes):
                session.change(changes)
                self._changed(session, changes)
            case Probe():
                self._probe(session, command)
            case CancelProbe(name=name):
                self._prober.cancel(name)
            case Close():
                pass
            case _:
                assert_never(command)

    def _begin(self, make: Callable[[Callable[[str], None]], Session], *, save: bool) -> None:
        """End the run there is and begin another; where that fails, the one there is goes on."""
        self._send(Working("Reading the data"))
        session = make(lambda text: self._send(Working(text)))
        self._end_session()
        self._session = session
        self._opened(session, save=save)

    def _opened(self, session: Session, *, save: bool) -> None:
        self._goal = None
        session.measurer.go_on = lambda: not self._inbox.holds(Pause, Open, Resume, Close)
        self._sent = {}
        self._told_measured = {}
        self._told_revision = -1
        self._told_mismatch = False
        self._told_verdicts = None
        self._autosave = AutoSave(session, self._send, wanted=save)
        session.claims()  # a long run's take a while: before the front end forgets the run before
        self._send(Opened(session.preset, describe(session), resumed=session.path is not None))
        self._tell_verdicts(session)
        for notice in session.notices:
            self._send(Logged("warning", notice))
        if session.dataset.substitute:
            self._send(Logged("warning", session.dataset.description))
        self._autosave.tell()
        self._breakpoints(session)
        self._advanced(session)
        self._landmarks(session)

    def _end_session(self) -> None:
        session, self._session = self._session, None
        self._prober.cancel_all()
        if session is not None:
            try:
                session.close()
            except UserError as error:
                with contextlib.suppress(OSError):
                    self._send(Logged("warning", f"not all of the run could be saved: {error}"))

    def _may_step(self, goal: Goal) -> bool:
        """Whether the next step comes before the commands that wait. Single steps are told of once."""
        if not goal.owed:
            return not self._inbox
        return not (isinstance(self._inbox.first, Step) or self._inbox.holds(Pause, Open, Resume, Close))

    def _approach(self, session: Session, goal: Goal) -> None:
        """Step until the goal, a command, or a loss that is not finite."""
        frame = time.monotonic() + self._frame_seconds
        for progress in session.run(goal.until, goal.condition, debug=True):
            stop = progress.stop
            if stop is not None and stop.kind != "end":
                self._arrived(session, goal, stop)
                return
            if time.monotonic() >= frame:
                self._advanced(session)
                if self._autosave is not None:
                    self._autosave.now_and_then()
                frame = time.monotonic() + self._frame_seconds
            if not self._may_step(goal):
                return
            if stop is not None:
                self._stopped(session, stop.reason, goal.kind)

    def _go_on(self, session: Session, goal: Goal) -> None:
        """Approach the goal; a step that can't be done, or not be measured, ends it."""
        try:
            self._approach(session, goal)
        except UserError:
            self._goal = None
            raise

    def _arrived(self, session: Session, goal: Goal, stop: Stop) -> None:
        """Tell of a stop before the goal."""
        if stop.kind == "condition" and goal.condition is not None:
            read = evidence(goal.condition, session.history, session.position)
            self._stopped(session, f"{stop.reason}{_behind(read)}", "condition")
        elif stop.kind == "breakpoint" and session.hit is not None:
            self._stopped(session, f"{stop.reason}{_behind(session.hit.evidence)}", "breakpoint")
            self._breakpoints(session)
        else:
            self._stopped(session, stop.reason, "diverged")

    def _probe(self, session: Session, request: Probe) -> None:
        """Have a probe computed; where that takes re-executing, another command is not kept waiting."""
        options, started = dict(request.options), time.perf_counter()
        try:
            subject = session.subject(request.name, options, lambda *_: not self._inbox.holds_move())
            copying = time.perf_counter() - started
            branch = session.timeline.branch.number
            self._prober.ask(replace(request, options=options), subject, branch, copying)
        except UserError as error:
            self._send(ProbeFailed(request.name, str(error), request.request))

    def _breakpoints(self, session: Session) -> None:
        self._send(BreakpointList(tuple(session.breakpoints)))

    def _travel(self, session: Session, position: int) -> None:
        """Go to a position; beyond what is recorded, step on to it."""
        self._goal = None
        tip = session.timeline.branch.tip
        if position > tip:
            session.seek(tip, self._tick())
            self._goal = Goal(position, "done")
        else:
            session.seek(position, self._tick())
            self._moved(session)

    def _moved(self, session: Session) -> None:
        self._stopped(session, f"at step {session.position}", "moved")

    def _tick(self, what: str = "Re-executing from the nearest saved state") -> Tick:
        """Tells of a way that takes long, and ends it when a `Pause` has come."""
        started = told = time.monotonic()

        def tick(done: int, total: int) -> bool:
            nonlocal told
            now = time.monotonic()
            if now - started > PATIENCE_SECONDS and now - told > self._frame_seconds:
                told = now
                self._send(Working(what, done, total))
            return not self._inbox.holds(Pause, Close)

        return tick

    def _changed(self, session: Session, changes: dict[str, Any]) -> None:
        branch = session.timeline.branch.number
        self._tell_verdicts(session)
        self._sent[branch] = min(self._sent.get(branch, 0), session.position)
        self._tell_branches(session)
        self._send(SettingsChanged(session.preset, session.position, changes))
        self._advanced(session)

    def _advanced(self, session: Session) -> None:
        """Send what the front end does not have yet, of every branch."""
        self._tell_verdicts(session)
        self._tell_branches(session)
        timeline = session.timeline
        for branch in timeline.branches.values():
            measured = branch.history.measured
            if len(measured) > (told := self._told_measured.get(branch.number, 0)):
                self._send(MeasuredValues(branch.number, tuple(measured.since(told))))
                self._told_measured[branch.number] = len(measured)
            first = max(branch.fork, self._sent.get(branch.number, 0))
            rows = branch.history.rows(first)
            if len(rows) or branch is timeline.branch:
                goal = self._goal
                until = goal.condition.text if goal is not None and goal.condition is not None else ""
                running = goal is not None
                self._send(Advanced(first, rows, session.position, running, branch.number, until))
            self._sent[branch.number] = len(branch.history)
        if timeline.mismatch is not None and not self._told_mismatch:
            self._told_mismatch = True
            self._send(Logged("warning", f"step {timeline.mismatch} came out otherwise than it is recorded"))

    def _tell_branches(self, session: Session) -> None:
        timeline = session.timeline
        told = (timeline.branches.revision, timeline.branch.number)
        if told == (self._told_revision, self._told_branch):
            return
        self._told_revision, self._told_branch = told
        branches = tuple(
            BranchInfo(branch.number, branch.name, branch.parent, branch.fork, tuple(branch.changes))
            for branch in timeline.branches.values()
        )
        self._send(BranchList(branches, timeline.branch.number))

    def _tell_verdicts(self, session: Session) -> None:
        """Send the verdicts that changed, before the records and the branch that they are of.

        A verdict that turns is told at once. Growing numbers of steps wait for their time while the run goes.
        """
        now, before = Verdicts(tuple(session.claims()), session.timeline.branch.number), self._told_verdicts
        if now == before:
            return
        clock = time.monotonic()
        if self._goal is not None and not _turned(before, now) and clock < self._verdicts_due:
            return
        self._told_verdicts, self._verdicts_due = now, clock + VERDICT_SECONDS
        self._send(now)

    def _landmarks(self, session: Session) -> None:
        """Tell where states are saved, which costs more than a frame should."""
        self._send(Landmarks(tuple(session.timeline.keyframe_positions())))

    def _stopped(self, session: Session, reason: str, kind: StopKind) -> None:
        self._goal = None
        session.look_for(None)
        self._advanced(session)
        self._send(Stopped(session.position, reason, kind))
        self._landmarks(session)
        if self._autosave is not None:
            self._autosave.now()
        if self._inbox:
            return
        if kind != "done":
            self._send(Logged("info", f"state {session.state_hash()}"))

    def _send(self, event: Event) -> None:
        with self._sending:
            self._pipe.send(event)


def _turned(before: Verdicts | None, now: Verdicts) -> bool:
    """Whether more than numbers of steps differ."""
    if before is None or before.branch != now.branch:
        return True
    pairs = zip(before.verdicts, now.verdicts, strict=True)
    return any((old.standing, old.position) != (new.standing, new.position) for old, new in pairs)


def _planned_end(session: Session) -> int | None:
    """Where the preset says that the run is over; None where the run is there, or beyond."""
    end = session.planned_steps
    return end if end is not None and session.position < end else None


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
        validate_every=session.timeline.recorder.next_validation(0),
        layers=layers,
        device=preset.train.device,
        threads=int(preset.train.threads),
    )


def _behind(evidence: str) -> str:
    """What a condition read, to stand behind it."""
    return f"  ({evidence})" if evidence else ""


def main() -> None:
    # the terminal's Ctrl+C is the front end's to answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what was imported stays
    gc.enable()
    failed: list[str] = []

    def thread_failed(fault: threading.ExceptHookArgs) -> None:
        """End the engine after a fault in a thread: nobody does any more what the thread did."""
        if isinstance(fault.exc_value, Exception):
            failed.append(faults.told(fault.exc_value))
            os.kill(os.getpid(), signal.SIGTERM)

    threading.excepthook = thread_failed
    with Connection(int(sys.argv[1])) as pipe:
        Host(pipe, float(sys.argv[2])).serve()
    print(*failed, sep="\n", end="", file=sys.stderr, flush=True)
    # all is saved; the interpreter's own end takes a second with torch in it
    os._exit(faults.STATUS if failed else 0)
