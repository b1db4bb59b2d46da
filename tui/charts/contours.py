"""A surface seen from above, darker where it is lower, with signs on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from textual.content import Content

from gradstep.engine.records.ranges import Floats, evenly, finite_range, is_one_number, shares, unit_for
from gradstep.tui.theme import BEYOND_HEIGHTS, HEIGHT_SIGN, HEIGHT_TEXT, HEIGHTS, NO_HEIGHT

LEVELS = tuple((grey, "· "[at % 2]) for at, grey in enumerate(HEIGHTS))
"""Colours and patterns of the bands from the lowest up. Neighbours differ without colour, too."""
UNKNOWN = (NO_HEIGHT, "✗")
BEYOND = (BEYOND_HEIGHTS, " ")
"""Places outside the grid."""


def contours(
    x: Floats,
    y: Floats,
    heights: Floats,
    size: tuple[int, int],
    signs: Sequence[tuple[float, float, str]] = (),
    *,
    limits: Floats | None = None,
    window: tuple[Floats, Floats] | None = None,
) -> list[Content]:
    """Return the lines of a surface with `heights[j, i]` at x[i], y[j]; y grows upwards.

    Each band holds the same number of grid points. A sign is (x, y, character); signs outside are left out.
    For two drawings with the same bands and axes, pass both the same `limits`, from `band_limits`, and the
    same `window`, the x and y to show.
    """
    width, height = size
    limits = band_limits(heights) if limits is None else limits
    all_x, all_y = (x, y) if window is None else window
    columns = _grid_points(all_x, x, width)
    rows = _grid_points(all_y, y, height)[::-1]
    cells = [[_level(heights, row, column, limits) for column in columns] for row in rows]
    marked: dict[tuple[int, int], str] = {}
    for at_x, at_y, character in signs:
        column, row = _cell(at_x, all_x, width), _cell(at_y, all_y, height)
        if column is not None and row is not None:
            marked[height - 1 - row, column] = character
    return [
        Content.assemble(
            *(
                (marked[j, i], f"bold {HEIGHT_SIGN} on {colour}")
                if (j, i) in marked
                else (pattern, f"{HEIGHT_TEXT} on {colour}")
                for i, (colour, pattern) in enumerate(line)
            )
        )
        for j, line in enumerate(cells)
    ]


def band_limits(*heights: Floats) -> Floats:
    """Return the heights between the bands of one surface, or of several together."""
    together = np.concatenate([each.ravel() for each in heights])
    ends = finite_range(together)
    if ends is None or is_one_number(*ends):
        return np.array([np.inf])  # everything lies in the lowest band
    unit = unit_for(*ends)
    finite = together[np.isfinite(together)] * unit
    limits: Floats = np.quantile(finite, np.linspace(0, 1, len(LEVELS) + 1)[1:-1]) / unit
    return limits


def _level(heights: Floats, row: int, column: int, limits: Floats) -> tuple[str, str]:
    if row < 0 or column < 0:
        return BEYOND
    value = heights[row, column]
    return LEVELS[int(np.searchsorted(limits, value, "right"))] if np.isfinite(value) else UNKNOWN


def _grid_points(seen: Floats, axis: Floats, cells: int) -> list[int]:
    """Return the index of the grid point that each cell shows; −1 outside the grid."""
    if not (np.isfinite(seen).all() and np.isfinite(axis).all()):
        return [round(at) for at in np.linspace(0, len(axis) - 1, cells).tolist()]
    places = evenly(float(seen.min()), float(seen.max()), cells)
    points = np.rint(shares(places, float(axis[0]), float(axis[-1])) * (len(axis) - 1))
    return [int(point) if 0 <= point < len(axis) else -1 for point in points.tolist()]


def _cell(value: float, axis: Floats, cells: int) -> int | None:
    """Return the index of the cell along an axis that holds a value; None outside."""
    first, last = float(axis.min()), float(axis.max())
    if not (np.isfinite(axis).all() and first <= value <= last):
        return None
    return round(float(shares(np.array(value), first, last)) * (cells - 1))
