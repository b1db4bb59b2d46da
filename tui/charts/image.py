"""Images in half blocks: a cell shows two pixels, the upper one as its foreground."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

from gradstep.engine.records.ranges import Floats
from gradstep.tui.theme import BLUES, GREYS, NO_PIXEL, REDS

UPPER_HALF = "▀"


def grey(share: float) -> str:
    """Return a colour from black at 0 to white at 1."""
    return GREYS[round(min(max(share, 0.0), 1.0) * (len(GREYS) - 1))]


def signed(share: float) -> str:
    """Return a colour from blue at −1 over black at 0 to red at 1."""
    colours = (GREYS[0], *(REDS if share > 0 else BLUES))
    return colours[round(min(abs(share), 1.0) * (len(colours) - 1))]


def image(
    pixels: NDArray[Any], size: tuple[int, int], colour: Callable[[float], str] = grey
) -> list[Content]:
    """Return the lines of an image of (height, width) pixels, averaged to fit `size` (columns, rows)."""
    columns, rows = size
    small = shrunk(pixels.astype(np.float64), 2 * rows, columns)
    if len(small) % 2:
        small = np.vstack([small, np.zeros((1, small.shape[1]))])
    return [_line(upper, lower, colour) for upper, lower in zip(small[::2], small[1::2], strict=True)]


def fitting(shape: tuple[int, int], columns: int, rows: int) -> tuple[int, int]:
    """Return the largest (columns, rows) within these that keep the shape of (height, width) pixels."""
    high, wide = shape
    scale = min(1.0, columns / wide, 2 * rows / high)
    return max(int(wide * scale), 1), max((int(high * scale) + 1) // 2, 1)


def shrunk(pixels: Floats, height: int, width: int) -> Floats:
    """Return an image averaged onto at most height × width pixels; NaN where a pixel is not finite."""
    high, wide = pixels.shape
    down, across = _averages(high, min(height, high)), _averages(wide, min(width, wide)).T
    bad = ~np.isfinite(pixels)
    return np.where(down @ bad @ across > 0, np.nan, down @ np.where(bad, 0, pixels) @ across)


def _averages(many: int, few: int) -> Floats:
    """Return weights (few, many): the share of each old pixel in each new one, divided by their ratio."""
    edges = np.arange(few + 1) * (many / few)
    starts = np.arange(many)
    overlap = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    weights: Floats = np.clip(overlap, 0, None) * (few / many)
    return weights


def _line(upper: Floats, lower: Floats, colour: Callable[[float], str]) -> Content:
    pairs = [(_colour(a, colour), _colour(b, colour)) for a, b in zip(upper, lower, strict=True)]
    parts = []
    for (above, below), run in groupby(pairs):
        parts.append((UPPER_HALF * len(list(run)), f"{above} on {below}"))
    return Content.assemble(*parts)


def _colour(value: float, colour: Callable[[float], str]) -> str:
    return colour(float(value)) if np.isfinite(value) else NO_PIXEL
