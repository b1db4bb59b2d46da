"""The screen of a sweep: a strip of cells, a map, or several maps, filled while the runs finish."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from gradstep.engine.conditions.evidence import counts
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.sweep import label
from gradstep.engine.records.ranges import Floats
from gradstep.engine.runs.plan import Plan
from gradstep.engine.training.rules.stability import learning_rate_formula
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.charts.curve import curve
from gradstep.tui.charts.distribution import distribution
from gradstep.tui.charts.heat import LEAST_WIDTH, LEFT, UPPER, Cell, ColourScale, heat, legend
from gradstep.tui.state.sweep import LEARNING_RATE, SweepState, endings_said
from gradstep.tui.widgets.key_bar import KeyBar

SIGNS = {"diverged": "✗", "failed": "!", "done": "·", "condition": "·"}
"""By a run's ending: the sign of its cell if it lacks the number shown."""
GOING_ON = "…"
SIGNS_SAID = {GOING_ON: "going on", "✗": "diverged", "!": "failed", "·": "none"}
CURVE_ROWS = 6
CELL_ROWS = 4
"""Lines on the run under the cursor; `m` shows the numbers without room there."""
INFO_ROWS = CELL_ROWS + 2
"""Lines beside the maps and the progress: the title, the run under the cursor, the keys."""
GAP = "   "
MAP_ROWS = 5
"""Lines around the maps: the legend, a map's name, the columns' labels, the axes, the marks."""


class SweepScreen(Screen[None]):
    """The results of a sweep on the grid of its axes, and a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sweep")]
    AUTO_FOCUS = None

    @dataclass
    class Start(Message):
        """The user starts the sweep."""

        plan: Plan

    @dataclass
    class Cancel(Message):
        """The user ends the sweep."""

    @dataclass
    class Open(Message):
        """The user opens a run of the sweep in the explorer."""

        preset: Preset

    def __init__(self, state: SweepState) -> None:
        super().__init__()
        self.state = state
        self.cursor = (0, 0)
        self.facet = 0
        self._number = 0

    def compose(self) -> ComposeResult:
        yield Static(id="sweep-title", markup=False)
        yield Static(id="sweep-map", markup=False)
        yield Static(id="sweep-cell", markup=False)
        yield Static(id="sweep-progress", markup=False)
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        self.show()

    def on_resize(self, _event: Resize) -> None:
        self.show()

    def set_state(self, state: SweepState) -> None:
        self.state, self.cursor, self.facet, self._number = state, (0, 0), 0, 0
        self.show()

    # --- the grid -----------------------------------------------------------------------------------

    @property
    def grid(self) -> tuple[int, int, int]:
        """The numbers of maps, rows and columns.

        The last axis is across, the one before it down; the others make the maps.
        """
        shape = (1, 1, *self.state.plan.shape)
        return math.prod(shape[:-2]), shape[-2], shape[-1]

    @property
    def point(self) -> int:
        """The run under the cursor."""
        _, rows, columns = self.grid
        return (self.facet * rows + self.cursor[0]) * columns + self.cursor[1]

    @property
    def number_name(self) -> str:
        """The name of the number shown."""
        names = self.state.names
        return names[self._number % len(names)]

    def action_move(self, down: int, across: int) -> None:
        _, rows, columns = self.grid
        row, column = self.cursor[0] + down, self.cursor[1] + across
        self.cursor = min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)
        self.show()

    def action_facet(self, distance: int) -> None:
        self.facet = (self.facet + distance) % self.grid[0]
        self.show()

    def action_number(self, distance: int) -> None:
        self._number = (self._number + distance) % len(self.state.names)
        self.show()

    def action_start(self) -> None:
        if not self.state.going and not self.state.complete:
            self.post_message(self.Start(self.state.plan))

    def action_cancel(self) -> None:
        if self.state.going:
            self.post_message(self.Cancel())

    def action_open(self) -> None:
        self.post_message(self.Open(self.state.plan.config(self.point)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is possible now."""
        if action == "start":
            return not self.state.going and not self.state.complete
        if action == "cancel":
            return self.state.going
        if action == "facet":
            return self.grid[0] > 1
        return True

    # --- drawing ------------------------------------------------------------------------------------

    def show(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        width = self.size.width - 2
        self._put("#sweep-title", self._title())
        progress = self._progress()
        height = self.size.height - INFO_ROWS - progress.get_height({}, width)
        self._put("#sweep-map", Content("\n").join(self._maps(width, height)))
        self._put("#sweep-cell", Content("\n").join(self._cell(width)))
        self._put("#sweep-progress", progress)
        self.refresh_bindings()

    def _put(self, selector: str, content: Content) -> None:
        shown = self.query_one(selector, Static)
        if shown.content != content:
            shown.update(content)

    def _title(self) -> Content:
        plan = self.state.plan
        named = zip(plan.names, plan.axes, strict=True)
        axes = " × ".join(text.plain(f"{name} ({len(axis.values)})") for name, axis in named)
        return Content.assemble(
            ("Sweep  ", "bold $primary"), (text.plain(plan.preset.name), "bold"), (f"  {axes}", "$muted")
        )

    def _maps(self, width: int, height: int) -> Iterator[Content]:
        values = self.state.values(self.number_name).reshape(self.grid)
        scale = ColourScale.of(values)
        maps, rows, columns = self.grid
        yield Content.assemble((text.plain(self.number_name), "bold $secondary"), "  ", legend(scale))
        first, count = self._maps_in_sight(height)
        top, left, across = *self._first_cell(height, width), self._room_across(width)
        for facet in range(first, min(first + count, maps)):
            if maps > 1:
                mark, style = ("› ", "bold") if facet == self.facet else ("  ", "$muted")
                yield Content.styled(mark + self._facet_name(facet), style)
            down = range(top, min(rows, top + max(height - MAP_ROWS, 1)))
            right = range(left, min(columns, left + across))
            yield from heat(
                [[self._made(facet, row, column, values) for column in right] for row in down],
                [self._row_label(row) for row in down],
                [text.plain(self.state.plan.axes[-1].labels[column]) for column in right],
                scale,
                width,
                (self.cursor[0] - top, self.cursor[1] - left) if facet == self.facet else None,
            )
        yield Content.styled(self._axes_said(values), "$muted")
        if said := self._border_said():
            yield Content.styled(said, "$muted")
        if rows == 1 and maps == 1 and height > CURVE_ROWS + 5:
            yield from self._strip(values.reshape(-1), width)

    def _maps_in_sight(self, height: int) -> tuple[int, int]:
        """Return the first map drawn, and how many fit."""
        maps, rows, _ = self.grid
        count = max(1, min(maps, (height - MAP_ROWS + 2) // (rows + 2)))
        return self.facet // count * count, count

    def _room_across(self, width: int) -> int:
        """Return how many columns fit."""
        longest = max(len(self._row_label(row)) for row in range(self.grid[1]))
        return max((width - min(longest, width // 3) - 1) // LEAST_WIDTH, 1)

    def _first_cell(self, height: int, width: int) -> tuple[int, int]:
        """Return the first row and column in sight; a map larger than the screen follows the cursor."""
        rooms = max(height - MAP_ROWS, 1), self._room_across(width)
        top, left = (
            min(max(at - room // 2, 0), max(count - room, 0))
            for at, room, count in zip(self.cursor, rooms, self.grid[1:], strict=True)
        )
        return top, left

    def _made(self, facet: int, row: int, column: int, values: Floats) -> Cell:
        _, rows, columns = self.grid
        point = (facet * rows + row) * columns + column
        sign = self._sign(point) or " "
        return Cell(float(values[facet, row, column]), sign, self._edge(point, row, column))

    def _sign(self, point: int) -> str:
        """Return the sign of a run's cell without the number shown."""
        result = self.state.results.get(point)
        if result is not None:
            return SIGNS[result.ending]
        return GOING_ON if point in self.state.running else ""

    def _edge(self, point: int, row: int, column: int) -> str:
        """Return the mark of the stability border, if it lies between this cell and the one before."""
        axes, place = self.state.plan.axes, self.state.plan.place(point)
        for axis, index, mark in zip(axes[-2:], place[-2:], (UPPER, LEFT)[-len(axes) :], strict=True):
            if axis.key != LEARNING_RATE:
                continue
            if (border := self.state.border(point)) is None:
                continue
            beyond = [float(value) > border for value in axis.values[: index + 1]]
            before = beyond[-2] if index else axis.values[0] > axis.values[-1]  # descending values
            if beyond[-1] != before:
                return mark
        return ""

    def _row_label(self, row: int) -> str:
        axes = self.state.plan.axes
        return text.plain(axes[-2].labels[row]) if len(axes) > 1 else ""

    def _facet_name(self, facet: int) -> str:
        plan, parts = self.state.plan, []
        for axis, name in reversed(list(zip(plan.axes[:-2], plan.names[:-2], strict=True))):
            facet, index = divmod(facet, len(axis.values))
            parts.append(f"{name} {axis.labels[index]}")
        return text.plain(", ".join(reversed(parts)))

    def _axes_said(self, values: Floats) -> str:
        """Return the directions of the axes, and the meanings of the signs in sight."""
        names = self.state.plan.names
        down = f"↓ {names[-2]}{GAP}" if len(names) > 1 else ""
        there = {self._sign(point) for point in np.flatnonzero(~np.isfinite(values)).tolist()}
        signs = "  ".join(f"{sign} {said}" for sign, said in SIGNS_SAID.items() if sign in there)
        return text.plain(f"{down}→ {names[-1]}{GAP}{signs}").rstrip()

    def _border_said(self) -> str:
        """Return the formula of the stability border, if the map has one."""
        sharpness, plan = self.state.sharpness, self.state.plan
        if sharpness is None or all(axis.key != LEARNING_RATE for axis in plan.axes[-2:]):
            return ""
        formula = learning_rate_formula(plan.preset)
        return f"{LEFT} {formula}, λ = {text.number(sharpness, 4)} where the first run begins"

    def _strip(self, values: Floats, width: int) -> Iterator[Content]:
        """Yield a single axis's numbers as a curve, and their distribution."""
        told = self.state.told(self.number_name)
        if len(told) < 2:
            return
        x = np.arange(len(values), dtype=np.float64)
        signs = [(float(self.cursor[1]), float(values[self.cursor[1]]), "◆", "bold $warning")]
        yield Content("")
        yield from curve(x, values, (min(width, 100), CURVE_ROWS), signs=signs)
        spread = distribution(told, count=counts(self.number_name))
        yield Content.styled(f"spread: {spread}", "$muted")

    def _cell(self, width: int) -> Iterator[Content]:
        plan, point = self.state.plan, self.point
        values = plan.said(point)
        border = self.state.border(point)
        stable = f"{GAP}stable below {label(border)}" if border is not None else ""
        yield Content.assemble((text.plain(values), "bold"), (stable, "$muted"))
        result = self.state.results.get(point)
        if result is None:
            how_far = f"{_how_far(self.state.running.get(point))}; "
            yield Content.assemble(how_far, ("enter", "bold $primary"), " opens it in the explorer")
            return
        style = {"diverged": "$warning", "failed": "$error"}.get(result.ending, "$success")
        failed = "failed: " if result.ending == "failed" else ""
        yield Content.styled(f"{failed}{text.plain(result.reason)}", style)
        names = dict.fromkeys((self.number_name, *self.state.names))
        numbers = [(name, result.value(name, plan.measures)) for name in names]
        said = [f"{text.plain(name)} {_number(name, v)}" for name, v in numbers if v is not None]
        yield from (Content(line) for line in folded(said, width))

    def _progress(self) -> Content:
        state = self.state
        done, total = len(state.results), len(state.plan)
        parts: list[str | tuple[str, str]] = [(f"{done:,} of {total:,} runs", "bold")]
        if said := endings_said(state.endings(), state.plan.until):
            parts.append(f": {said}")
        if state.going:
            parts.append(f"  {len(state.running)} going on" if state.running else "  going on")
            if (left := state.seconds_left) is not None:
                parts.append(f", {_duration(left)} left")
        elif state.said:
            parts.append((f"  {text.plain(state.said)}", "$warning"))
        elif not state.complete:
            parts += ["  ", ("space", "bold $primary"), " starts the missing runs"]
        return Content.assemble(*parts)


def _number(name: str, value: float) -> str:
    """Format a count as a whole number, any other number in short."""
    is_count = counts(name) and value.is_integer()
    return text.field(name, value) if is_count else text.fitted(value, text.FITTED_WIDTH)


def _how_far(running: tuple[int, int] | None) -> str:
    """Return how far a run without a result is; `running` is its position and planned end."""
    if running is None:
        return "not run yet"
    position, end = running
    done = position == end and end > 0
    if done:
        return f"{end:,} steps done; now running the run to compare with"
    return f"at step {position:,} of {end:,}"


def folded(parts: Iterable[str], width: int) -> list[str]:
    """Join the parts to lines of at most `width` cells."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(GAP) + len(part) <= width:
            lines[-1] += GAP + part
        else:
            lines.append(part)
    return lines


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
