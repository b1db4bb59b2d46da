"""The charts of what the preset watches, one below the other on the same steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from textual.app import ComposeResult
from textual.containers import Vertical

from gradstep.engine.conditions.evidence import counts
from gradstep.engine.records.missing import is_missing
from gradstep.engine.records.record import FIELDS
from gradstep.tui import text
from gradstep.tui.charts.draw import NO_STEPS
from gradstep.tui.charts.series import Role
from gradstep.tui.state.available import recorded
from gradstep.tui.state.charted import AT_MOST, BESIDE
from gradstep.tui.state.lineage import branch_marks, last_shared
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.chart import Chart
from gradstep.tui.widgets.time_strip import TimeStrip

if TYPE_CHECKING:
    from gradstep.tui.wire.app import WireApp

SMOOTHINGS = (0.0, 0.9, 0.99)
WINDOWS = (None, 1000, 100)


class ChartsPane(Vertical):
    """Two charts at most; the keys act on the one that had the focus last, the cursor is common to all."""

    BORDER_TITLE = "Charts"
    CARES = Topic.RECORDS | Topic.RUN

    def __init__(self) -> None:
        super().__init__(id="charts", classes="pane")
        self.charts: list[Chart] = []
        self.cursor: int | None = None
        self._watched: list[str] = []
        self._log: list[str] = []
        self._revision = -1
        self._fed = 0
        self._current = 0
        self._smoothing = 0
        self._window = 0
        self._last = 0
        self._position = 0
        self._strip = TimeStrip()

    def compose(self) -> ComposeResult:
        yield self._strip

    @property
    def current(self) -> Chart | None:
        """The chart that the keys act on: the focused one, or the one that was."""
        for at, chart in enumerate(self.charts):
            if chart.has_focus:
                self._current = at
        return self.charts[self._current] if self.charts else None

    def show(self, state: RunState, _topics: Topic) -> None:
        """Draw the records that are new, and the marks."""
        watched = list(dict.fromkeys(state.watched))[:AT_MOST]
        if watched != self._watched:
            self._make(watched, state.preset.log)
        if state.revision != self._revision:
            self._revision, self._fed = state.revision, 0
            for chart in self.charts:
                chart.clear()
            self._feed_ghosts(state)
            if self.cursor is not None and self.cursor >= len(state.history):
                self.cursor = None
        count = len(state.history)
        if count > self._fed:
            for field, chart in zip(self._watched, self.charts, strict=True):
                self._feed(chart, state, field, Role.TRAIN)
                if field in BESIDE:
                    self._feed(chart, state, BESIDE[field], Role.VALIDATION)
            self._fed = count
        ends = [chart.ends for chart in self.charts]
        last = max((end[1] for end in ends if end is not None), default=0)
        for chart in self.charts:
            chart.reach = 0, last  # one below the other, they are read against each other
        self._last = count - 1
        self._position = state.position
        along = branch_marks(state)
        for field, chart in zip(self._watched, self.charts, strict=True):
            chart.set_marks(along)
            chart.explain(why_empty(field, state))
        self._strip.tell(
            state.position,
            self._last,
            changes=[mark.position for mark in along if mark.kind == "change"],
            stops=[mark.position for mark in along if mark.kind == "stop"],
            forks=[mark.position for mark in along if mark.kind == "fork"],
            saved=state.saved_at,
        )
        self._place(self.cursor)

    def _feed_ghosts(self, state: RunState) -> None:
        """Draw the other branches, from where they leave the run's."""
        for number, branch in state.branches.items():
            if number == state.branch:
                continue
            first, history = last_shared(state, number), state.histories[number]
            for field, chart in zip(self._watched, self.charts, strict=True):
                values = history.column(field, first).astype(np.float64)
                there = ~is_missing(values)
                if there.any():
                    name = text.plain(branch.name)
                    chart.append(name, values[there], steps=np.flatnonzero(there) + first, role=Role.GHOST)

    def _make(self, watched: list[str], log: list[str]) -> None:
        focused = any(chart.has_focus for chart in self.charts)
        same = log == self._log
        scales = {chart.chart_title: chart.log_scale for chart in self.charts if same}
        self.remove_children(Chart)
        self._watched, self._log, self._fed, self._current = watched, log, 0, 0
        ascii_only = cast("WireApp", self.app).ascii
        self.charts = [Chart(field, count=counts(field), ascii=ascii_only) for field in watched]
        for chart in self.charts:
            chart.smoothing = SMOOTHINGS[self._smoothing]
            chart.window = WINDOWS[self._window]
        for field, chart in zip(watched, self.charts, strict=True):
            chart.log_scale = scales.get(field, field in log)
        self.mount(*self.charts, before=self._strip)
        if focused:
            self.charts[0].focus()

    def _feed(self, chart: Chart, state: RunState, field: str, role: Role) -> None:
        values = state.history.column(field, self._fed).astype(np.float64)
        there = ~is_missing(values)
        if there.any():
            chart.append(field, values[there], steps=np.flatnonzero(there) + self._fed, role=role)

    def toggle_log(self) -> None:
        """Change the current chart's scale."""
        if self.current is not None:
            self.current.toggle_log()

    def next_smoothing(self) -> None:
        """The next of the smoothings, on all charts; the raw line stays."""
        self._smoothing = (self._smoothing + 1) % len(SMOOTHINGS)
        for chart in self.charts:
            chart.smoothing = SMOOTHINGS[self._smoothing]
        self._say()

    def next_window(self) -> None:
        """The next of the windows, on all charts."""
        self._window = (self._window + 1) % len(WINDOWS)
        for chart in self.charts:
            chart.window = WINDOWS[self._window]
        self._say()

    def move_cursor(self, distance: int) -> None:
        """Move the cursor, which begins where the run stands, without moving the engine."""
        if self._last >= 0:
            at = (self._position if self.cursor is None else self.cursor) + distance
            self._place(min(max(at, 0), self._last))

    def leap_cursor(self, direction: int) -> None:
        """Move the cursor by a twentieth of what is in sight."""
        window = WINDOWS[self._window]
        in_sight = self._last if window is None else min(window, self._last)
        self.move_cursor(direction * max(in_sight // 20, 1))

    def follow(self) -> None:
        """Take the cursor away: the charts read off where the run stands."""
        self._place(None)

    def _place(self, cursor: int | None) -> None:
        self.cursor = cursor
        for chart in self.charts:
            chart.cursor = self._position if cursor is None and self._position < self._last else cursor
        self._say()

    def _say(self) -> None:
        said = []
        if self.cursor is not None:
            said.append(f"cursor at {self.cursor:,} · end follows")
        if SMOOTHINGS[self._smoothing]:
            said.append(f"smoothed {SMOOTHINGS[self._smoothing]}")
        if (window := WINDOWS[self._window]) is not None:
            said.append(f"last {window:,} steps")
        if (subtitle := " · ".join(said)) != self.border_subtitle:
            self.border_subtitle = subtitle


def why_empty(name: str, state: RunState) -> str:
    """Why a chart of this field or quantity has nothing to draw, where it has nothing."""
    history, info = state.history, state.info
    if not len(history) or info is None:
        return NO_STEPS
    if name not in FIELDS:
        return f"{name} is not measured yet"
    if name == "epoch_loss" and len(history) <= info.batches:
        return f"{name} comes at the end of each epoch, first at step {info.batches:,}"
    if name == "update_norm" and len(history) == 1:
        return f"{name} is known from step 1 on"
    if why := recorded(state).why_never(name):
        return f"{name} has no value: {why}"
    every = info.validate_every
    if name.startswith("val_") and every is not None and len(history) <= every:
        return f"{name} comes every {every:,} steps"
    return f"{name} has no meaning in this run"
