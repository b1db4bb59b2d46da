"""Histograms and bars of one line, in block characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.records.ranges import Floats, unit_for

COLUMNS = " ▁▂▃▄▅▆▇█"
PARTS = " ▏▎▍▌▋▊▉█"


def columns(values: Sequence[float], beside: Sequence[float] = ()) -> str:
    """Return a column for each value; full for the greatest of `values` and `beside`.

    A value above 0 is always visible; one that is not finite is a cross.
    """
    greatest = max((value for value in (*values, *beside) if math.isfinite(value)), default=0.0)
    return "".join(_column(value, greatest) for value in values)


def _column(value: float, greatest: float) -> str:
    if not math.isfinite(value):
        return "✗"
    if value <= 0 or greatest <= 0:
        return COLUMNS[0]
    return COLUMNS[max(1, round(value / greatest * (len(COLUMNS) - 1)))]


def rebinned(counts: NDArray[np.int64], edges: Floats, onto: Floats) -> Floats:
    """Return a histogram's counts in the bins `onto`, as if values lay evenly in each old bin."""
    below = np.concatenate([[0], np.cumsum(counts)])
    unit = unit_for(float(min(onto[0], edges[0])), float(max(onto[-1], edges[-1])))
    # In a bin of subnormal width the slope overflows, or both edges times `unit` are 0.
    placed = np.minimum(np.interp(onto * unit, edges * unit, below), below[-1])
    placed = np.where(onto <= edges[0], 0, np.where(onto >= edges[-1], below[-1], placed))
    inside: Floats = np.diff(placed)
    return inside.round(6)  # no rounding noise where the edges agree


def bar(share: float, width: int) -> str:
    """Return a bar that fills `width` cells at a share of 1. A share above 0 is always visible."""
    if math.isnan(share):
        return "✗".ljust(width)
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    eighths = max(eighths, int(share > 0))
    full, part = divmod(eighths, 8)
    return ("█" * full + (PARTS[part] if part else "")).ljust(width)
