"""Small drawings of block characters: a histogram in one line, a bar."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.records.ranges import Floats, unit_for

COLUMNS = " ▁▂▃▄▅▆▇█"
PARTS = " ▏▎▍▌▋▊▉█"


def columns(values: Sequence[float], beside: Sequence[float] = ()) -> str:
    """A column for each value, the greatest of them and of those beside full; what is not 0 is seen, what is
    not finite is a cross."""
    greatest = max((value for value in (*values, *beside) if math.isfinite(value)), default=0.0)
    return "".join(_column(value, greatest) for value in values)


def _column(value: float, greatest: float) -> str:
    if not math.isfinite(value):
        return "✗"
    if value <= 0 or greatest <= 0:
        return COLUMNS[0]
    return COLUMNS[max(1, round(value / greatest * (len(COLUMNS) - 1)))]


def rebinned(counts: NDArray[np.int64], edges: Floats, onto: Floats) -> Floats:
    """A histogram's counts in other bins: each bin's values are taken to lie evenly in it."""
    below = np.concatenate([[0], np.cumsum(counts)])
    unit = unit_for(float(min(onto[0], edges[0])), float(max(onto[-1], edges[-1])))
    placed = np.interp(onto * unit, edges * unit, below)
    inside: Floats = np.diff(np.minimum(placed, below[-1]))  # in a bin of subnormal width its slope overflows
    return inside.round(6)  # no rounding noise where the edges agree


def bar(share: float, width: int) -> str:
    """A bar that fills `width` cells at a share of 1; what is more than nothing is seen."""
    if math.isnan(share):
        return "✗".ljust(width)
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    eighths = max(eighths, int(share > 0))
    full, part = divmod(eighths, 8)
    return ("█" * full + (PARTS[part] if part else "")).ljust(width)
