"""A grid of numbers as coloured cells, with the labels of its axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from textual.content import Content

from gradstep.engine.records.ranges import Floats, finite_range, is_one_number, shares
from gradstep.tui.charts.curve import is_log
from gradstep.tui.text import FITTED_DIGITS, FITTED_WIDTH, digits_apart, fitted
from gradstep.tui.theme import HEAT, HEAT_BORDER, HEAT_TEXT

LEAST_WIDTH, GREATEST_WIDTH = 2, 9
LEFT, UPPER = "▌", "▀"
"""Marks of a border at the left or upper edge of a cell."""
ROOM_FOR_A_NUMBER = 7
NEUTRAL = " ·…"
"""Characters of cells without a number and without a fault: not begun, running, not measured."""


@dataclass(frozen=True)
class ColourScale:
    """Maps numbers to ten colours, by their logarithms if they are orders of magnitude apart."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def of(cls, values: Floats) -> ColourScale:
        """Return the scale over the finite values."""
        ends = finite_range(values)
        return cls(math.nan, math.nan, False) if ends is None else cls(*ends, is_log(values))

    def level(self, value: float) -> int | None:
        """Return the index of the colour; None for a value that is not finite."""
        if not math.isfinite(value) or math.isnan(self.low):
            return None
        if is_one_number(self.low, self.high):
            return 0
        low, high, at = (
            math.log(each) if self.logarithmic else each for each in (self.low, self.high, value)
        )
        share = float(shares(np.array(at), low, high))
        return min(max(int(share * len(HEAT)), 0), len(HEAT) - 1)


@dataclass(frozen=True)
class Cell:
    """A cell of the grid."""

    value: float
    otherwise: str = " "
    """A character to show where the value is not finite."""
    edge: str = ""
    """LEFT or UPPER: a border there."""


def heat(
    cells: Sequence[Sequence[Cell]],
    rows: Sequence[str],
    columns: Sequence[str],
    scale: ColourScale,
    width: int,
    cursor: tuple[int, int] | None,
) -> list[Content]:
    """Return a line for each row, with its label before it, and the labels of the columns below."""
    margin = min(max((len(label) for label in rows), default=0), width // 3)
    cell = cell_width(width, margin, len(columns))
    lines = []
    for j, (row, label) in enumerate(zip(cells, rows, strict=True)):
        at_row = cursor is not None and cursor[0] == j
        parts = [(f"{label[:margin]:>{margin}} ", "bold" if at_row else "$muted")]
        for i, one in enumerate(row):
            parts += _drawn(one, scale, cell, chosen=cursor == (j, i))
        lines.append(Content.assemble(*parts))
    lines.append(Content.assemble(" " * (margin + 1), (_ticks(columns, cell), "$muted")))
    return lines


def cell_width(width: int, margin: int, count: int) -> int:
    """Return how many terminal cells each of `count` columns gets beside a margin."""
    return min(max((width - margin - 1) // max(count, 1), LEAST_WIDTH), GREATEST_WIDTH)


def legend(scale: ColourScale) -> Content:
    """Return the colours, with the numbers at their ends."""
    if math.isnan(scale.low):
        return Content("")
    if is_one_number(scale.low, scale.high):
        return Content.assemble(f"{fitted(scale.low, FITTED_WIDTH)} ", ("0", _style(0)))
    swatch = [(str(level), _style(level)) for level in range(len(HEAT))]
    digits = digits_apart(scale.low, scale.high, least=FITTED_DIGITS)
    low, high = (fitted(end, FITTED_WIDTH) for end in (scale.low, scale.high))
    if digits > FITTED_DIGITS or low == high:
        low, high = (f"{end:.{digits}g}" for end in (scale.low, scale.high))
    kind = "  log" if scale.logarithmic else ""
    return Content.assemble(f"{low} ", *swatch, f" {high}", (kind, "$muted"))


def _drawn(cell: Cell, scale: ColourScale, width: int, *, chosen: bool) -> list[tuple[str, str]]:
    level = scale.level(cell.value)
    room = width - 1 - (chosen or bool(cell.edge))
    if level is None:
        ground = "$highlight" if cell.otherwise in " ·" else "$background"
        colour = "$muted" if cell.otherwise in NEUTRAL else "bold $error"
        inside, style = cell.otherwise, f"{colour} on {ground}"
    else:
        inside = fitted(cell.value, room) if width >= ROOM_FOR_A_NUMBER else str(level)
        ground, style = HEAT[level], _style(level)
    if chosen:
        text = f"[{inside:^{width - 2}}]" if width > LEAST_WIDTH else f"[{inside[:1] or ' '}"
        return [(text, f"bold reverse {style}")]
    if cell.edge:
        return [(cell.edge, f"{HEAT_BORDER} on {ground}"), (f"{inside[:room]:^{room}} ", style)]
    return [(f"{inside[:room]:^{room}} ", style)]


def _style(level: int) -> str:
    return f"{HEAT_TEXT[level >= len(HEAT) // 2]} on {HEAT[level]}"


def _ticks(labels: Sequence[str], cell: int) -> str:
    """Return labels under their columns, as many as have room."""
    longest = max(map(len, labels), default=1) + 1
    every = max(1, -(-longest // cell))
    return "".join(f"{label:<{every * cell}}"[: every * cell] for label in labels[::every]).rstrip()
