"""The `[sweep]` table, and axes parsed from short texts such as `log:1e-13:1e-11:9`."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from gradstep.engine.conditions.aggregates import parse_number_of_run
from gradstep.engine.conditions.language import ConditionError, parse_condition
from gradstep.engine.config.types import Table
from gradstep.engine.errors import UserError
from gradstep.engine.records.ranges import evenly

MAX_RUNS = 10_000
DIGITS = 12
"""Significant digits of a value inside a range: few enough to type, and equal on any machine."""
FORMS = "0:20 (0 to 19), lin:0:1:5, log:1e-4:1:9, or a list such as relu,tanh"
FORMS_SAY = {
    "0:20": "the whole numbers from 0 to 19",
    "lin:0:1:5": "5 numbers from 0 to 1, at equal distances",
    "log:1e-4:1:9": "9 numbers from 1e-4 to 1, at equal ratios",
    "relu,tanh": "a list",
}


class AxisError(UserError):
    """An invalid axis; the text says what was given and what is allowed."""


@dataclass(frozen=True)
class Axis:
    """A setting by its dotted key, its values, and their names on the screen."""

    key: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]

    def __str__(self) -> str:
        ends = self.labels if len(self.labels) < 4 else (self.labels[0], "…", self.labels[-1])
        return f"{self.key} = {', '.join(ends)}"


class SweepAxis(Table):
    """A setting and its values, as a list or a text such as "log:1e-4:1:9"."""

    key: str = Field(min_length=1, max_length=200)
    values: str | list[Any]
    labels: list[str] | None = Field(None, description="the values' names on the screen")

    @model_validator(mode="after")
    def _is_axis(self) -> Self:
        self.axis()
        return self

    def axis(self) -> Axis:
        try:
            return make_axis(self.key, self.values, self.labels)
        except AxisError as error:
            raise ValueError(f"values: {error}") from None


class Sweep(Table):
    """The `[sweep]` table: runs over all combinations of the axes' values."""

    axis: list[SweepAxis] = Field(min_length=1, max_length=6)
    until: str | None = Field(None, min_length=1, description="the condition at which a run ends early")
    measure: list[str] = Field([], max_length=10, description="numbers beside those of the last record")

    @model_validator(mode="after")
    def _is_read(self) -> Self:
        problems = []
        for key, texts, parse in (
            ("until", [self.until] if self.until else [], parse_condition),
            ("measure", self.measure, parse_number_of_run),
        ):
            for text in texts:
                try:
                    parse(text)
                except ConditionError as error:
                    problems.append(f"{key}: {error}")
        if problems:
            raise ValueError("\n\n".join(problems))
        return self


def parse_axis(text: str) -> Axis:
    """Parse an axis from "KEY=VALUES". Raises AxisError."""
    key, equals, values = text.partition("=")
    if not equals or not key.strip():
        raise AxisError(f"given {text!r}; needs KEY=VALUES, such as train.seed=0:20")
    return make_axis(key.strip(), values)


def make_axis(key: str, values: str | Sequence[Any], labels: Sequence[str] | None = None) -> Axis:
    """Return the axis of a key over values, given as a text or one by one. Raises AxisError."""
    try:
        found = axis_values(values) if isinstance(values, str) else tuple(values)
    except AxisError as error:
        raise AxisError(f"{key}: {error}") from None
    if not found:
        raise AxisError(f"{key}: no value is given")
    if len(found) > MAX_RUNS:
        raise AxisError(f"{key}: {len(found):,} values; at most {MAX_RUNS:,} are allowed")
    names = [label(value) for value in found] if labels is None else list(labels)
    if len(names) != len(found):
        raise AxisError(f"{key}: {len(names)} labels for {len(found)} values")
    written = [repr(value) for value in found]
    for i, value in enumerate(written):
        if value in written[:i]:
            raise AxisError(f"{key}: {names[i]} is given twice")
    return Axis(key, found, tuple(names))


def axis_values(text: str) -> tuple[Any, ...]:
    """Return the values that a text stands for. Raises AxisError."""
    text = text.strip()
    kind, *parts = text.split(":")
    if kind in ("lin", "log") and parts:
        return _spaced(text, kind, parts)
    if len(parts) == 1 and _whole(kind) is not None and _whole(parts[0]) is not None:
        return tuple(_range(text, int(kind), int(parts[0])))
    return _listed(text)


def names_of_axes(axes: Sequence[Axis], taken: Collection[str] = ()) -> tuple[str, ...]:
    """Return the shortest ending of each axis's key that is unique among the axes and not in `taken`."""
    return tuple(_name(axis, [other for other in axes if other is not axis], taken) for axis in axes)


def _name(axis: Axis, others: Sequence[Axis], taken: Collection[str]) -> str:
    name, above = axis.name, axis.key.split(".")[:-1]
    while above and (name in taken or any(f".{other.key}".endswith(f".{name}") for other in others)):
        name = f"{above.pop()}.{name}"
    return name


def label(value: object) -> str:
    """Return a short name of a value, enough to tell it from its neighbours on an axis."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        mantissa, e, exponent = f"{value:.4g}".partition("e")
        return f"{mantissa}e{int(exponent)}" if e else mantissa
    if isinstance(value, list):
        return "-".join(label(item.get("units", item) if isinstance(item, dict) else item) for item in value)
    return str(value)


def _range(text: str, first: int, end: int) -> range:
    count = end - first
    if count <= 0:
        raise AxisError(f"{text}: an empty range: it goes from {first} up to, and without, {end}")
    _check_count(text, count)
    return range(first, end)


def _spaced(text: str, kind: str, parts: Sequence[str]) -> tuple[Any, ...]:
    if len(parts) != 3:
        raise AxisError(f"given {text}; needs {kind}:FIRST:LAST:COUNT, such as {kind}:1:100:5")
    count = _whole(parts[2])
    if count is None or count < 2:
        raise AxisError(f"{text}: given {parts[2]!r} values; allowed: a whole number from 2 on")
    _check_count(text, count)
    try:
        first, last = float(parts[0]), float(parts[1])
    except ValueError:
        raise AxisError(f"{text}: the ends {parts[0]!r} and {parts[1]!r} need to be numbers") from None
    if not (math.isfinite(first) and math.isfinite(last)) or first == last:
        raise AxisError(f"{text}: the ends need to be two different finite numbers")
    if kind == "log" and (first <= 0 or last <= 0):
        raise AxisError(f"{text}: the ends of a log range need to be above 0")
    spaced = evenly(first, last, count) if kind == "lin" else np.geomspace(first, last, count)
    values = [float(f"{value:.{DIGITS}g}") for value in spaced.tolist()]
    whole = _whole(parts[0]) is not None and _whole(parts[1]) is not None
    if whole and all(value.is_integer() for value in values):
        return tuple(int(value) for value in values)
    return tuple(values)


def _listed(text: str) -> tuple[Any, ...]:
    try:
        parsed = tomllib.loads(f"values = [{text}]")
    except (ValueError, RecursionError):  # bare words, thousands of digits, or nested too deep
        parsed = {}
    if len(parsed) == 1:
        return tuple(parsed["values"])
    words = [word.strip() for word in text.split(",")]
    if not all(words) or ":" in text:
        raise AxisError(f"given {text!r}; allowed: {FORMS}")
    return tuple(map(_word, words))


def _word(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _check_count(text: str, count: int) -> None:
    if count > MAX_RUNS:
        raise AxisError(f"{text}: {count:,} values; at most {MAX_RUNS:,} are allowed")


def _whole(text: str) -> int | None:
    digits = text.strip().removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else None
