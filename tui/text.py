"""How numbers and foreign text are written on the screen."""

from __future__ import annotations

import math
import time

from gradstep.engine.conditions.evidence import counts
from gradstep.engine.conditions.evidence import digits_apart as digits_telling_apart
from gradstep.engine.records.ranges import is_one_number

NUMBER_WIDTH = 12
"""The cells that `number` needs at most for a number of six digits."""
ALL_DIGITS = 17
"""Significant digits that tell any two floats apart."""


def number(value: float | None, digits: int = 6) -> str:
    """A number with so many significant digits, trailing zeros kept, so that it does not jump."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    return f"{value + 0:#.{digits}g}".rstrip(".")  # a zero has no sign


def digits_apart(low: float, high: float, least: int) -> int:
    """Return how many significant digits tell the ends of a range apart, at least so many. Ends that only
    rounding sets apart are one number, and need no more."""
    return least if is_one_number(low, high) else digits_telling_apart((low, high), least)


def field(name: str, value: float | None, digits: int = 6) -> str:
    """A field's, quantity's or measure's value: a count as a whole number, else as `number` has it."""
    if value is not None and counts(name) and float(value).is_integer():
        return f"{int(value):,}"
    return number(value, digits)


def change(value: float | None, digits: int = 6) -> str:
    """A difference, with its sign."""
    if value is None or not math.isfinite(value):
        return number(value, digits)
    return f"{value:+#.{digits}g}".rstrip(".")


def short(value: float) -> str:
    """A number as briefly as it can be typed back: 1e-12, 0.001, 5e+06 as 5e6."""
    mantissa, e, exponent = repr(value).partition("e")
    mantissa = mantissa.removesuffix(".0")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def when(seconds: float, now: float | None = None) -> str:
    """A time in the past, to the minute: today 20:01, Nov 28 20:01, 2025 Nov 28 20:01."""
    then, today = time.localtime(seconds), time.localtime(now)
    day = "today" if then[:3] == today[:3] else time.strftime("%b %d", then)
    year = f"{then.tm_year} " if then.tm_year != today.tm_year else ""
    return f"{year}{day} {time.strftime('%H:%M', then)}"


def value(given: object) -> str:
    """A setting's value as one would type it."""
    if given is None:
        return "none"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, float):
        return short(given)
    return plain(str(given))


def plain(text: str) -> str:
    """Text from a stranger's file without what a terminal would obey: control and format characters."""
    return "".join(
        c if c.isprintable() or c == "\n" else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )
