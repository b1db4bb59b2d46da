"""A surface from above: the darker the lower, with signs on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

Floats = NDArray[np.float64]
GREYS = ("#1c1c1c", "#303030", "#444444", "#585858", "#6c6c6c", "#808080", "#949494", "#a8a8a8")
LEVELS = tuple((grey, "· "[at % 2]) for at, grey in enumerate(GREYS))
"""Colour and pattern of the bands between contours, from the lowest up: they differ without colour too."""
UNKNOWN = ("#5f0000", "✗")


def contours(
    x: Floats,
    y: Floats,
    heights: Floats,
    size: tuple[int, int],
    signs: Sequence[tuple[float, float, str]] = (),
) -> list[Content]:
    """`heights[j, i]` at x[i], y[j], in bands that each hold as many grid points; y grows upwards.

    A sign is (x, y, character); those beyond the grid are left out.
    """
    width, height = size
    finite = heights[np.isfinite(heights)]
    limits = np.quantile(finite, np.linspace(0, 1, len(LEVELS) + 1)[1:-1]) if len(finite) else np.zeros(1)
    columns = np.linspace(0, len(x) - 1, width).round().astype(int)
    rows = np.linspace(len(y) - 1, 0, height).round().astype(int)
    cells = [
        [
            LEVELS[int(np.searchsorted(limits, value, "right"))] if np.isfinite(value) else UNKNOWN
            for value in heights[row, columns]
        ]
        for row in rows
    ]
    marked: dict[tuple[int, int], str] = {}
    for at_x, at_y, character in signs:
        column, row = _cell(at_x, x, width), _cell(at_y, y, height)
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


def _cell(value: float, axis: Floats, cells: int) -> int | None:
    """Which of so many cells along an axis a value falls in."""
    if not (np.isfinite(axis).all() and axis[0] <= value <= axis[-1]):
        return None
    first, last = float(axis[0]), float(axis[-1])
    return round((value - first) / (last - first) * (cells - 1))
