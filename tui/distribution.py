"""A handful of numbers as a plot of one line."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np

BARS = " ▁▂▃▄▅▆▇█"


def distribution(values: Sequence[float], width: int = 24) -> str:
    """The finite numbers' least, median and largest, a bar for how many lie in each of `width` equal parts,
    and how many numbers are not finite."""
    finite = [value for value in values if np.isfinite(value)]
    if not finite:
        return "no finite value"
    counts, _ = np.histogram(finite, bins=width)
    top = len(BARS) - 1
    bars = "".join(BARS[-(-int(count) * top // int(counts.max()))] for count in counts)
    others = f", {left} not finite" if (left := len(values) - len(finite)) else ""
    return f"{min(finite):.3g} ▕{bars}▏ {max(finite):.3g}, median {statistics.median(finite):.3g}{others}"
