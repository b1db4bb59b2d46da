"""Parsed expressions: the numbers that they read from records, and their values there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.records.history import History
from gradstep.engine.records.missing import MISSING, is_missing, is_missing_number
from gradstep.engine.records.quantities import find_quantity
from gradstep.engine.records.record import COUNTS, FIELDS

Finals = Callable[[str], History | None]
"""Maps a preset's name to the records of its finished run; None if it was not run."""


def no_runs(_preset: str) -> None:
    """Return None for every preset: no other one was run, so conditions on them have no value."""


@dataclass(frozen=True)
class Operand:
    """A number that an expression reads from the records of one or several positions.

    One of kind "run" comes from the last record of another preset's run.
    """

    kind: Literal["field", "change", "ago", "mean", "lowest", "highest", "rising", "falling", "run"]
    field: str
    window: int = 0
    preset: str = ""

    def __str__(self) -> str:
        if self.kind == "run":
            return f'run("{self.preset}").{self.field}'
        if self.kind == "field":
            return self.field
        if self.kind == "ago" and self.window == 1:
            return f"prev.{self.field}"
        return f"{self.kind}({self.field}, {self.window})"

    @property
    def counts(self) -> bool:
        """Whether the operand is a whole number: a count, a difference of counts, or a truth."""
        if self.kind in ("rising", "falling"):
            return True
        if self.kind == "mean":
            return False
        if self.field in FIELDS:
            return self.field in COUNTS
        return find_quantity(self.field)[0].count

    def value(self, history: History, position: int, finals: Finals = no_runs) -> float:
        """Return the value at a position, or `MISSING`."""
        if self.kind == "run":
            other = finals(self.preset)
            return MISSING if other is None else other.value(self.field, len(other) - 1)
        if self.kind == "field":
            return history.value(self.field, position)
        # rising and falling compare each of `window` steps, the others reduce the last `window` values
        reduces = self.kind in ("mean", "lowest", "highest")
        first = position - self.window + reduces
        if first < 0:
            return MISSING
        if self.kind == "ago":
            return history.value(self.field, first)
        if self.kind == "change":
            now, then = history.value(self.field, position), history.value(self.field, first)
            return MISSING if is_missing_number(now) or is_missing_number(then) else now - then
        return self._over_window(history, first, position)

    def column(
        self, history: History, first: int, last: int, finals: Finals = no_runs
    ) -> NDArray[np.float64]:
        """Return the values at positions [first, last), equal to those of `value`."""
        if self.kind in ("field", "ago"):
            return self._shifted(history, first, last)
        if self.kind == "change":
            now, then = history.column(self.field, first, last), self._shifted(history, first, last)
            with np.errstate(invalid="ignore"):
                return np.where(is_missing(now) | is_missing(then), MISSING, now - then)
        return np.array([self.value(history, position, finals) for position in range(first, last)])

    def _shifted(self, history: History, first: int, last: int) -> NDArray[np.float64]:
        """Return the field `window` positions before each of [first, last)."""
        missing = min(max(0, self.window - first), last - first)
        values = history.column(self.field, first + missing - self.window, last - self.window)
        return np.concatenate((np.full(missing, MISSING), values)) if missing else values.astype(np.float64)

    def _over_window(self, history: History, first: int, position: int) -> float:
        values = history.column(self.field, first, position + 1)
        match self.kind:
            case "rising":
                found = float((values[1:] > values[:-1]).all())
            case "falling":
                found = float((values[1:] < values[:-1]).all())
            case "mean":
                with np.errstate(over="ignore", invalid="ignore"):
                    found = float(np.add.reduce(values)) / self.window
            case "lowest":
                found = float(np.minimum.reduce(values))
            case _:
                found = float(np.maximum.reduce(values))
        # a missing value makes a reduction NaN and a comparison false: most windows need no second look
        if found == 0.0 or found != found:
            least = np.minimum.reduce(values)
            if least != least and is_missing(values).any():
                return MISSING
        return found


@dataclass(frozen=True)
class Side:
    """A side of a comparison: its text, and its operands and constants in order."""

    text: str
    reads: tuple[Operand | float, ...]
    alone: bool
    """Whether the side is a single operand or constant."""

    def __str__(self) -> str:
        return self.text


Comparison = tuple[Side, ...]
"""The sides of `a < b`, or of a chain such as `a < b < c`."""


@dataclass(frozen=True)
class _Expression:
    text: str
    operands: tuple[Operand, ...]

    def values(self, history: History, position: int, finals: Finals = no_runs) -> dict[str, float]:
        """Return the operands' values at a position, by their names: the evidence."""
        return {str(operand): operand.value(history, position, finals) for operand in self.operands}

    def _read(self, history: History, position: int, finals: Finals) -> list[float] | None:
        values = [operand.value(history, position, finals) for operand in self.operands]
        for value in values:
            if value != value and is_missing_number(value):
                return None
        return values

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields and quantities that the expression reads of its own run."""
        named = (operand.field for operand in self.operands if operand.kind != "run")
        return tuple(dict.fromkeys(named))

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that the expression reads of its own run; they have to be measured."""
        return tuple(name for name in self.fields if name not in FIELDS)

    @property
    def runs(self) -> set[str]:
        """The presets whose runs the expression reads."""
        return {operand.preset for operand in self.operands if operand.kind == "run"}


@dataclass(frozen=True)
class Condition(_Expression):
    """A parsed condition."""

    _holds: Callable[[Sequence[float]], bool]
    comparisons: tuple[Comparison, ...] = ()

    def holds(self, history: History, position: int, finals: Finals = no_runs) -> bool | None:
        """Return whether the condition holds at a position; None if an operand has no value there.

        `prev` has none at position 0, nor has another preset that was not run.
        """
        values = self._read(history, position, finals)
        return None if values is None else self._holds(values)

    def held(self, history: History, first: int, last: int, finals: Finals = no_runs) -> list[bool | None]:
        """Return `holds` at each of the positions [first, last), at a tenth of its cost."""
        columns = [operand.column(history, first, last, finals) for operand in self.operands]
        if not columns:
            return [self._holds([])] * (last - first)
        missing = np.logical_or.reduce([is_missing(column) for column in columns]).tolist()
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [None if lacks else self._holds(row) for lacks, row in zip(missing, rows, strict=True)]


@dataclass(frozen=True)
class NumberExpression(_Expression):
    """A parsed number."""

    _value: Callable[[list[float]], float]

    @property
    def counts(self) -> bool:
        """Whether the number is one operand that is a whole number."""
        return len(self.operands) == 1 and str(self.operands[0]) == self.text and self.operands[0].counts

    def value(self, history: History, position: int, finals: Finals = no_runs) -> float | None:
        """Return the number at a position; None if an operand has no value there."""
        values = self._read(history, position, finals)
        return None if values is None else float(self._value(values))
