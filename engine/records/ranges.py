"""Ranges of numbers, and counts of numbers in bins, for any floats.

The numbers may be few, equal, a few ulps apart, subnormal, infinite, NaN, or so large that their difference
overflows. Infinities and NaN are counted, and never end a range.
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
"""Relative: numbers closer than this differ by rounding only. A thousand bins fit in it."""
SMALLEST = 1e-305
"""Absolute: a narrower range is one number. A thousandth of it is still many floats wide."""
QUARTER = 0.25
"""A power of two, so that scaling by it rounds nothing, and the sum of four numbers is a float again."""
HUGE = 1e307
"""Differences of larger numbers may overflow."""

FAR = 1e9
"""The share of a value out of sight, small enough to multiply by any number of cells."""


def finite_range(values: NDArray[Any]) -> tuple[float, float] | None:
    """Return the least and the greatest finite value; None if there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def is_one_number(low: float, high: float) -> bool:
    """Return whether a range is so narrow that it shows only rounding."""
    return not high - low > max(SMALLEST, RESOLUTION * max(abs(low), abs(high)))


def unit_for(low: float, high: float) -> float:
    """Return the factor after which differences of numbers in a range do not overflow."""
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
    """Return `count` evenly spaced numbers from the first to the last; `numpy.linspace` overflows."""
    unit = unit_for(first, last)
    return np.linspace(first * unit, last * unit, count) / unit


def binned(values: NDArray[Any], bins: int) -> tuple[Ints, Floats, int]:
    """Return the counts in equal bins over the finite values, the bins' edges, and the count of other values.

    There is one bin if the values are one number, or if none is finite.
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    lost = values.size - finite.size
    low, high = finite_range(finite) or (0.0, 1.0)
    if is_one_number(low, high) or not finite.size:
        return np.array([finite.size]), _around(low, high), lost
    unit = unit_for(low, high)
    counts, edges = np.histogram(finite * unit, bins, (low * unit, high * unit))
    edges /= unit
    edges[0], edges[-1] = low, high  # a subnormal end loses bits to the unit
    return counts.astype(np.int64), edges, lost


def quantile(numbers: Sequence[float], q: float) -> float:
    """Return the number at place q·(n − 1) of the sorted ones, interpolated between its neighbours.

    As NumPy's `linear`, but between a number and an infinity this is the infinity. NaN if a number is NaN.
    """
    if any(math.isnan(number) for number in numbers):
        return math.nan
    ordered, place = sorted(numbers), q * (len(numbers) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    share = place - math.floor(place)
    if below == above:
        return below
    return min(max((1 - share) * below + share * above, below), above)  # rounding may leave the neighbours


def _around(low: float, high: float) -> Floats:
    """Return the edges of a range's only bin, which has a width even if the range has none."""
    if low < high:
        return np.array([low, high])
    above = math.nextafter(low, math.inf)
    return np.array([low, above] if math.isfinite(above) else [math.nextafter(low, -math.inf), low])
