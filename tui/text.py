"""Numbers and foreign text, as the screen shows them.

One function for each use of a number:

=========  ================================================  ===================================
number     a live value: constant width, so it does not jump  six digits, zeros kept: 0.500000
change     a difference                                       as `number`, with a sign
field      a value by its name in records                     a count: 4,406; else as `number`
column     a cell of a table, right-aligned                   four digits; an int: 4,406
reading    a chart's title and legend                         at most four digits: 0.5, 1.5e-7
fitted     a cell of a heat map                               at most three digits, as fit
short      a setting                                          all digits, to be typed back: 1e-12
=========  ================================================  ===================================

Evidence for conditions is written by `engine/conditions/evidence.py`, labels of axes by `charts/axis.py`.
"""

from __future__ import annotations

import math
import time

from gradstep.engine.conditions.evidence import counts
from gradstep.engine.conditions.evidence import digits_apart as digits_telling_apart
from gradstep.engine.records.ranges import is_one_number

NUMBER_WIDTH = 12
"""Cells that `number` needs at most for six digits: -1.23456e-100."""
COLUMN_WIDTH, COLUMN_DIGITS = 10, 4
"""Cells and significant digits of a number in a table: -1.234e-10."""
READING_DIGITS = 4
FITTED_DIGITS = 3
FITTED_WIDTH = 9
"""Cells that `fitted` needs at most: -1.23e-100."""
WHOLE = (1000, 1_000_000)
"""From the first number up to the second, `fitted` writes whole numbers in place of an exponent."""


def number(value: float | None, digits: int = 6) -> str:
    """Return a number with this many significant digits, trailing zeros kept; – for None."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return _not_finite(value)
    return f"{value + 0:#.{digits}g}".rstrip(".")  # + 0: no sign for a zero


def change(value: float | None, digits: int = 6) -> str:
    """Return a difference with its sign."""
    if value is None or not math.isfinite(value):
        return number(value, digits)
    return f"{value:+#.{digits}g}".rstrip(".")


def field(name: str, value: float | None, digits: int = 6) -> str:
    """Return the value of a field, quantity or aggregate: a count as a whole number, else as `number`."""
    if value is not None and counts(name) and float(value).is_integer():
        return f"{int(value):,}"
    return number(value, digits)


def column(value: float | None) -> str:
    """Return a number for a table, right-aligned to COLUMN_WIDTH."""
    written = f"{value:,}" if isinstance(value, int) else number(value, COLUMN_DIGITS)
    return written.rjust(COLUMN_WIDTH)


def reading(value: float, *, count: bool = False) -> str:
    """Return a value read off a chart: 0.0312, 1.5e-7, NaN, Inf; a count as a whole number: 4,406."""
    if not math.isfinite(value):
        return _not_finite(value)
    if count and value.is_integer():
        return f"{int(value):,}"
    return brief_exponent(f"{value:.{READING_DIGITS}g}")


def fitted(value: float, room: int) -> str:
    """Return a number with as many digits as fit into `room` cells; # signs if not even one fits."""
    if not math.isfinite(value):
        return _not_finite(value)
    if WHOLE[0] <= abs(value) < WHOLE[1] and len(whole := f"{value:.0f}") <= room:
        return whole
    for digits in range(FITTED_DIGITS, 0, -1):
        if len(written := brief_exponent(f"{value:.{digits}g}")) <= room:
            return written
    return "#" * room


def short(value: float) -> str:
    """Return a number as briefly as it can be typed back: 1e-12, 0.001, 5e6."""
    mantissa, e, exponent = repr(value).partition("e")
    return brief_exponent(f"{mantissa.removesuffix('.0')}{e}{exponent}")


def brief_exponent(written: str) -> str:
    """Return a number without zeros and plus in its exponent: 5e+06 as 5e6."""
    mantissa, e, exponent = written.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def digits_apart(low: float, high: float, least: int) -> int:
    """Return the significant digits that tell the ends of a range apart; at least `least`.

    Ends that differ by rounding only are one number, and get `least`.
    """
    return least if is_one_number(low, high) else digits_telling_apart((low, high), least)


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"


def when(seconds: float, now: float | None = None) -> str:
    """Return a past time to the minute: today 20:01, Nov 28 20:01, 2025 Nov 28 20:01."""
    then, today = time.localtime(seconds), time.localtime(now)
    day = "today" if then[:3] == today[:3] else time.strftime("%b %d", then)
    year = f"{then.tm_year} " if then.tm_year != today.tm_year else ""
    return f"{year}{day} {time.strftime('%H:%M', then)}"


def value(given: object) -> str:
    """Return a setting's value as one types it."""
    if given is None:
        return "none"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, float):
        return short(given)
    return plain(str(given))


def plain(text: str) -> str:
    """Return text from a foreign file with control and format characters replaced."""
    return "".join(
        c if c.isprintable() or c == "\n" else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )
