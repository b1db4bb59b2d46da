"""What the explorer knows of the run, kept up to date by the engine's events."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any, Literal

import numpy as np

from gradstep.engine.conditions.breakpoints import Breakpoint
from gradstep.engine.conditions.claims import Verdict
from gradstep.engine.config.preset import Preset
from gradstep.engine.records.history import History
from gradstep.engine.records.record import Record
from gradstep.engine.worker.events import (
    Advanced,
    BranchInfo,
    BranchList,
    BreakpointList,
    Died,
    Event,
    Landmarks,
    Logged,
    MeasuredValues,
    Opened,
    Probed,
    ProbeFailed,
    Probing,
    Ready,
    Refused,
    RunInfo,
    Saved,
    SettingsChanged,
    Stopped,
    Verdicts,
    Working,
)
from gradstep.tui import text
from gradstep.tui.state.edits import Edits
from gradstep.tui.state.probes import Place, Probes
from gradstep.tui.state.verdicts import Judged, in_full

MAX_BURST = 1_000_000
LOG_LINES = 500
COMPUTING = "computing"
SPEED_SECONDS = 2.0
"""The steps a second are those of the last so many seconds of the run."""

Level = Literal["info", "warning", "error"]


class Topic(Flag):
    """What of the state has changed, so that only the panes that show it are drawn again."""

    RECORDS = auto()
    RUN = auto()
    STATUS = auto()
    EDITS = auto()
    LOG = auto()
    CLAIMS = auto()
    BREAKPOINTS = auto()
    PROBES = auto()


NOTHING = Topic(0)
EVERYTHING = ~NOTHING


@dataclass(frozen=True)
class Mark:
    """Where something happened: a setting changed, the run stopped by itself, or a branch began."""

    position: int
    kind: Literal["change", "stop", "fork"]
    text: str


@dataclass(frozen=True)
class LogLine:
    position: int
    level: Level
    text: str


class RunState:
    """The replica of the engine's run that the panes draw from."""

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self.info: RunInfo | None = None
        self.histories = {0: History(batches=1)}
        self.branches: dict[int, BranchInfo] = {}
        self.branch = 0
        self.revision = 0
        """Goes up when records that were there are replaced by others, and with those of another branch: what
        is drawn of them is drawn anew."""
        self.position = 0
        self.running = False
        self.stopped: Stopped | None = None
        self.died: Died | None = None
        self.working = "starting the engine"
        self.refusal = ""
        self.offered: tuple[str, str] = ("", "")
        """What can be had instead of beginning anew, in full and in brief."""
        self.until = ""
        """The condition that the run goes on to."""
        self.watched = tuple(preset.watch)
        """What the charts show."""
        self.burst = 100
        self.log: list[LogLine] = []
        self.edits = Edits(preset)
        self._opening: Preset | None = None
        self._ran_from = 0
        self._stamp = 0
        self._stops: dict[int, list[Mark]] = {}
        self._forget()

    def _forget(self) -> None:
        """Forget what was told of the run before."""
        self.saved_at: tuple[int, ...] = ()
        """Where states are saved, so that going there is instant."""
        self.judged = Judged()
        self.breakpoints: tuple[Breakpoint, ...] = ()
        self.session: Saved = Saved(None)
        self.probes = Probes()

    @property
    def place(self) -> Place:
        """The state that a probe would look at."""
        return Place(self.position, self.branch, self._stamp)

    @property
    def at_rest(self) -> bool:
        """Whether the run stands still, so that probes of its state are worth while."""
        return self.info is not None and self.died is None and not self.running and not self.working

    @property
    def history(self) -> History:
        """The records of the branch that the run is on."""
        return self.histories[self.branch]

    @property
    def marks(self) -> list[Mark]:
        """Where something happened on the branch that the run is on, and on those that it came from."""
        marks: list[Mark] = []
        for number, end in self._lineage(self.branch):
            branch = self.branches.get(number)
            changes = branch.changes if branch is not None else ()
            found = [Mark(position, "change", said(values)) for position, values in changes]
            found += [
                Mark(child.fork, "fork", f"{text.plain(child.name)} begins")
                for child in self.branches.values()
                if child.parent == number
            ]
            marks += [mark for mark in found + self._stops.get(number, []) if mark.position <= end]
        return sorted(marks, key=lambda mark: mark.position)

    def parted(self, number: int) -> int:
        """The last position that the run's branch and another have in common."""
        ends: dict[int, int] = {}
        for branch, end in self._lineage(self.branch):
            ends[branch] = end
        for branch, end in self._lineage(number):
            if branch in ends:
                return min(end, ends[branch])
        return 0

    def _lineage(self, number: int | None) -> Iterator[tuple[int, int]]:
        """A branch, its parent and so on, each with the last position of it that belongs to the line."""
        end = len(self.histories[number or 0]) - 1
        while number is not None:
            yield number, end
            branch = self.branches.get(number)
            number, end = (branch.parent, branch.fork) if branch is not None else (None, 0)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts on the preset's claims, of all records of the branch that the run is on."""
        return self.judged.of(self.branch)

    @property
    def record(self) -> Record | None:
        """The record of the position where the run stands."""
        return self.history.record(self.position) if self.position < len(self.history) else None

    @property
    def loss_change(self) -> float | None:
        """How the loss has changed since the position before."""
        if not 0 < self.position < len(self.history):
            return None
        before, now = self.history.column("loss", self.position - 1, self.position + 1)
        with np.errstate(invalid="ignore"):
            return float(now - before)

    @property
    def planned(self) -> int | None:
        """The position where the run ends when nothing else is said."""
        if self.preset.run.steps is not None:
            return self.preset.run.steps
        if self.preset.run.epochs is not None and self.info is not None:
            return self.preset.run.epochs * self.info.batches
        return None

    @property
    def run_target(self) -> int | None:
        """Where a run that is started now shall end; None beyond the planned length."""
        return self.planned if self.planned is not None and self.position < self.planned else None

    @property
    def past_plan(self) -> int:
        """How many steps the run is beyond its planned end."""
        return max(self.position - self.planned, 0) if self.planned is not None else 0

    @property
    def speed(self) -> float | None:
        """Steps a second while running, by the clock of the records."""
        if not self.running or self.position >= len(self.history):
            return None
        seconds = self.history.column("seconds", self._ran_from, self.position + 1)
        first = int(np.searchsorted(seconds, seconds[-1] - SPEED_SECONDS)) if len(seconds) else 0
        steps = len(seconds) - 1 - first
        return (
            steps / float(seconds[-1] - seconds[first])
            if steps > 0 and seconds[-1] > seconds[first]
            else None
        )

    def opening(self, preset: Preset) -> Topic:
        """The engine was asked to open this preset; what is shown stays until it has."""
        self._opening = preset
        self.refusal, self.offered = "", ("", "")
        if self.died is None and self.info is not None:
            self.working = f"opening {text.plain(preset.name)}"
        return Topic.STATUS

    def resuming(self, name: str) -> Topic:
        """The engine was asked to go on with a saved session."""
        self.refusal, self.offered = "", ("", "")
        self.working = f"resuming {text.plain(name)}"
        return Topic.STATUS

    def offer(self, what: str, brief: str) -> Topic:
        """Something can be had instead of beginning anew."""
        self.offered = text.plain(what), text.plain(brief)
        return Topic.STATUS | self.note("info", what)

    def refuse(self, why: str) -> Topic:
        """What was asked for can't be had now."""
        self.refusal = why
        return Topic.STATUS

    def asking(self) -> Topic:
        """A command is on its way: the refusal of an earlier one is no longer of interest, nor old news."""
        if not self.refusal and not self.judged.turned:
            return NOTHING
        self.refusal, self.judged.turned = "", ()
        return Topic.STATUS

    @property
    def busy(self) -> bool:
        """Whether steps are being done, so that a pause has a meaning."""
        return self.running or self.working == COMPUTING

    def unanswered(self) -> Topic:
        """The engine has not answered for a while: a step takes long."""
        if self.working or self.running or self.died is not None:
            return NOTHING
        self.working = COMPUTING
        return Topic.STATUS

    def restarting(self) -> Topic:
        """A fresh engine is on its way."""
        self.died = None
        self.working = "starting the engine"
        return Topic.STATUS

    def scale_burst(self, factor: int) -> Topic:
        """Make the burst ten times longer or shorter, within bounds."""
        burst = self.burst * factor if factor > 0 else self.burst // -factor
        self.burst = min(max(burst, 1), MAX_BURST)
        return Topic.STATUS

    def note(self, level: Level, message: str, position: int | None = None) -> Topic:
        """Add a line to the log, of this position unless another is given."""
        at = self.position if position is None else position
        self.log.append(LogLine(at, level, text.plain(message)))
        del self.log[:-LOG_LINES]
        return Topic.LOG

    def take(self, event: Event) -> Topic:
        """Apply an event; returns what has changed by it."""
        match event:
            case Ready(torch):
                opening = self._opening or self.preset
                self.working = f"opening {text.plain(opening.name)}"
                return Topic.STATUS | self.note("info", f"engine ready, torch {torch}")
            case Working():
                share = f" {event.done / event.total:.0%}" if event.total else ""
                self.working = text.plain(event.text) + share
                return Topic.STATUS
            case Opened(preset, info):
                return self._opened(preset, info)
            case BranchList():
                return self._branched(event)
            case Saved(problem=problem):
                self.session = event
                return Topic.STATUS | (self.note("warning", problem) if problem else NOTHING)
            case Landmarks(keyframes):
                self.saved_at = keyframes
                return Topic.RECORDS
            case Verdicts():
                return self._judged(event)
            case BreakpointList(breakpoints):
                self.breakpoints = breakpoints
                return Topic.BREAKPOINTS
            case Probed() | Probing() | ProbeFailed():
                self.probes.take(event)
                return Topic.PROBES
            case MeasuredValues():
                return self._measured(event)
            case Advanced():
                return self._advanced(event)
            case Stopped():
                return self._stopped(event)
            case SettingsChanged():
                return self._changed(event)
            case Refused(message):
                self.running = False
                self.working = ""
                self.refusal = text.plain(message)
                self._opening = None
                self.edits.refused()
                return Topic.STATUS | Topic.EDITS | self.note("error", message)
            case Logged(level, message):
                return self.note(level, message)
            case Died():
                self.died = event
                self.running = False
                self.working = ""
                self.edits.refused()
                self.probes.cancel_all()
                return (
                    Topic.STATUS
                    | Topic.EDITS
                    | Topic.PROBES
                    | self.note("error", f"the engine has ended: {ending(event)}")
                )
            case _:
                return NOTHING

    def _opened(self, preset: Preset, info: RunInfo) -> Topic:
        self.preset, self.info = preset, info
        self.watched = tuple(preset.watch)
        self.histories = {0: History(info.batches)}
        self.branches = {}
        self.branch = 0
        self._stops = {}
        self._forget()
        self.revision += 1
        self.position = self._ran_from = 0
        self.running = False
        self.stopped = None
        self._opening = None
        self.working = self.refusal = ""
        self.edits = Edits(preset)
        noted = self.note(
            "info", f"{preset.name} on {info.data.partition(':')[0]}, {info.samples:,} samples, {info.device}"
        )
        return EVERYTHING | noted

    def _branched(self, event: BranchList) -> Topic:
        self.branches = {branch.number: branch for branch in event.branches}
        for gone in set(self.histories) - set(self.branches):
            del self.histories[gone]
            self.judged.forget(gone)
        for branch in event.branches:
            if branch.number not in self.histories:
                parent = self.histories[branch.parent or 0]
                self.histories[branch.number] = History(parent.batches, parent, branch.fork)
        if event.current != self.branch:
            self.branch = event.current
            self.revision += 1
            self.judged.turned = ()
        return Topic.RECORDS | Topic.STATUS | Topic.CLAIMS

    def _judged(self, event: Verdicts) -> Topic:
        """Verdicts come before the records and the branch that they are of."""
        turned = self.judged.take(event.branch, event.verdicts, here=event.branch == self.branch)
        topics = Topic.CLAIMS | (Topic.STATUS if turned else NOTHING)
        for verdict in turned:
            topics |= self.note("info", in_full(verdict), verdict.steps)
        return topics

    def _measured(self, event: MeasuredValues) -> Topic:
        history = self.histories[event.branch]
        for name, positions, values in event.values:
            for position, value in zip(positions.tolist(), values.tolist(), strict=True):
                history.measured.put(name, position, value)
            if positions[0] < len(history):  # told of already, without it
                self.revision += 1
        return Topic.RECORDS

    def _advanced(self, event: Advanced) -> Topic:
        history = self.histories[event.branch]
        replaces = event.first < len(history)
        if replaces:
            known = history.rows(event.first)
            history.truncate(event.first)
            self._stamp += not np.array_equal(event.rows[: len(known)], known, equal_nan=True)
        self.revision += replaces or event.branch != self.branch
        history.extend(event.rows)
        if event.branch != self.branch:
            return Topic.RECORDS
        topics = Topic.RECORDS | Topic.STATUS
        if event.running and not self.running:
            self._ran_from = max(event.first - 1, 0)
        self.position, self.running, self.until = event.position, event.running, event.until
        self.working = ""
        if event.running:
            self.stopped = None
        return topics

    def _stopped(self, event: Stopped) -> Topic:
        self.position, self.running, self.stopped = event.position, False, event
        self.working = ""
        topics = Topic.STATUS | Topic.RECORDS
        if event.kind in ("diverged", "limit", "condition", "breakpoint"):
            self.judged.stopped(event.position)
            mark = Mark(event.position, "stop", text.plain(event.reason))
            stops = self._stops.setdefault(self.branch, [])
            if mark not in stops:
                stops.append(mark)
            topics |= self.note("error" if event.kind == "diverged" else "info", event.reason)
        return topics

    def _changed(self, event: SettingsChanged) -> Topic:
        self.preset = event.preset
        self.watched = tuple(event.preset.watch)
        self._stamp += bool(event.changes)
        self.edits.applied(event.preset, event.changes)
        self.working = self.refusal = ""
        topics = Topic.RUN | Topic.EDITS | Topic.STATUS | Topic.RECORDS
        return topics | self.note("info", said(event.changes)) if event.changes else topics


def said(changes: dict[str, Any]) -> str:
    """Changed settings and their new values, in short."""
    return text.plain(", ".join(f"{key.split('.')[-1]} = {text.value(v)}" for key, v in changes.items()))


def ending(died: Died) -> str:
    """How a process has ended, in words: its exit status, or the signal that killed it."""
    status = died.exit_status
    if status is None:
        return "it is gone"
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
