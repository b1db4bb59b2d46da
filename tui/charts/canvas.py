"""The plot of a chart: lines, marks and signs in cells, inside the frame of axes."""

import textwrap
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gradstep.engine.records.ranges import Floats, Ints
from gradstep.tui.charts import styles
from gradstep.tui.charts.axis import LABEL_WIDTH, Tick, ValueAxis, step_ticks
from gradstep.tui.charts.dots import braille, distinct, trace
from gradstep.tui.charts.frame import frame
from gradstep.tui.charts.reduce import Reduced
from gradstep.tui.charts.styles import LineStyle
from gradstep.tui.charts.title import PLAIN

LEAST_CANVAS = 4
"""Columns. Where labels would leave fewer, they are left out."""
DASH = 4
"""Dots from the start of a dash to the next start. Half of them are drawn."""
OUTSIDE = 2.0
NO_TICK = Tick(OUTSIDE, " " * LABEL_WIDTH)
"""Keeps the room for labels where there are none."""


class Canvas:
    """The cells of a plot. Columns and rows count from the lower left; a cell has 2 × 4 dots."""

    def __init__(
        self,
        width: int,
        height: int,
        x_range: tuple[int, int],
        axis: ValueAxis,
        ticks: Sequence[Tick],
        ascii: bool,  # noqa: A002
    ) -> None:
        gutter = len(ticks[0].label)
        if width - gutter - 1 < LEAST_CANVAS:
            ticks, gutter = [Tick(OUTSIDE, "")], 0
        self._columns, self._rows = max(1, width - gutter - 1), max(1, height - 2)
        self._x_range, self._axis, self._ascii = x_range, axis, ascii
        self._size = width, height
        self._cells: dict[int, dict[int, tuple[str, Style]]] = {}
        """By row and column: a character and its style."""
        self._y_ticks = {self._row(tick.place): tick.label for tick in ticks}
        steps = step_ticks(*x_range, self._columns)
        self._x_ticks = {
            int(_index(np.array([t.place]), 2 * self._columns).item()) // 2: t.label for t in steps
        }

    def line(self, points: Reduced, style: LineStyle) -> None:
        """Draw a line from point to point, or the points alone if the style is not joined."""
        dotted = style.joined and not self._ascii
        x = self._dot(points.steps)
        y = _index(self._axis.place(points.values), 4 * self._rows)
        if not dotted:
            x, y = x // 2, y // 4
        if style.joined:
            x, levels = trace(x, y)
        else:
            x, levels = x[np.isfinite(y)], y[np.isfinite(y)].astype(np.int64)
        if dotted and style.dashed:
            drawn = np.arange(len(x)) % DASH < DASH // 2
            x, levels = x[drawn], levels[drawn]
        characters = None
        if dotted:
            x, levels, characters = braille(x, levels)
        self._scatter(x, levels, style, characters)

    def end(self, points: Reduced, sign: str) -> None:
        """Put a sign on the last point of a line, over other lines; left of another sign there."""
        drawn = np.flatnonzero(np.isfinite(points.values))[-1:]
        x = self._dot(points.steps[drawn]) // 2
        y = _index(self._axis.place(points.values[drawn]), 4 * self._rows).astype(np.int64) // 4
        signs = {
            column
            for row in y.tolist()
            for column, (_, style) in self._cells.get(row, {}).items()
            if style == styles.BRANCH_END.style
        }
        while x.size and int(x[0]) in signs and x[0] > 0:
            x = x - 1
        self._scatter(x, y, styles.BRANCH_END, [sign] * len(x))

    def at_top(self, steps: Sequence[int], style: LineStyle) -> None:
        """Put signs on the upper edge at the visible ones of the steps."""
        columns = self._columns_of(steps)
        self._scatter(columns, np.full(len(columns), self._rows - 1), style)

    def undrawable(self, points: Reduced, log: bool) -> None:
        """Put signs on the edges where values are not finite, or not positive on a log scale."""
        top, bottom = self._rows - 1, 0
        signs = [(points.not_positive, bottom, styles.NOT_POSITIVE)] if log else []
        signs.append((points.negative_infinity, bottom, styles.FALLEN))
        signs.append((points.positive_infinity, top, styles.RISEN))
        signs.append((points.nan, top, styles.NAN))
        for steps, row, style in signs:
            cells = distinct(self._dot(steps) // 2)
            self._scatter(cells, np.full(len(cells), row), style)

    def verticals(self, steps: Sequence[int], style: LineStyle) -> None:
        """Draw lines from edge to edge at the visible ones of the steps."""
        columns, rows = self._columns_of(steps), np.arange(self._rows)
        self._scatter(np.repeat(columns, len(rows)), np.tile(rows, len(columns)), style)

    def note(self, text: str) -> None:
        """Write words in the middle, on several lines if needed; nothing if they do not fit."""
        lines = textwrap.wrap(text, self._columns, break_long_words=False)
        if all(len(line) <= self._columns for line in lines) and len(lines) <= self._rows:
            top = (self._rows + len(lines)) // 2
            for at, line in enumerate(lines):
                columns = np.arange(len(line)) + (self._columns - len(line)) // 2
                self._scatter(columns, np.full(len(line), max(top - at, 1) - 1), styles.AXIS, [*line])

    def build(self) -> list[Strip]:
        """Return frame and plot as lines of the full width."""
        ticks = tuple(self._x_ticks.items()), tuple(self._y_ticks.items())
        strips = [*frame(self._size, (self._columns, self._rows), *ticks)]
        left = self._size[0] - self._columns
        for row, cells in self._cells.items():
            y = self._rows - 1 - row
            if y < len(strips):
                strips[y] = Strip([*strips[y].crop(0, left), *_segments(cells, self._columns)], self._size[0])
        return strips

    def _columns_of(self, steps: Sequence[int]) -> Ints:
        """Return the columns of the visible ones of the steps."""
        low, high = self._x_range
        seen = np.array([step for step in steps if low <= step <= high], dtype=np.int64)
        return distinct(self._dot(seen) // 2)

    def _scatter(
        self, columns: Ints, rows: Ints, style: LineStyle, characters: list[str] | None = None
    ) -> None:
        """Put the marker of a style, or one character each, into cells."""
        marker, in_rich = style.plain if self._ascii else style.marker, style.style
        for x, y, character in zip(
            columns.tolist(), rows.tolist(), characters or [marker] * len(columns), strict=True
        ):
            self._cells.setdefault(y, {})[x] = character, in_rich

    def _dot(self, steps: Ints) -> Ints:
        low, high = self._x_range
        part = np.clip((steps.astype(np.float64) - low) / max(high - low, 1), 0, 1)
        return _index(part, 2 * self._columns).astype(np.int64)

    def _row(self, place: float) -> int:
        return int(_index(np.array([place]), 4 * self._rows).item()) // 4


def _segments(cells: dict[int, tuple[str, Style]], columns: int) -> list[Segment]:
    row = [cells.get(x, (" ", PLAIN)) for x in range(columns)]
    return [
        Segment("".join(character for character, _ in run), style)
        for style, run in groupby(row, key=lambda cell: cell[1])
    ]


def _index(places: Floats, count: int) -> Floats:
    """Return the nearest of `count` dots, from 0. Rounding first makes 0.4999999 and 0.5 one place."""
    index: Floats = np.floor(0.5 + np.round(places * (count - 1), 6))
    return index
