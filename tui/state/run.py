"""The screen's copy of the engine's run, which `state/events.py` updates."""

from __future__ import annotations

import numpy as np

from gradstep.engine.conditions.breakpoints import Breakpoint
from gradstep.engine.conditions.claims import Verdict
from gradstep.engine.config.preset import Preset
from gradstep.engine.records.history import History
from gradstep.engine.records.record import Record
from gradstep.engine.worker.events import (
    BranchInfo,
    Died,
    RunInfo,
    Saved,
    Stopped,
)
from gradstep.tui import text
from gradstep.tui.charts.series import Mark
from gradstep.tui.state.edits import Edits
from gradstep.tui.state.log import LOG_LINES, Level, LogLine
from gradstep.tui.state.probes import Place, Probes
from gradstep.tui.state.topics import NOTHING, Topic
from gradstep.tui.state.verdicts import Judged

MAX_BURST = 1_000_000
COMPUTING = "computing"
SPEED_SECONDS = 2.0
"""The time, in seconds of the run, over which `speed` is averaged."""


class RunState:
    """The run as the engine has reported it. Methods that change it return the changed parts."""

    def __init__(self, preset: Preset) -> None:
        self.burst = 100
        self.log: list[LogLine] = []
        self.died: Died | None = None
        self.offered: tuple[str, str] = ("", "")
        """A saved session to resume: its description with the key to press, in full and in brief."""
        self.until = ""
        """The condition at which the run stops."""
        self.revision = 0
        """Counts replacements of known records and switches of the branch. Each redraws the charts."""
        self.stamp = 0
        """Counts changes that make a result at the same position outdated."""
        self.begin(preset, None)
        self.working = "starting the engine"

    def begin(self, preset: Preset, info: RunInfo | None) -> None:
        """Start over with an empty run of this preset. `info` is None until the engine has opened it."""
        self.preset, self.info = preset, info
        self.to_open: Preset | None = None
        """The preset that the engine was asked to open, until it has."""
        self.histories = {0: History(1 if info is None else info.batches)}
        self.branches: dict[int, BranchInfo] = {}
        self.branch = 0
        self.stops: dict[int, list[Mark]] = {}
        """By branch: positions where the run stopped by itself."""
        self.revision += 1
        self.position = 0
        self.ran_from = 0
        """The position where the present or last stretch of running began."""
        self.running = False
        self.stopped: Stopped | None = None
        self.working = self.refusal = ""
        self.edits = Edits(preset)
        self.watched = tuple(preset.watch)
        """Fields and quantities that the charts show."""
        self.saved_at: tuple[int, ...] = ()
        """Positions of saved states, which are restored at once."""
        self.judged = Judged()
        self.breakpoints: tuple[Breakpoint, ...] = ()
        self.session = Saved(None)
        self.probes = Probes()

    # --- what follows from the reports --------------------------------------------------------------

    @property
    def place(self) -> Place:
        """The state that a probe would look at."""
        return Place(self.position, self.branch, self.stamp)

    @property
    def at_rest(self) -> bool:
        """Whether the run stands still, so that a probe's result stays current."""
        return self.info is not None and self.died is None and not self.running and not self.working

    @property
    def busy(self) -> bool:
        """Whether steps are computed, which a pause can stop."""
        return self.running or self.working == COMPUTING

    @property
    def history(self) -> History:
        """The records of the current branch."""
        return self.histories[self.branch]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts on the preset's claims, from all records of the current branch."""
        return self.judged.of(self.branch)

    @property
    def record(self) -> Record | None:
        """The record of the current position; None if it has not arrived yet."""
        return self.history.record(self.position) if self.position < len(self.history) else None

    @property
    def loss_change(self) -> float | None:
        """The loss minus the loss one position before; None at position 0."""
        if not 0 < self.position < len(self.history):
            return None
        before, now = self.history.column("loss", self.position - 1, self.position + 1)
        with np.errstate(invalid="ignore"):
            return float(now - before)

    @property
    def planned(self) -> int | None:
        """The planned last position; None if the preset has none, or if the batches are not known yet."""
        if self.preset.run.steps is not None:
            return self.preset.run.steps
        if self.preset.run.epochs is not None and self.info is not None:
            return self.preset.run.epochs * self.info.batches
        return None

    @property
    def run_target(self) -> int | None:
        """The position where a run started now ends; None at and beyond the planned end."""
        return self.planned if self.planned is not None and self.position < self.planned else None

    @property
    def past_plan(self) -> int:
        """The number of steps beyond the planned end."""
        return max(self.position - self.planned, 0) if self.planned is not None else 0

    @property
    def speed(self) -> float | None:
        """Steps per second of the records' clock over the last SPEED_SECONDS; None if the run stands."""
        if not self.running or self.position >= len(self.history):
            return None
        seconds = self.history.column("seconds", self.ran_from, self.position + 1)
        first = int(np.searchsorted(seconds, seconds[-1] - SPEED_SECONDS)) if len(seconds) else 0
        steps = len(seconds) - 1 - first
        if steps <= 0 or seconds[-1] <= seconds[first]:
            return None
        return steps / float(seconds[-1] - seconds[first])

    # --- what the user does -------------------------------------------------------------------------

    def opening(self, preset: Preset) -> Topic:
        """Record that the engine was asked to open a preset. The current run is shown until it has."""
        self.to_open = preset
        self.refusal, self.offered = "", ("", "")
        if self.died is None and self.info is not None:
            self.working = f"opening {text.plain(preset.name)}"
        return Topic.STATUS

    def resuming(self, name: str) -> Topic:
        """Record that the engine was asked to resume a saved session."""
        self.refusal, self.offered = "", ("", "")
        self.working = f"resuming {text.plain(name)}"
        return Topic.STATUS

    def offer(self, what: str, brief: str) -> Topic:
        """Offer to resume a saved session: `what` for the log, `brief` for the status line."""
        self.offered = text.plain(what), text.plain(brief)
        return Topic.STATUS | self.note("info", what)

    def refuse(self, why: str) -> Topic:
        """Show why an action is not possible now."""
        self.refusal = why
        return Topic.STATUS

    def asking(self) -> Topic:
        """Clear an earlier refusal and old news of verdicts: the user has acted."""
        if not self.refusal and not self.judged.turned:
            return NOTHING
        self.refusal, self.judged.turned = "", ()
        return Topic.STATUS

    def unanswered(self) -> Topic:
        """Show that the engine is computing, since it has not answered for a while."""
        if self.working or self.running or self.died is not None:
            return NOTHING
        self.working = COMPUTING
        return Topic.STATUS

    def restarting(self) -> Topic:
        """Record that a new engine is starting."""
        self.died = None
        self.working = "starting the engine"
        return Topic.STATUS

    def scale_burst(self, factor: int) -> Topic:
        """Multiply the burst's length by `factor`, or divide it by −`factor`; within 1 to MAX_BURST."""
        burst = self.burst * factor if factor > 0 else self.burst // -factor
        self.burst = min(max(burst, 1), MAX_BURST)
        return Topic.STATUS

    def note(self, level: Level, message: str, position: int | None = None) -> Topic:
        """Add a line to the log, at the current position unless another is given."""
        at = self.position if position is None else position
        self.log.append(LogLine(at, level, text.plain(message)))
        del self.log[:-LOG_LINES]
        return Topic.LOG
