"""The screen of a sweep: a strip, a map, or several, that fill while it goes on."""

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
from gradstep.engine.config.axes import label
from gradstep.engine.config.preset import Preset
from gradstep.engine.runs.plan import Plan
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.charts.curve import curve
from gradstep.tui.charts.distribution import distribution
from gradstep.tui.charts.heat import LEAST_WIDTH, LEFT, UPPER, WIDEST, Cell, Scale, heat, legend, short
from gradstep.tui.state.sweep import LEARNING_RATE, Floats, SweepState, endings_said
from gradstep.tui.widgets.key_bar import KeyBar

SIGNS = {"diverged": "✗", "failed": "!", "done": "·", "condition": "·"}
"""What a cell shows whose run has not the number that is looked at."""
GOING_ON = "…"
SIGNS_SAID = {GOING_ON: "going on", "✗": "diverged", "!": "failed", "·": "none"}
BORDERS = {"momentum": "2(1+β)/λ", "nesterov": "(2+2β)/((1+2β)λ)"}
CURVE_ROWS = 6
CELL_ROWS = 4
"""Lines about the run under the cursor; `m` looks at those of its numbers that have no room."""
INFO_ROWS = CELL_ROWS + 2
"""Lines that are not the maps': the title, the cell under the cursor, the keys; and those of the progress."""
GAP = "   "
MAP_ROWS = 5
"""Lines about the maps: the legend, a name and labels of the columns, what the axes and marks are."""


class SweepScreen(Screen[None]):
    """The results of a sweep on the grid of its axes, and a cursor that reads them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sweep")]
    AUTO_FOCUS = None

    @dataclass
    class Start(Message):
        """The sweep is to be done."""

        plan: Plan

    @dataclass
    class Cancel(Message):
        """The sweep is no longer wanted."""

    @dataclass
    class Open(Message):
        """A run of the sweep is to be opened in the explorer."""

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
        """Show another sweep."""
        self.state, self.cursor, self.facet, self._number = state, (0, 0), 0, 0
        self.show()

    # --- the grid -----------------------------------------------------------------------------------

    @property
    def grid(self) -> tuple[int, int, int]:
        """(maps, rows, columns): the last axis is across, the one before down, the others make the maps."""
        shape = (1, 1, *self.state.plan.shape)
        return math.prod(shape[:-2]), shape[-2], shape[-1]

    @property
    def point(self) -> int:
        """The run under the cursor."""
        _, rows, columns = self.grid
        return (self.facet * rows + self.cursor[0]) * columns + self.cursor[1]

    @property
    def number_name(self) -> str:
        """The number that is looked at, as it is called."""
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
        """What the sweep can do now."""
        if action == "start":
            return not self.state.going and not self.state.complete
        if action == "cancel":
            return self.state.going
        if action == "facet":
            return self.grid[0] > 1
        return True

    # --- drawing ------------------------------------------------------------------------------------

    def show(self) -> None:
        """Draw all of it."""
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
        scale = Scale.of(values)
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
        """The first map that is drawn, and how many there is room for."""
        maps, rows, _ = self.grid
        count = max(1, min(maps, (height - MAP_ROWS + 2) // (rows + 2)))
        return self.facet // count * count, count

    def _room_across(self, width: int) -> int:
        """How many columns there is room for."""
        longest = max(len(self._row_label(row)) for row in range(self.grid[1]))
        return max((width - min(longest, width // 3) - 1) // LEAST_WIDTH, 1)

    def _first_cell(self, height: int, width: int) -> tuple[int, int]:
        """The first row and column in sight: a map larger than the screen scrolls with the cursor."""
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
        """What the cell of a run shows that has no number yet, or none at all."""
        result = self.state.results.get(point)
        if result is not None:
            return SIGNS[result.ending]
        return GOING_ON if point in self.state.running else ""

    def _edge(self, point: int, row: int, column: int) -> str:
        """The border of stability, where it goes between this cell and the one before."""
        axes, place = self.state.plan.axes, self.state.plan.place(point)
        for axis, index, mark in zip(axes[-2:], place[-2:], (UPPER, LEFT)[-len(axes) :], strict=True):
            if axis.key != LEARNING_RATE:
                continue
            if (border := self.state.border(point)) is None:
                continue
            beyond = [float(value) > border for value in axis.values[: index + 1]]
            before = beyond[-2] if index else axis.values[0] > axis.values[-1]  # where the values fall
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
        """Which axis goes where, and what the signs say that there are."""
        names = self.state.plan.names
        down = f"↓ {names[-2]}{GAP}" if len(names) > 1 else ""
        there = {self._sign(point) for point in np.flatnonzero(~np.isfinite(values)).tolist()}
        signs = "  ".join(f"{sign} {said}" for sign, said in SIGNS_SAID.items() if sign in there)
        return text.plain(f"{down}→ {names[-1]}{GAP}{signs}").rstrip()

    def _border_said(self) -> str:
        """What the marks of the border are, where there are any."""
        sharpness, plan = self.state.sharpness, self.state.plan
        if sharpness is None or all(axis.key != LEARNING_RATE for axis in plan.axes[-2:]):
            return ""
        formula = BORDERS.get(plan.preset.train.rule.name, "2/λ")
        return f"{LEFT} {formula}, λ = {text.number(sharpness, 4)} where the first run begins"

    def _strip(self, values: Floats, width: int) -> Iterator[Content]:
        """One axis: the numbers as a curve, and how they are spread."""
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
            parts += ["  ", ("space", "bold $primary"), " begins, or goes on with what is left"]
        return Content.assemble(*parts)


def _number(name: str, value: float) -> str:
    """A count as a whole number, any other one in short."""
    return text.field(name, value) if counts(name) and value.is_integer() else short(value, WIDEST)


def _how_far(running: tuple[int, int] | None) -> str:
    """How far a run is that has no result yet, by its position and its planned end."""
    if running is None:
        return "not run yet"
    position, end = running
    done = position == end and end > 0
    if done:
        return f"{end:,} steps done; now running what it is compared with"
    return f"at step {position:,} of {end:,}"


def folded(parts: Iterable[str], width: int) -> list[str]:
    """The parts side by side, in as many lines as that takes."""
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
