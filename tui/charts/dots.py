"""Lines as dots on a grid, and dots as braille characters."""

import numpy as np

from gradstep.engine.records.ranges import Floats, Ints


def trace(x: Ints, y: Floats) -> tuple[Ints, Ints]:
    """Return the dots (x, y) of straight lines from point to point, each once. A NaN in `y` is a gap."""
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
    height = int(levels.max(initial=0)) + 1
    dots = distinct(columns * height + levels)
    return dots // height, dots % height


def distinct(places: Ints) -> Ints:
    """Return small whole numbers from 0 up without repeats, ascending.

    `np.unique` would import all of `numpy.ma` before the first paint.
    """
    return np.flatnonzero(np.bincount(places))


def braille(x: Ints, y: Ints) -> tuple[Ints, Ints, list[str]]:
    """Return columns, rows and characters of the cells, of 2 × 4 dots each, that hold dots."""
    bits = np.array([[0x40, 0x80], [0x04, 0x20], [0x02, 0x10], [0x01, 0x08]])  # from the lowest row up
    codes = np.zeros((int(x.max(initial=0)) // 2 + 1, int(y.max(initial=0)) // 4 + 1), np.int64)
    np.bitwise_or.at(codes, (x // 2, y // 4), bits[y % 4, x % 2])
    columns, rows = np.nonzero(codes)
    return columns, rows, [chr(0x2800 + code) for code in codes[columns, rows].tolist()]
