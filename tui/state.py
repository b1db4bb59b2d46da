"""What the explorer knows of the run, kept up to date by the engine's events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from typing import Literal

import numpy as np

from engine.config import Preset
from engine.history import History, Record
from engine.worker.messages import (
    Advanced,
    Changed,
    Died,
    Event,
    Logged,
    Opened,
    Ready,
    Refused,
    RunInfo,
    Stopped,
    Working,
)
from tui import text
from tui.edits import Edits

MAX_BURST = 1_000_000
LOG_LINES = 500
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


NOTHING = Topic(0)
EVERYTHING = ~NOTHING


@dataclass(frozen=True)
class Mark:
    """A position where something happened: a setting changed, or the run stopped by itself."""

    position: int
    kind: Literal["change", "stop"]
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
        self.history = History(batches=1)
        self.position = 0
        self.running = False
        self.stopped: Stopped | None = None
        self.died: Died | None = None
        self.working = "starting the engine"
        self.refusal = ""
        self.burst = 100
        self.marks: list[Mark] = []
        self.log: list[LogLine] = []
        self.edits = Edits(preset)
        self._opening: Preset | None = None
        self._ran_from = 0

    @property
    def record(self) -> Record | None:
        """The record of the position where the run stands."""
        return self.history.record(self.position) if self.position < len(self.history) else None

    @property
    def loss_change(self) -> float | None:
        """How the loss has changed since the position before."""
        if not 0 < self.position < len(self.history):
            return None
        before, now = self.history.column("loss")[self.position - 1 : self.position + 1]
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
    def speed(self) -> float | None:
        """Steps a second while running, by the clock of the records."""
        if not self.running or self.position >= len(self.history):
            return None
        seconds = self.history.column("seconds")[self._ran_from : self.position + 1]
        first = int(np.searchsorted(seconds, seconds[-1] - SPEED_SECONDS)) if len(seconds) else 0
        steps = len(seconds) - 1 - first
        return steps / float(seconds[-1] - seconds[first]) if steps > 0 and seconds[-1] > seconds[first] else None

    def opening(self, preset: Preset) -> Topic:
        """The engine was asked to open this preset; what is shown stays until it has."""
        self._opening = preset
        self.refusal = ""
        if self.died is None and self.info is not None:
            self.working = f"opening {text.plain(preset.name)}"
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

    def note(self, level: Level, message: str) -> Topic:
        """Add a line to the log."""
        self.log.append(LogLine(self.position, level, text.plain(message)))
        del self.log[:-LOG_LINES]
        return Topic.LOG

    def take(self, event: Event) -> Topic:
        """Apply an event; returns what has changed by it."""
        match event:
            case Ready(torch):
                opening = self._opening or self.preset
                self.working = f"opening {text.plain(opening.name)}"
                return Topic.STATUS | self.note("info", f"engine ready, torch {torch}")
            case Working(message):
                self.working = text.plain(message)
                return Topic.STATUS
            case Opened(preset, info):
                return self._opened(preset, info)
            case Advanced():
                return self._advanced(event)
            case Stopped():
                return self._stopped(event)
            case Changed():
                return self._changed(event)
            case Refused(message):
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
                return Topic.STATUS | Topic.EDITS | self.note("error", f"the engine has ended: {ending(event)}")

    def _opened(self, preset: Preset, info: RunInfo) -> Topic:
        self.preset, self.info = preset, info
        self.history = History(info.batches)
        self.position = self._ran_from = 0
        self.running = False
        self.stopped = None
        self._opening = None
        self.working = self.refusal = ""
        self.marks.clear()
        self.edits = Edits(preset)
        noted = self.note("info", f"{preset.name} on {info.data}, {info.samples:,} samples, {info.device}")
        if info.substitute:
            noted |= self.note("warning", f"the data of this preset is not here: {info.data} stands in for it")
        return EVERYTHING | noted

    def _advanced(self, event: Advanced) -> Topic:
        self.history.truncate(event.first)
        self.history.extend(event.rows)
        topics = Topic.RECORDS | Topic.STATUS
        if event.running and not self.running:
            self._ran_from = max(event.first - 1, 0)
        self.position, self.running = event.position, event.running
        self.working = ""
        if event.running:
            self.stopped = None
            self.refusal = ""
        return topics

    def _stopped(self, event: Stopped) -> Topic:
        self.position, self.running, self.stopped = event.position, False, event
        self.working = ""
        topics = Topic.STATUS | Topic.RECORDS
        if event.kind in ("diverged", "failed"):
            self.marks.append(Mark(event.position, "stop", text.plain(event.reason)))
            topics |= self.note("error", event.reason)
        elif event.kind == "limit":
            self.marks.append(Mark(event.position, "stop", text.plain(event.reason)))
            topics |= self.note("info", event.reason)
        return topics

    def _changed(self, event: Changed) -> Topic:
        before = self.preset
        self.preset = event.preset
        self.edits.applied(event.preset, event.changes)
        self.working = self.refusal = ""
        said = ", ".join(f"{key.removeprefix('train.')} = {text.value(v)}" for key, v in event.changes.items())
        if event.preset != before:
            self.marks.append(Mark(event.position, "change", said))
        return Topic.RUN | Topic.EDITS | Topic.STATUS | Topic.RECORDS | self.note("info", said)


def ending(died: Died) -> str:
    """How a process has ended, in words: its exit status, or the signal that killed it."""
    import signal

    status = died.exit_status
    if status is None:
        return "it is gone"
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
