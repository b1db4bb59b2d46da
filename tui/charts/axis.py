"""Axes that grow in strides of 1, 2, 5 × 10ⁿ, so that most frames only append, and their ticks."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradstep.engine.records.ranges import SMALLEST, Floats, is_one_number, shares
from gradstep.tui.text import brief_exponent

LARGEST = sys.float_info.max
LABEL_WIDTH = 6
"""Cells of the labels beside the vertical axis, unless one needs more."""
KEPT = 0.35
"""The share of an axis that values must fill for the axis to be kept."""
UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
ONE_TWO_FIVE = (0.0, math.log10(2), math.log10(5))


@dataclass(frozen=True)
class ValueAxis:
    """A vertical axis from `low` to `high`; if it is logarithmic, both are exponents of ten."""

    low: float
    high: float
    log: bool = False

    def place(self, values: Floats) -> Floats:
        """Return the places of values between the bottom (0) and the top (1); NaN stays NaN."""
        drawn = np.log10(values) if self.log else values
        return np.clip(shares(drawn, self.low, self.high), 0.0, 1.0)


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, as a share of its length."""

    place: float
    label: str


def nice(size: float) -> float:
    """Return the least of 1, 2, 5 × 10ⁿ that is not below a positive size."""
    power = 10.0 ** math.floor(math.log10(size))
    return next((m * power for m in (1, 2, 5) if m * power >= size * (1 - 1e-9)), 10 * power)


def whole_range(first: int, last: int) -> tuple[int, int]:
    """Return the horizontal axis of a whole run, which grows by a stride at a time."""
    stride = _step_stride(last - first)
    low = first // stride * stride
    return low, max(low + 10, -(-last // stride) * stride)


def recent_range(last: int, count: int) -> tuple[int, int]:
    """Return the horizontal axis of the last `count` steps and up to two strides more.

    It moves stride by stride. A run of at most `count` steps has the axis of the whole run.
    """
    if last < count:
        return whole_range(0, last)
    stride = _step_stride(max(count, 10))
    return max(0, (last - count + 1) // stride * stride), max(10, -(-last // stride) * stride)


def step_ticks(low: int, high: int, width: int) -> list[Tick]:
    """Return ticks for steps low … high, few enough for an axis of `width` cells."""
    stride = _step_stride(high - low)
    room = max(len(step_label(v)) for v in (low, high)) + 3
    while (high - low) / stride * room > width and stride < high - low:
        stride = int(nice(stride * 1.5))
    first = -(-low // stride) * stride
    return [Tick((v - low) / (high - low), step_label(v)) for v in range(first, high + 1, stride)]


def step_label(step: int) -> str:
    """Return a step exactly, in few characters: 500, 20k, 1.5M."""
    for size, suffix in ((10**6, "M"), (10**3, "k")):
        short = f"{step / size:.10g}{suffix}"
        if step >= 10**4 and len(short) < len(str(step)):
            return short
    return str(step)


def value_axis(values: Floats, *, log: bool, before: ValueAxis | None = None) -> ValueAxis:
    """Return the vertical axis for finite values, positive ones if `log`; `before` while it serves."""
    if not len(values):
        return ValueAxis(0.0, 1.0, log)
    drawn = np.log10(values) if log else values
    low, high = float(drawn.min()), float(drawn.max())
    if before is not None and before.log == log:
        kept = before.low <= low and high <= before.high and high - low >= KEPT * (before.high - before.low)
        if kept:
            return before
    return _log_scale(low, high) if log else _linear_scale(low, high)


def value_ticks(scale: ValueAxis, rows: int) -> list[Tick]:
    """Return ticks for a vertical axis of `rows` cells, with labels of one width."""
    most = max(2, min(6, 1 + (rows - 1) * 2 // 3))
    if scale.log:
        places = _exponents(scale.low, scale.high, most)
        labels = [_power_label(e) for e in places]
    else:
        stride = nice(_part(scale.low, scale.high, most - 1))
        first = math.ceil(scale.low / stride - 1e-6)
        count = math.floor(scale.high / stride + 1e-6) - first + 1
        places = [(first + i) * stride for i in range(count)]
        if count < 2:
            places, stride = [scale.low, scale.high], nice(_part(scale.low, scale.high, 5)) / 2
        labels = _linear_labels(places, stride)
    width = max([LABEL_WIDTH, *map(len, labels)])
    at = np.clip(shares(np.array(places), scale.low, scale.high), 0.0, 1.0).tolist()
    return [Tick(place, label.rjust(width)) for place, label in zip(at, labels, strict=True)]


def _step_stride(span: int) -> int:
    return max(1, int(nice(max(span, 1) / 4)))


def _part(low: float, high: float, parts: int) -> float:
    """Return the length of one of `parts` equal parts of a range; the range's own may overflow."""
    return min(high / parts - low / parts, LARGEST / 2)


def _linear_scale(low: float, high: float) -> ValueAxis:
    if is_one_number(low, high):
        half = nice(abs(high) / 5) if abs(high) > SMALLEST else 1.0
        low, high = high - half, high + half
    else:
        low, high = _outward(low, high, nice(_part(low, high, 4)))
    return ValueAxis(max(low, -LARGEST), min(high, LARGEST))


def _outward(low: float, high: float, stride: float) -> tuple[float, float]:
    return math.floor(low / stride + 1e-9) * stride, math.ceil(high / stride - 1e-9) * stride


def _log_scale(low: float, high: float) -> ValueAxis:
    if high - low > 3:
        return ValueAxis(*_outward(low, high, max(1.0, nice((high - low) / 10))), log=True)
    grid = [k + m for k in range(math.floor(low) - 1, math.floor(high) + 3) for m in ONE_TWO_FIVE]
    below = max(e for e in grid if e <= low + 1e-9)
    above = min(e for e in grid if e >= high - 1e-9)
    if below == above:
        below, above = max(e for e in grid if e < below), min(e for e in grid if e > above)
    return ValueAxis(below, above, log=True)


def _exponents(low: float, high: float, most: int) -> list[float]:
    """Return the ticks' exponents of ten: whole ones, or those of 1-2-5 if fewer than two fit."""
    first, last = math.ceil(low - 1e-6), math.floor(high + 1e-6)
    if last - first >= 1:
        stride = max(1, int(nice((last - first) / (most - 1))))
        places = [float(e) for e in range(-(-first // stride) * stride, last + 1, stride)]
        return places if len(places) > 1 else [float(first), float(last)]
    grid = [k + m for k in range(first - 1, last + 1) for m in ONE_TWO_FIVE]
    within = [e for e in grid if low - 1e-6 <= e <= high + 1e-6]
    return within[:: -(-len(within) // most)]


def _power_label(exponent: float) -> str:
    whole = math.floor(exponent + 1e-6)
    return f"{round(10 ** (exponent - whole))}e{whole}"


def _linear_labels(places: Sequence[float], stride: float) -> list[str]:
    """Return labels with the same unit and number of decimals."""
    largest = max((abs(p) for p in places), default=0.0)
    if largest >= 1e16 or largest < 1e-3:
        digits = max(0, _exponent(largest) - _exponent(stride)) if largest else 0
        return [brief_exponent(f"{p:.{digits}e}") if p else "0" for p in places]
    unit, suffix = next(((size, suffix) for size, suffix in UNITS if largest >= 10 * size), (1.0, ""))
    decimals = max(0, -_exponent(stride / unit))
    return [f"{p / unit:.{decimals}f}{suffix}" if p else "0" for p in places]


def _exponent(size: float) -> int:
    return math.floor(math.log10(size) + 1e-9)
