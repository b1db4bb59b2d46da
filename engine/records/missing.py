"""The number that stands for a missing value: a NaN with a payload of its own.

Arithmetic may lose the payload, so a value is compared with `MISSING` before it is computed with.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

MISSING = float(np.array(0x7FF8_0000_0000_07A2, dtype=np.uint64).view(np.float64))
"""A quiet NaN whose payload no arithmetic makes, so that a computed NaN stays a value."""
_BITS = np.array(MISSING).view(np.uint64)
_BYTES = struct.pack("<d", MISSING)


def is_missing(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where a column's values are missing; a computed NaN is a value."""
    return np.equal(np.ascontiguousarray(values).view(np.uint64), _BITS)


def is_missing_number(value: float) -> bool:
    """Return whether a single number is `MISSING`."""
    return value != value and struct.pack("<d", value) == _BYTES
