"""The commands of one run: each is carried out between steps, and the run steps towards its goal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.errors import UserError
from gradstep.engine.session.session import Session
from gradstep.engine.timeline.timeline import Tick
from gradstep.engine.worker.autosave import AutoSave
from gradstep.engine.worker.commands import (
    AddBreakpoint,
    Back,
    CancelProbe,
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
    SeekUnitDeath,
    Step,
    Switch,
    Watch,
)
from gradstep.engine.worker.events import (
    Event,
    Logged,
    Opened,
    ProbeFailed,
    SettingsChanged,
    StopKind,
    Stopped,
    Working,
)
from gradstep.engine.worker.goal import Goal, after_steps, planned_end, words_of
from gradstep.engine.worker.inbox import Inbox
from gradstep.engine.worker.prober import Prober
from gradstep.engine.worker.process import FRAME_SECONDS
from gradstep.engine.worker.teller import Teller, describe

IDLE_SECONDS = 0.2
"""The pause without a command after which steps back are prepared, while the user looks."""
IDLE_STEP_SECONDS = 0.05
"""The longest step for which that is done: a command has to wait for it."""
PATIENCE_SECONDS = 0.5
"""The time after which a command shows its progress."""

RunCommand = (
    Step
    | Run
    | RunUntil
    | ReverseUntil
    | AddBreakpoint
    | EditBreakpoint
    | Watch
    | RemoveBreakpoint
    | Pause
    | Back
    | Seek
    | SeekUnitDeath
    | Fork
    | Switch
    | RenameBranch
    | DeleteBranch
    | NameSession
    | Reset
    | ChangeSettings
    | Probe
    | CancelProbe
)
"""The commands to an open run."""


class Driver:
    """Drives one session: carries out commands, and steps towards the goal while none waits."""

    def __init__(
        self,
        session: Session,
        inbox: Inbox,
        send: Callable[[Event], None],
        prober: Prober,
        frame_seconds: float = FRAME_SECONDS,
    ) -> None:
        self.session = session
        self.goal: Goal | None = None
        self._inbox = inbox
        self._send = send
        self._prober = prober
        self._frame_seconds = frame_seconds
        self._teller = Teller(session, send)
        self._autosave = AutoSave(session, send, wanted=False)

    def open(self, *, save: bool) -> None:
        """Tell the front end of the run from its start; save it as it goes, if `save`."""
        session = self.session
        self.goal = None
        session.measurer.go_on = lambda: not self._inbox.holds(Pause, Open, Resume, Close)
        self._teller = Teller(session, self._send)
        self._autosave = AutoSave(session, self._send, wanted=save)
        session.claims()  # a long run's take a while: before the front end forgets the run before
        self._send(Opened(session.preset, describe(session), resumed=session.path is not None))
        self._teller.verdicts(self.goal)
        for notice in session.notices:
            self._send(Logged("warning", notice))
        if session.dataset.substitute:
            self._send(Logged("warning", session.dataset.description))
        self._autosave.tell()
        self._teller.breakpoints()
        self.tell()
        self._teller.landmarks()

    def tell(self) -> None:
        """Tell the front end what it does not know yet."""
        self._teller.advanced(self.goal)

    def next_command(self) -> Command:
        """Wait for the next command. While none comes, prepare steps back."""
        command = self._inbox.take(IDLE_SECONDS)
        while command is None:
            self.session.prepare_back(lambda: not self._inbox, IDLE_STEP_SECONDS)
            command = self._inbox.take()
        return command

    def recover(self) -> None:
        """After a fault in a step, restore the last recorded position and stop there."""
        self.goal = None
        self.session.recover()
        self.tell()

    def step(self) -> bool:
        """Step towards the goal until a command has to be carried out. Return False if there is no step."""
        goal = self.goal
        if goal is None or not goal.may_step(self._inbox):
            return False
        try:
            self._approach(goal)
        except UserError:  # a step that can't be done, or not be measured
            self.goal = None
            raise
        return True

    def _approach(self, goal: Goal) -> None:
        session, frame = self.session, time.monotonic() + self._frame_seconds
        for progress in session.run(goal.until, goal.condition, debug=True):
            stop = progress.stop
            # a step that reaches its goal may go on to that of the next command
            if stop is not None and (stop.kind != "end" or goal.may_step(self._inbox)):
                reason, kind = words_of(stop, goal, session)
                self._stopped(reason, kind)
                if kind == "breakpoint":
                    self._teller.breakpoints()
                return
            if time.monotonic() >= frame:
                self.tell()
                self._autosave.now_and_then()
                frame = time.monotonic() + self._frame_seconds
            if not goal.may_step(self._inbox):
                return

    def carry_out(self, command: RunCommand) -> None:
        """Carry out a command. Raises UserError if it can't be."""
        session = self.session
        match command:
            case Step():
                self.goal = after_steps(self.goal, session.position, command.count)
            case Run():
                until = planned_end(session) if command.until == "planned" else command.until
                self.goal = Goal(until, "limit")
            case RunUntil():
                condition = parse_condition(command.condition)
                session.look_for(condition)
                self.goal = Goal(None, "limit", condition)
            case Pause():
                self._stopped("paused", "paused")
            case Back() | Seek() | SeekUnitDeath() | ReverseUntil() | Switch() | Reset():
                self._move(command)
            case Fork():
                self._fork(command)
            case ChangeSettings():
                session.change(command.changes)
                self._teller.changed(command.changes, self.goal)
            case Watch():
                session.watch(command.names, command.measure)
                self._send(SettingsChanged(session.preset, session.position, {}))
                self.tell()
            case RenameBranch():
                session.timeline.branches.rename(command.branch, command.name)
                self.tell()
            case DeleteBranch():
                session.timeline.delete(command.branch)
                self.tell()
            case NameSession():
                session.rename(command.name)
                self._send(Logged("info", f"this session is now called {command.name!r}"))
            case AddBreakpoint():
                session.add_breakpoint(command.condition, command.name)
                self._teller.breakpoints()
            case EditBreakpoint():
                session.breakpoints.edit(command.number, enabled=command.enabled, ignore=command.ignore)
                self._teller.breakpoints()
            case RemoveBreakpoint():
                session.breakpoints.remove(command.number)
                self._teller.breakpoints()
            case Probe():
                self._probe(command)
            case CancelProbe():
                self._prober.cancel(command.name)
            case _:
                assert_never(command)

    def _move(self, command: Back | Seek | SeekUnitDeath | ReverseUntil | Switch | Reset) -> None:
        """Leave the way to the goal for another position or run."""
        session = self.session
        if self.goal is not None and self.goal.until is not None:
            left = f"left at step {session.position}, on the way to step {self.goal.until}"
            self._send(Logged("info", left))
        self.goal = None
        match command:
            case Back():
                session.back(command.count, self._tick())
                self._moved()
            case Seek():
                self._seek(command.position)
            case SeekUnitDeath(layer=layer, unit=unit):
                tick = self._tick("Looking for the update that killed the unit")
                session.seek_unit_death(layer, unit, tick)
                self._stopped(f"the next update kills unit {unit} of layer{layer + 1}", "moved")
            case ReverseUntil(condition=text):
                if session.reverse_until(text, self._tick()) is None:
                    raise UserError(f"`{text}` was never true before step {session.position:,}")
                self._stopped(f"{text} held at step {session.position}", "condition")
            case Switch():
                session.switch(command.branch, self._tick())
                self._teller.changed({}, self.goal)
                self._stopped(f"on branch {session.timeline.branch.name}", "moved")
            case Reset(seed=None):
                self._seek(0)
            case Reset():
                session.reset(command.seed)
                self.open(save=True)
            case _:
                assert_never(command)

    def _seek(self, position: int) -> None:
        """Go to a position; beyond the recorded future, step on to it."""
        tip = self.session.timeline.branch.tip
        self.session.seek(min(position, tip), self._tick())
        if position > tip:
            self.goal = Goal(position, "done")
        else:
            self._moved()

    def _fork(self, command: Fork) -> None:
        session, changes = self.session, command.changes
        here = session.timeline.branch
        if here.empty and here.fork == session.position and not changes and command.name is None:
            raise UserError(f"{here.name} begins here, and has no step yet")
        branch = session.fork(changes, command.name)
        self._teller.changed(changes, self.goal)
        if self.goal is None:
            self._stopped(f"{branch.name} begins here", "moved")

    def _probe(self, request: Probe) -> None:
        """Have a probe computed. A waiting command cancels the re-execution that this may take."""
        session, started = self.session, time.perf_counter()
        try:
            subject, options = session.prepare_probe(
                request.name, request.options, lambda *_: not self._inbox.holds_move()
            )
            copying = time.perf_counter() - started
            branch = session.timeline.branch.number
            self._prober.ask(replace(request, options=options), subject, branch, copying)
        except UserError as error:
            self._send(ProbeFailed(request.name, str(error), request.request))

    def _moved(self) -> None:
        self._stopped(f"at step {self.session.position}", "moved")

    def _stopped(self, reason: str, kind: StopKind) -> None:
        """Stand still, save, and tell the reason."""
        session = self.session
        self.goal = None
        session.look_for(None)
        self.tell()
        self._send(Stopped(session.position, reason, kind))
        self._teller.landmarks()
        self._autosave.now()
        if not self._inbox and kind != "done":
            self._send(Logged("info", f"state {session.state_hash()}"))

    def _tick(self, what: str = "Re-executing from the nearest saved state") -> Tick:
        """Return a tick that tells of a long way, and cancels it when a `Pause` has come."""
        started = told = time.monotonic()

        def tick(done: int, total: int) -> bool:
            nonlocal told
            now = time.monotonic()
            if now - started > PATIENCE_SECONDS and now - told > self._frame_seconds:
                told = now
                self._send(Working(what, done, total))
            return not self._inbox.holds(Pause, Close)

        return tick
