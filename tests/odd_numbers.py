"""Lists of floats for what has to draw, count or write any of them."""

import math
import sys

from hypothesis import strategies as st

LARGEST = sys.float_info.max
SPECIAL = (
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    1e-310,
    2.2e-308,
    LARGEST,
    -LARGEST,
    1e308,
    math.nan,
    math.inf,
    -math.inf,
)


def moved(number, ulps):
    """The float so many floats up, or down."""
    for _ in range(abs(ulps)):
        number = math.nextafter(number, math.copysign(LARGEST, ulps))
    return number


def neighbours(number):
    """Lists of floats a few ulps from a number."""
    return st.lists(st.integers(-3, 3).map(lambda ulps: moved(number, ulps)), max_size=6)


def close(number):
    """Lists of floats that share many digits with a number."""
    parts = st.sampled_from((0, 1e-15, 1e-13, 1e-12, 1e-11, 1e-9, 1e-6, 1e-3))
    return st.lists(parts.map(lambda part: number * (1 - part)), max_size=6)


def lists():
    """Lists of any floats, of special ones, of neighbours, and of those mixed with NaN and infinities."""
    one = st.floats() | st.sampled_from(SPECIAL)
    finite = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
        (0.48101680983971934, LARGEST)
    )
    alike = finite.flatmap(neighbours) | finite.flatmap(close)
    return (
        st.lists(one, max_size=8)
        | alike
        | st.tuples(alike, st.lists(one, max_size=2)).map(lambda two: two[0] + two[1])
    )
