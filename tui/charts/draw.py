"""Draws series as one picture, a list of strips: the title line, the plot with its left axis, the steps.

plotext sets the axes, which most frames of a run leave as they were; what is between them are cells, put
there by their numbers. It is given places between 0 and 1 only, so that no logarithm, no value that is not
finite and no overflow ever reaches it. Its figure is global: draw on one thread.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, groupby

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gradstep.engine.records.ranges import Floats, Ints
from gradstep.tui.charts import reduce, styles
from gradstep.tui.charts.axis import LABEL_WIDTH, Tick, ValueAxis, step_ticks, value_axis, value_ticks
from gradstep.tui.charts.dots import braille, distinct, trace
from gradstep.tui.charts.frame import frame
from gradstep.tui.charts.reduce import Envelope, Reduced
from gradstep.tui.charts.series import Mark, Role, Series
from gradstep.tui.charts.styles import BACK_TO_FRONT, LINE_STYLES, LineStyle
from gradstep.tui.charts.title import NAME, PLAIN, QUIET, WARNING, Words, title_line
from gradstep.tui.text import reading

LEAST_CANVAS = 4  # cells; on a chart narrower than this beside its labels, the labels go
NOT_FINITE = reduce.NAN | reduce.POSITIVE_INFINITY | reduce.NEGATIVE_INFINITY
READING_WIDTH = 7  # of a value in the legend, so that it does not shift with its digits
LEGEND_RANK = {Role.RAW: 3, Role.GHOST: 2}
OUTSIDE = 2.0
NO_TICK = Tick(OUTSIDE, " " * LABEL_WIDTH)  # keeps the room for labels where there are none
NO_STEPS = "no steps yet"
DASH = 4  # dots of a dashed line from the beginning of a dash to that of the next; half of them are drawn


@dataclass(frozen=True)
class Picture:
    """A drawn chart; its scale is to be handed to the next drawing, so that the axis stays where it can."""

    strips: list[Strip]
    axis: ValueAxis


def draw(
    series: Sequence[Series],
    width: int,
    height: int,
    *,
    title: str,
    x_range: tuple[int, int],
    log: bool = False,
    before: ValueAxis | None = None,
    marks: Sequence[Mark] = (),
    cursor: int | None = None,
    count: bool = False,
    empty: str = NO_STEPS,
    ascii: bool = False,  # noqa: A002
) -> Picture:
    """Draw the steps `x_range` of the series into width × height cells; `empty` says why there are none, and
    `count` that the values are whole numbers to read."""
    if width < 1 or height < 1:
        return Picture([Strip([])] * height, before or ValueAxis(0.0, 1.0, log))
    shown = [_View.of(s, x_range, width * 2, positive=False) for s in series]
    some = any(len(v.reduced.values) for v in shown)
    refused = log and some and not any(np.any(v.reduced.values > 0) for v in shown)
    log = log and not refused
    if log:
        shown = [_View.of(s, x_range, width * 2, positive=True) for s in series]
    drawn = np.concatenate([np.empty(0), *(v.reduced.values for v in shown)])
    drawn = drawn[np.isfinite(drawn)]
    scale = value_axis(drawn, log=log, before=before)
    ghosts = [view.series.name for view in shown if view.series.role is Role.GHOST]
    signs = dict(zip(ghosts, cycle(styles.BRANCH_SIGNS), strict=False))
    strips = [
        _title(
            shown,
            width,
            title,
            signs,
            log=log,
            refused=refused,
            marks=marks,
            cursor=cursor,
            count=count,
            ascii=ascii,
        )
    ]
    if height > 1:
        ticks = value_ticks(scale, height - 3) if len(drawn) else [NO_TICK]
        canvas = _Canvas(width, height - 1, x_range, scale, ticks, ascii)
        canvas.verticals([mark.position for mark in marks if mark.kind != "fork"], styles.MARK)
        for role in BACK_TO_FRONT:
            for view in shown:
                if view.series.role is role:
                    canvas.line(view)
        for view in shown:
            if view.series.role is Role.GHOST:
                canvas.end(view, signs[view.series.name])
        canvas.at_top([mark.position for mark in marks if mark.kind == "fork"], styles.FORK)
        for view in shown:
            if view.series.role not in (Role.GHOST, Role.SMOOTHED):
                canvas.undrawable(view.reduced, log)
        canvas.verticals([] if cursor is None else [cursor], styles.CURSOR)
        if not any(len(v.reduced.steps) for v in shown):
            canvas.note(empty)
        strips += canvas.build()
    return Picture(strips, scale)


@dataclass(frozen=True)
class _View:
    """A series and what of it is in sight."""

    series: Series
    first: int
    last: int
    reduced: Reduced

    @classmethod
    def of(cls, series: Series, x_range: tuple[int, int], columns: int, *, positive: bool) -> "_View":
        first, last = series.points.between(*x_range)
        return cls(series, first, last, series.points.query(first, last, columns, positive=positive))

    def warning(self, log: bool) -> str:
        """In words: from which step on, or at which step first, there is something that can't be drawn."""
        points = self.series.points
        words = []
        at = points.first_flagged(self.first, self.last, NOT_FINITE)
        if at is not None:
            rest = points.query(at, self.last, 1).values
            words.append(f"{reading(float(points.values[at]))} {'at' if np.isfinite(rest).any() else 'from'}")
            words[-1] += f" {points.steps[at]}"
        at = points.first_flagged(self.first, self.last, reduce.NOT_POSITIVE) if log else None
        if at is not None:
            words.append(f"≤0 at {points.steps[at]}")
        return ", ".join(words)


def _title(
    shown: Sequence[_View],
    width: int,
    title: str,
    signs: Mapping[str, str],
    *,
    log: bool,
    refused: bool,
    marks: Sequence[Mark],
    cursor: int | None,
    count: bool,
    ascii: bool,  # noqa: A002
) -> Strip:
    scale = "lin, no log: nothing is > 0" if refused else "log" if log else "lin"
    left = [Words(title, NAME, 9), Words(scale, QUIET, 6)]
    values = [_value(v.series.points, cursor) for v in shown]
    main = next((i for i, v in enumerate(shown) if v.series.role in (Role.TRAIN, Role.RAW)), 0)
    if shown and values[main] is not None:
        step, value = values[main] or (0, 0.0)
        read = reading(value, count=count)
        left.append(Words(read if cursor is None else f"step {step}: {read}", PLAIN, 8))
    for i, view in enumerate(shown):
        warning = view.warning(log) if view.series.role not in (Role.GHOST, Role.SMOOTHED) else ""
        if warning:
            left.append(Words(warning if i == main else f"{view.series.name} {warning}", WARNING, 7))
    left += [Words(m.text, styles.MARK.style, 5) for m in marks if m.position == cursor and m.text]
    legend = []
    for i, view in enumerate(shown) if len(shown) > 1 else ():
        style = LINE_STYLES[view.series.role]
        at = values[i]
        line = (style.plain if ascii else style.symbol) + signs.get(view.series.name, "")
        brief = text = f"{line} {view.series.name}"
        if i != main and at is not None and view.series.role is not Role.GHOST:
            text += f" {reading(at[1]):<{READING_WIDTH}}"
        legend.append(Words(text, style.style, LEGEND_RANK.get(view.series.role, 4), brief))
    return title_line(left, legend, width)


def _value(points: Envelope, cursor: int | None) -> tuple[int, float] | None:
    if not len(points):
        return None
    return points.at(int(points.steps[-1]) if cursor is None else cursor)


class _Canvas:
    """What is on the plot: dots and cells are addressed by number, from the lower left."""

    def __init__(
        self,
        width: int,
        height: int,
        x_range: tuple[int, int],
        scale: ValueAxis,
        ticks: Sequence[Tick],
        ascii: bool,  # noqa: A002
    ) -> None:
        gutter = len(ticks[0].label)
        if width - gutter - 1 < LEAST_CANVAS:
            ticks, gutter = [Tick(OUTSIDE, "")], 0
        self._columns, self._rows = max(1, width - gutter - 1), max(1, height - 2)
        self._x_range, self._scale, self._ascii = x_range, scale, ascii
        self._size = width, height
        self._cells: dict[int, dict[int, tuple[str, Style]]] = {}
        """By row and column, a character and its style."""
        self._y_ticks = {self._row(tick.place): tick.label for tick in ticks}
        steps = step_ticks(*x_range, self._columns)
        self._x_ticks = {
            int(_index(np.array([t.place]), 2 * self._columns).item()) // 2: t.label for t in steps
        }

    def line(self, view: _View) -> None:
        """A line from point to point, or the points alone where they are to look sparse."""
        style = LINE_STYLES[view.series.role]
        dotted = style.joined and not self._ascii
        x = self._dot(view.reduced.steps)
        y = _index(self._scale.place(view.reduced.values), 4 * self._rows)
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

    def end(self, view: _View, sign: str) -> None:
        """A sign where a line ends, seen where another line covers it too; left of one that is there."""
        drawn = np.flatnonzero(np.isfinite(view.reduced.values))[-1:]
        x = self._dot(view.reduced.steps[drawn]) // 2
        y = _index(self._scale.place(view.reduced.values[drawn]), 4 * self._rows).astype(np.int64) // 4
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
        """Signs at the upper edge at those of the steps that are in sight."""
        columns = self._columns_of(steps)
        self._scatter(columns, np.full(len(columns), self._rows - 1), style)

    def undrawable(self, reduced: Reduced, log: bool) -> None:
        """Signs at the upper and lower edge where values are not finite, or on a log scale not positive."""
        top, bottom = self._rows - 1, 0
        signs = [(reduced.not_positive, bottom, styles.NOT_POSITIVE)] if log else []
        signs.append((reduced.negative_infinity, bottom, styles.FALLEN))
        signs.append((reduced.positive_infinity, top, styles.RISEN))
        signs.append((reduced.nan, top, styles.NAN))
        for steps, row, style in signs:
            cells = distinct(self._dot(steps) // 2)
            self._scatter(cells, np.full(len(cells), row), style)

    def verticals(self, steps: Sequence[int], style: LineStyle) -> None:
        """Lines from edge to edge at those of the steps that are in sight."""
        columns, rows = self._columns_of(steps), np.arange(self._rows)
        self._scatter(np.repeat(columns, len(rows)), np.tile(rows, len(columns)), style)

    def note(self, text: str) -> None:
        """Words in the middle, on as many lines as they need."""
        lines = textwrap.wrap(text, self._columns, break_long_words=False)
        if all(len(line) <= self._columns for line in lines) and len(lines) <= self._rows:
            top = (self._rows + len(lines)) // 2
            for at, line in enumerate(lines):
                columns = np.arange(len(line)) + (self._columns - len(line)) // 2
                self._scatter(columns, np.full(len(line), max(top - at, 1) - 1), styles.AXIS, [*line])

    def _columns_of(self, steps: Sequence[int]) -> Ints:
        """The columns of those of the steps that are in sight."""
        low, high = self._x_range
        seen = np.array([step for step in steps if low <= step <= high], dtype=np.int64)
        return distinct(self._dot(seen) // 2)

    def build(self) -> list[Strip]:
        """The figure as strips, each of the full width."""
        ticks = tuple(self._x_ticks.items()), tuple(self._y_ticks.items())
        strips = [*frame(self._size, (self._columns, self._rows), *ticks)]
        left = self._size[0] - self._columns
        for row, cells in self._cells.items():
            y = self._rows - 1 - row
            if y < len(strips):
                strips[y] = Strip([*strips[y].crop(0, left), *_segments(cells, self._columns)], self._size[0])
        return strips

    def _scatter(
        self, columns: Ints, rows: Ints, style: LineStyle, characters: list[str] | None = None
    ) -> None:
        """Put the marker of a look, or a character each, into cells."""
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
    """A row of cells, blank where there is nothing."""
    row = [cells.get(x, (" ", PLAIN)) for x in range(columns)]
    return [
        Segment("".join(character for character, _ in run), style)
        for style, run in groupby(row, key=lambda cell: cell[1])
    ]


def _index(places: Floats, count: int) -> Floats:
    """Which of `count` dots a place is nearest to; rounded first, so that 0.4999999 and 0.5 are one place."""
    index: Floats = np.floor(0.5 + np.round(places * (count - 1), 6))
    return index
