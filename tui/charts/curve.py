"""A small curve in braille dots, with a second curve behind it and signs on it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from textual.content import Content

from gradstep.engine.records.ranges import Floats, finite_range, shares
from gradstep.tui.charts.dots import braille, trace

LOG_FROM = 1e3
"""The ratio of greatest to least above which positive values are drawn on a log scale."""


def is_log(values: Floats) -> bool:
    """Return whether to draw values on a log scale."""
    ends = finite_range(values)
    return ends is not None and ends[0] > 0 and ends[1] > LOG_FROM * ends[0]


def curve(
    x: Floats,
    y: Floats,
    size: tuple[int, int],
    *,
    behind: Floats | None = None,
    signs: Sequence[tuple[float, float, str, str]] = (),
    joined: bool = True,
    style: str = "$primary",
    axes: tuple[Floats, Floats] | None = None,
) -> list[Content]:
    """Return the lines of a drawing of `size` (columns, rows).

    The axes cover x and the finite values of y, or the x and y of `axes`, which two drawings can share.
    `behind` are fainter values at the same x, cut off where y ends. A sign is (x, y, character, style).
    """
    width, height = size
    all_x, all_y = (x, y) if axes is None else axes
    logarithmic = is_log(all_y)
    x_at = _scale(x, all_x, 2 * width)
    cells: dict[tuple[int, int], tuple[str, str]] = {}
    for values, colour in ((behind, "$faint"), (y, style)):
        if values is None:
            continue
        rows = _rows(values, all_y, 4 * height, logarithmic)
        drawn = np.isfinite(rows) & np.isfinite(x_at)
        columns = np.where(drawn, x_at, 0).astype(np.int64)
        if joined:
            dots = trace(columns, np.where(drawn, rows, np.nan))
        else:
            dots = columns[drawn], rows[drawn].astype(np.int64)
        at_columns, at_rows, characters = braille(*dots)
        for at in zip(at_columns.tolist(), at_rows.tolist(), characters, strict=True):
            cells[at[:2]] = (at[2], colour)
    for sign_x, sign_y, character, colour in signs:
        column = _scale(np.array([sign_x]), all_x, 2 * width)[0] // 2
        row = _rows(np.array([sign_y]), all_y, 4 * height, logarithmic)[0] // 4
        if math.isfinite(column) and math.isfinite(row):
            cells[int(column), int(row)] = (character, colour)
    return [
        Content.assemble(*(cells.get((column, row), " ") for column in range(width)))
        for row in reversed(range(height))
    ]


def _rows(values: Floats, seen: Floats, dots: int, logarithmic: bool) -> Floats:
    if logarithmic:
        with np.errstate(all="ignore"):
            values, seen = np.log(values), np.log(seen)
    return _scale(values, seen, dots)


def _scale(values: Floats, seen: Floats, dots: int) -> Floats:
    """Return the index of the dot of each value, of `dots` over the range of `seen`; NaN outside."""
    ends = finite_range(seen)
    if ends is None:
        return np.full(len(values), np.nan)
    placed = np.rint(shares(values, *ends) * (dots - 1))
    return np.where(np.isfinite(values) & (placed >= 0) & (placed < dots), placed, np.nan)
