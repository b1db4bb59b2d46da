"""A surface from above: the darker the lower, with signs on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from textual.content import Content

from gradstep.engine.records.ranges import Floats, evenly, finite_range, is_one_number, shares, unit_for

GREYS = ("#1c1c1c", "#303030", "#444444", "#585858", "#6c6c6c", "#808080", "#949494", "#a8a8a8")
LEVELS = tuple((grey, "· "[at % 2]) for at, grey in enumerate(GREYS))
"""Colour and pattern of the bands between contours, from the lowest up: they differ without colour too."""
UNKNOWN = ("#5f0000", "✗")
BEYOND = ("#000000", " ")
"""Where the surface was not looked at."""


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
    """`heights[j, i]` at x[i], y[j], in bands that each hold as many grid points; y grows upwards.

    A sign is (x, y, character); those out of sight are left out. Two drawings have the same bands where they
    are given the same `limits` between them, as of `band_limits`, and the same axes by a `window` of both.
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
                (marked[j, i], f"bold #ffffff on {colour}")
                if (j, i) in marked
                else (pattern, f"#000000 on {colour}")
                for i, (colour, pattern) in enumerate(line)
            )
        )
        for j, line in enumerate(cells)
    ]


def band_limits(*heights: Floats) -> Floats:
    """The heights between the bands, of one surface or of several together."""
    together = np.concatenate([each.ravel() for each in heights])
    ends = finite_range(together)
    if ends is None or is_one_number(*ends):
        return np.array([np.inf])  # all of it is in the lowest band
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
    """The grid point that each of so many cells shows; −1 for one beyond the grid."""
    if not (np.isfinite(seen).all() and np.isfinite(axis).all()):
        return [round(at) for at in np.linspace(0, len(axis) - 1, cells).tolist()]
    places = evenly(float(seen.min()), float(seen.max()), cells)
    points = np.rint(shares(places, float(axis[0]), float(axis[-1])) * (len(axis) - 1))
    return [int(point) if 0 <= point < len(axis) else -1 for point in points.tolist()]


def _cell(value: float, axis: Floats, cells: int) -> int | None:
    """Which of so many cells along an axis a value falls in."""
    first, last = float(axis.min()), float(axis.max())
    if not (np.isfinite(axis).all() and first <= value <= last):
        return None
    return round(float(shares(np.array(value), first, last)) * (cells - 1))
