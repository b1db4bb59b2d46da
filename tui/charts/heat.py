"""A grid of numbers as coloured cells, with its axes' labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from textual.content import Content

from gradstep.engine.records.ranges import Floats, finite_range, is_one_number, shares
from gradstep.tui.charts.curve import is_log
from gradstep.tui.text import FITTED_DIGITS, FITTED_WIDTH, digits_apart, fitted

COLOURS = (
    "#00005f", "#00005f", "#005f87", "#008787", "#00875f",
    "#5faf5f", "#87af00", "#d7af00", "#ffaf00", "#ffd787",
)  # fmt: skip
"""From the least to the greatest; of the 256-colour cube, lighter from step to step."""
DARK = 5
"""From this colour on, text on it is dark."""
LEAST_WIDTH, GREATEST_WIDTH = 2, 9
LEFT, UPPER = "▌", "▀"
"""The marks of a border at a cell's left or upper edge."""
BORDER = "#ff0000"
ROOM_FOR_A_NUMBER = 7
NEUTRAL = " ·…"
"""The characters of cells that have no number, and nothing wrong: not begun, going on, none to have."""


@dataclass(frozen=True)
class ColourScale:
    """From numbers to ten colours, by their logarithms where they are orders of magnitude apart."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def of(cls, values: Floats) -> ColourScale:
        """The scale over the finite ones."""
        ends = finite_range(values)
        return cls(math.nan, math.nan, False) if ends is None else cls(*ends, is_log(values))

    def level(self, value: float) -> int | None:
        """Which of the colours; None for what is not finite."""
        if not math.isfinite(value) or math.isnan(self.low):
            return None
        if is_one_number(self.low, self.high):
            return 0
        low, high, at = (
            math.log(each) if self.logarithmic else each for each in (self.low, self.high, value)
        )
        share = float(shares(np.array(at), low, high))
        return min(max(int(share * len(COLOURS)), 0), len(COLOURS) - 1)


@dataclass(frozen=True)
class Cell:
    """What one cell shows beside its number: a character where it has none, and whether a border is at its
    left or upper edge."""

    value: float
    otherwise: str = " "
    edge: str = ""


def heat(
    cells: Sequence[Sequence[Cell]],
    rows: Sequence[str],
    columns: Sequence[str],
    scale: ColourScale,
    width: int,
    cursor: tuple[int, int] | None,
) -> list[Content]:
    """The lines: a row of cells each, its label before it, and the columns' labels below."""
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
    """The cells of the terminal that one of so many columns has."""
    return min(max((width - margin - 1) // max(count, 1), LEAST_WIDTH), GREATEST_WIDTH)


def legend(scale: ColourScale) -> Content:
    """The colours, with the numbers at their ends."""
    if math.isnan(scale.low):
        return Content("")
    if is_one_number(scale.low, scale.high):
        return Content.assemble(f"{fitted(scale.low, FITTED_WIDTH)} ", ("0", _style(0)))
    swatch = [(str(level), _style(level)) for level in range(len(COLOURS))]
    digits = digits_apart(scale.low, scale.high, least=FITTED_DIGITS)
    low, high = (
        fitted(end, FITTED_WIDTH) if digits == FITTED_DIGITS else f"{end:.{digits}g}"
        for end in (scale.low, scale.high)
    )
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
        ground, style = COLOURS[level], _style(level)
    if chosen:
        text = f"[{inside:^{width - 2}}]" if width > LEAST_WIDTH else f"[{inside[:1] or ' '}"
        return [(text, f"bold reverse {style}")]
    if cell.edge:
        return [(cell.edge, f"{BORDER} on {ground}"), (f"{inside[:room]:^{room}} ", style)]
    return [(f"{inside[:room]:^{room}} ", style)]


def _style(level: int) -> str:
    return f"{'#121212' if level >= DARK else '#d0d0d0'} on {COLOURS[level]}"


def _ticks(labels: Sequence[str], cell: int) -> str:
    """The labels under their columns, as many as have room."""
    longest = max(map(len, labels), default=1) + 1
    every = max(1, -(-longest // cell))
    return "".join(f"{label:<{every * cell}}"[: every * cell] for label in labels[::every]).rstrip()
