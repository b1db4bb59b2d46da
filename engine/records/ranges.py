"""Ranges of numbers, and counts of numbers in bins, for any floats.

The numbers may be none, one, a few ulps apart, subnormal, infinite, NaN, or so large that their difference
overflows. Infinities and NaN are counted, and are never an end of a range.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESOLUTION = 1e-12
"""Relative: numbers that differ by less are one number, apart by rounding. A thousand bins fit in it."""
SMALLEST = 1e-305
"""Absolute: a range below this is one number. A thousandth of it is still many floats wide."""
QUARTER = 0.25
"""A power of two, so that scaling by it rounds nothing, and the sum of four numbers is a float again."""
HUGE = 1e307
"""Beyond it differences overflow, or their parts do by rounding."""

FAR = 1e9
"""The share of a value that is out of sight, small enough to be multiplied by any number of cells."""


def finite_range(values: NDArray[Any]) -> tuple[float, float] | None:
    """Return the least and the greatest finite value; None if there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def is_one_number(low: float, high: float) -> bool:
    """Return whether a range is so narrow that only rounding is to be seen in it."""
    return not high - low > max(SMALLEST, RESOLUTION * max(abs(low), abs(high)))


def unit_for(low: float, high: float) -> float:
    """Return the factor that makes differences of numbers in a range floats."""
    return QUARTER if max(abs(low), abs(high)) > HUGE else 1.0


def shares(values: NDArray[Any], low: float, high: float) -> Floats:
    """Return where values lie from `low` (0) to `high` (1), and beyond up to ±FAR; NaN stays NaN.

    Where the range is one number, values in it lie in the middle, the others at ±FAR.
    """
    places = np.asarray(values, np.float64)
    if is_one_number(low, high):
        apart = max(SMALLEST, RESOLUTION * max(abs(low), abs(high)))
        middle = np.where(places < low - apart, -FAR, np.where(places > high + apart, FAR, 0.5))
        return np.where(np.isnan(places), np.nan, middle)
    unit = unit_for(low, high)
    with np.errstate(over="ignore"):
        return np.clip((places * unit - low * unit) / (high * unit - low * unit), -FAR, FAR)


def evenly(first: float, last: float, count: int) -> Floats:
    """Return so many numbers from the first to the last, as `numpy.linspace`, which overflows."""
    unit = unit_for(first, last)
    return np.linspace(first * unit, last * unit, count) / unit


def binned(values: NDArray[Any], bins: int) -> tuple[Ints, Floats, int]:
    """Return the counts in equal bins from the least to the greatest finite value, the bins' edges, and how
    many values are not finite. There is one bin where the values are one number, or none is finite."""
    finite = values[np.isfinite(values)].astype(np.float64)
    lost = values.size - finite.size
    low, high = finite_range(finite) or (0.0, 1.0)
    if is_one_number(low, high) or not finite.size:
        return np.array([finite.size]), _around(low, high), lost
    unit = unit_for(low, high)
    counts, edges = np.histogram(finite * unit, bins, (low * unit, high * unit))
    return counts.astype(np.int64), edges / unit, lost


def quantile(numbers: Sequence[float], q: float) -> float:
    """Return the number at place q·(n − 1) of the sorted, in proportion between its neighbours: NumPy's
    `linear`, but of a number and an infinity this is the infinity. NaN if one of the numbers is."""
    if any(math.isnan(number) for number in numbers):
        return math.nan
    ordered, place = sorted(numbers), q * (len(numbers) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    share = place - math.floor(place)
    if below == above:
        return below
    return min(max((1 - share) * below + share * above, below), above)  # rounding leads out of neighbours


def _around(low: float, high: float) -> Floats:
    """The edges of the one bin of a range that may have no width."""
    if low < high:
        return np.array([low, high])
    above = math.nextafter(low, math.inf)
    return np.array([low, above] if math.isfinite(above) else [math.nextafter(low, -math.inf), low])
