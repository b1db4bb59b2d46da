"""The dots of a line on a grid."""

import numpy as np
from numpy.typing import NDArray

Dots = NDArray[np.int64]


def trace(x: Dots, y: NDArray[np.float64]) -> tuple[Dots, Dots]:
    """The dots of straight lines from point to point, each dot once; a NaN in `y` breaks the line."""
    drawn = np.isfinite(y)
    rows = np.where(drawn, y, 0).astype(np.int64)
    joined = drawn[:-1] & drawn[1:]
    dx, dy = np.diff(x), np.diff(rows)
    length = np.where(joined, np.maximum(np.abs(dx), np.abs(dy)), 0)
    line = np.repeat(np.arange(len(length)), length)
    along = np.arange(len(line)) - np.repeat(np.cumsum(length) - length, length)
    part = along / np.maximum(length[line], 1)
    columns = np.concatenate([x[drawn], np.rint(x[line] + part * dx[line]).astype(np.int64)])
    levels = np.concatenate([rows[drawn], np.rint(rows[line] + part * dy[line]).astype(np.int64)])
    dots = np.unique(np.stack([columns, levels]), axis=1)
    return dots[0], dots[1]
