"""The number that stands for "has no meaning here"."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

NULL = float(np.array(0x7FF8_0000_0000_07A2, dtype=np.uint64).view(np.float64))
"""A NaN with a payload of its own, apart from a computed NaN."""
_NULL_BITS = np.array(NULL).view(np.uint64)
_NULL_BYTES = struct.pack("<d", NULL)


def is_null(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where an array of a column's values holds no value (a NaN that was computed is a value)."""
    return np.equal(np.ascontiguousarray(values).view(np.uint64), _NULL_BITS)


def is_null_number(value: float) -> bool:
    """The same of a single number."""
    return value != value and struct.pack("<d", value) == _NULL_BYTES
