"""The distribution of a few numbers in one line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradstep.engine.conditions.evidence import written
from gradstep.engine.records.ranges import binned, finite_range, quantile
from gradstep.tui.text import digits_apart

BARS = " ▁▂▃▄▅▆▇█"


def distribution(values: Sequence[float], width: int = 24, *, count: bool = False) -> str:
    """Return least, histogram of `width` bins, greatest and median of the finite numbers.

    The count of all other numbers follows. Numbers that differ by rounding only are one bar.
    `count` writes whole numbers.
    """
    seen = np.asarray(values, np.float64)
    counts, _, lost = binned(seen, width)
    if (ends := finite_range(seen)) is None:
        return f"no number is finite, of {lost}" if lost else "no number"
    top = len(BARS) - 1
    bars = "".join(BARS[-(-int(held) * top // int(counts.max()))] for held in counts)
    middle = quantile(seen[np.isfinite(seen)].tolist(), 0.5)
    digits = digits_apart(*ends, least=3)
    numbers = (ends[0], middle, ends[1])
    low, median, high = (written(number, count=count, digits=digits, comma=",") for number in numbers)
    others = f", {lost} not finite" if lost else ""
    return f"{low} ▕{bars}▏ {high}, median {median}{others}"
