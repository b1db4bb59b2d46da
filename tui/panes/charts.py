"""The charts of the watched fields, one below the other on the same steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from textual.app import ComposeResult
from textual.containers import Vertical

from gradstep.engine.conditions.evidence import counts
from gradstep.engine.records.history import History
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
NOTHING_DRAWN = (-1, 0)
"""The drawn revision of the records, and how many of it; revisions count from 0."""


class ChartsPane(Vertical):
    """At most two charts with one cursor; keys act on the chart that had the focus last."""

    BORDER_TITLE = "Charts"
    CARES = Topic.RECORDS | Topic.RUN

    def __init__(self) -> None:
        super().__init__(id="charts", classes="pane")
        self.charts: list[Chart] = []
        self.cursor: int | None = None
        self._watched: list[str] = []
        self._log: list[str] = []
        self._drawn = NOTHING_DRAWN
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
        """The chart that the keys act on: the focused one, or the last one that was."""
        for at, chart in enumerate(self.charts):
            if chart.has_focus:
                self._current = at
        return self.charts[self._current] if self.charts else None

    def show(self, state: RunState, _topics: Topic) -> None:
        watched = list(dict.fromkeys(state.watched))[:AT_MOST]
        if watched != self._watched:
            self._make(watched, state.preset.log)
        self._append_new(state)
        ends = [chart.ends for chart in self.charts]
        last = max((end[1] for end in ends if end is not None), default=0)
        for chart in self.charts:
            chart.reach = 0, last  # one axis, as the charts are read against each other
        self._last = len(state.history) - 1
        self._position = state.position
        self._mark(state)
        self._place(self.cursor)

    def _append_new(self, state: RunState) -> None:
        """Append the records that are not drawn yet; begin anew where drawn ones were replaced."""
        revision, first = self._drawn
        if revision != state.revision:
            first = 0
            for chart in self.charts:
                chart.clear()
            self._append_ghosts(state)
            if self.cursor is not None and self.cursor >= len(state.history):
                self.cursor = None
        for field, chart in zip(self._watched, self.charts, strict=True):
            _append(chart, field, field, state.history, first, Role.TRAIN)
            if field in BESIDE:
                _append(chart, BESIDE[field], BESIDE[field], state.history, first, Role.VALIDATION)
        self._drawn = state.revision, len(state.history)

    def _append_ghosts(self, state: RunState) -> None:
        """Append the other branches, each from the position where it leaves the run's."""
        for number, branch in state.branches.items():
            if number != state.branch:
                name, history = text.plain(branch.name), state.histories[number]
                first = last_shared(state, number)
                for field, chart in zip(self._watched, self.charts, strict=True):
                    _append(chart, name, field, history, first, Role.GHOST)

    def _mark(self, state: RunState) -> None:
        """Mark changes, stops and forks in the charts and on the time line."""
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

    def _make(self, watched: list[str], log: list[str]) -> None:
        focused = any(chart.has_focus for chart in self.charts)
        same = log == self._log
        scales = {chart.chart_title: chart.log_scale for chart in self.charts if same}
        self.remove_children(Chart)
        self._watched, self._log, self._drawn, self._current = watched, log, NOTHING_DRAWN, 0
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

    def toggle_log(self) -> None:
        if self.current is not None:
            self.current.toggle_log()

    def next_smoothing(self) -> None:
        """Smooth all charts by the next factor; the raw line stays."""
        self._smoothing = (self._smoothing + 1) % len(SMOOTHINGS)
        for chart in self.charts:
            chart.smoothing = SMOOTHINGS[self._smoothing]
        self._say()

    def next_window(self) -> None:
        """Show the next window in all charts."""
        self._window = (self._window + 1) % len(WINDOWS)
        for chart in self.charts:
            chart.window = WINDOWS[self._window]
        self._say()

    def move_cursor(self, distance: int) -> None:
        """Move the cursor, which begins at the run's position; the run stays where it is."""
        if self._last >= 0:
            at = (self._position if self.cursor is None else self.cursor) + distance
            self._place(min(max(at, 0), self._last))

    def leap_cursor(self, direction: int) -> None:
        """Move the cursor by a twentieth of the steps in sight."""
        window = WINDOWS[self._window]
        in_sight = self._last if window is None else min(window, self._last)
        self.move_cursor(direction * max(in_sight // 20, 1))

    def follow(self) -> None:
        """Remove the cursor: the charts read off the run's position."""
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


def _append(chart: Chart, name: str, field: str, history: History, first: int, role: Role) -> None:
    """Append the values of a field from position `first` on, without nulls, to the series `name`."""
    values = history.column(field, first).astype(np.float64)
    there = ~is_missing(values)
    if there.any():
        chart.append(name, values[there], steps=np.flatnonzero(there) + first, role=role)


def why_empty(name: str, state: RunState) -> str:
    """Return why a chart of this field or quantity is empty, if it is."""
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
