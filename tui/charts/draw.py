"""Draw series as lines of the screen: the title, the plot with its left axis, the steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from textual.strip import Strip

from gradstep.tui.charts import reduce, styles
from gradstep.tui.charts.axis import ValueAxis, value_axis, value_ticks
from gradstep.tui.charts.canvas import NO_TICK, Canvas
from gradstep.tui.charts.reduce import Reduced
from gradstep.tui.charts.series import Mark, Role, Series
from gradstep.tui.charts.styles import BACK_TO_FRONT, LINE_STYLES
from gradstep.tui.charts.title import NAME, PLAIN, QUIET, WARNING, Words, title_line
from gradstep.tui.text import reading

NOT_FINITE = reduce.NAN | reduce.POSITIVE_INFINITY | reduce.NEGATIVE_INFINITY
READING_WIDTH = 7
"""Cells of a value in the legend, so that its digits do not shift the line."""
LEGEND_RANK = {Role.RAW: 3, Role.GHOST: 2}
NO_STEPS = "no steps yet"


@dataclass(frozen=True)
class Picture:
    """A drawn chart. Hand its axis to the next drawing, so that it stays where it can."""

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
    """Draw steps from `x_range[0]` to `x_range[1]` into width × height cells.

    `before` is the previous drawing's axis. `count` tells that values are whole numbers. `empty` is the text
    of a chart without values.
    """
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
    axis = value_axis(drawn, log=log, before=before)
    ghosts = [view.series.name for view in shown if view.series.role is Role.GHOST]
    signs = dict(zip(ghosts, cycle(styles.BRANCH_SIGNS), strict=False))
    scale = "lin, no log: nothing is > 0" if refused else "log" if log else "lin"
    left = [Words(title, NAME, 9), Words(scale, QUIET, 6), *_readings(shown, cursor, log=log, count=count)]
    left += [Words(m.text, styles.MARK.style, 5) for m in marks if m.position == cursor and m.text]
    strips = [title_line(left, _legend(shown, cursor, signs, ascii=ascii), width)]
    if height > 1:
        ticks = value_ticks(axis, height - 3) if len(drawn) else [NO_TICK]
        canvas = Canvas(width, height - 1, x_range, axis, ticks, ascii)
        canvas.verticals([mark.position for mark in marks if mark.kind != "fork"], styles.MARK)
        for role in BACK_TO_FRONT:
            for view in shown:
                if view.series.role is role:
                    canvas.line(view.reduced, LINE_STYLES[role])
        for view in shown:
            if view.series.role is Role.GHOST:
                canvas.end(view.reduced, signs[view.series.name])
        canvas.at_top([mark.position for mark in marks if mark.kind == "fork"], styles.FORK)
        for view in shown:
            if view.series.role not in (Role.GHOST, Role.SMOOTHED):
                canvas.undrawable(view.reduced, log)
        canvas.verticals([] if cursor is None else [cursor], styles.CURSOR)
        if not any(len(v.reduced.steps) for v in shown):
            canvas.note(empty)
        strips += canvas.build()
    return Picture(strips, axis)


@dataclass(frozen=True)
class _View:
    """A series and its visible part: positions [first, last)."""

    series: Series
    first: int
    last: int
    reduced: Reduced

    @classmethod
    def of(cls, series: Series, x_range: tuple[int, int], columns: int, *, positive: bool) -> "_View":
        first, last = series.points.between(*x_range)
        return cls(series, first, last, series.points.query(first, last, columns, positive=positive))

    def value(self, cursor: int | None) -> tuple[int, float] | None:
        """Return the step and the value at the cursor, or the last; None if there is none."""
        points = self.series.points
        if not len(points):
            return None
        return points.at(int(points.steps[-1]) if cursor is None else cursor)

    def warning(self, log: bool) -> str:
        """Return words for values that cannot be drawn: at which step, or from which step on."""
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


def _main(shown: Sequence[_View]) -> int:
    """Return the index of the run's own line, whose value stands in the title."""
    return next((i for i, v in enumerate(shown) if v.series.role in (Role.TRAIN, Role.RAW)), 0)


def _readings(shown: Sequence[_View], cursor: int | None, *, log: bool, count: bool) -> list[Words]:
    """Return the value of the run's own line, and warnings of all lines."""
    words = []
    main = _main(shown)
    if shown and (at := shown[main].value(cursor)) is not None:
        read = reading(at[1], count=count)
        words.append(Words(read if cursor is None else f"step {at[0]}: {read}", PLAIN, 8))
    for i, view in enumerate(shown):
        warning = view.warning(log) if view.series.role not in (Role.GHOST, Role.SMOOTHED) else ""
        if warning:
            words.append(Words(warning if i == main else f"{view.series.name} {warning}", WARNING, 7))
    return words


def _legend(
    shown: Sequence[_View],
    cursor: int | None,
    signs: Mapping[str, str],
    *,
    ascii: bool,  # noqa: A002
) -> list[Words]:
    """Return symbol, name and value of each line; nothing for one line alone."""
    legend = []
    for i, view in enumerate(shown) if len(shown) > 1 else ():
        style = LINE_STYLES[view.series.role]
        at = view.value(cursor)
        line = (style.plain if ascii else style.symbol) + signs.get(view.series.name, "")
        brief = text = f"{line} {view.series.name}"
        if i != _main(shown) and at is not None and view.series.role is not Role.GHOST:
            text += f" {reading(at[1]):<{READING_WIDTH}}"
        legend.append(Words(text, style.style, LEGEND_RANK.get(view.series.role, 4), brief))
    return legend
