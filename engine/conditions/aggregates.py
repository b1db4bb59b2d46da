"""Aggregates over the steps of a run or over seeds: share, count, first, median, quantile.

They extend the condition language: `share(loss > prev.loss)`, `quantile(log10(loss), 0.9) > 3`.
`share`, `count` and `first` take a condition, `median` and `quantile` a number.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gradstep.engine.conditions.expression import Condition, Finals, NumberExpression, Operand, no_runs
from gradstep.engine.conditions.language import (
    ConditionError,
    Translation,
    parse_condition,
    parse_number,
    translated,
)
from gradstep.engine.records.history import History
from gradstep.engine.records.missing import MISSING, is_missing_number
from gradstep.engine.records.ranges import quantile
from gradstep.engine.records.record import FIELDS

OF_CONDITIONS = ("share", "count", "first")
OF_NUMBERS = ("median", "quantile")
AGGREGATES = (*OF_CONDITIONS, *OF_NUMBERS)
SAYS = {
    "share(loss > prev.loss)": "share of the steps, or of the seeds, at which a condition holds",
    "count(loss > prev.loss)": "how many they are",
    "first(loss < 1)": "the first of them",
    "median(loss)": "median of a number over the steps, or over the seeds",
    "quantile(loss, 0.9)": "the number below which 90 % of them lie",
}
"""The aggregates by example, each with its meaning."""


class Place(NamedTuple):
    """A position of a run, and the finished runs of other presets."""

    history: History
    position: int
    finals: Finals = no_runs


@dataclass(frozen=True)
class Aggregate:
    """The aggregate of a condition or a number over many places."""

    name: str
    of: Condition | NumberExpression
    q: float = 0.5
    """The share of a quantile."""

    def __str__(self) -> str:
        return f"{self.name}({self.of.text}{f', {self.q:g}' if self.name == 'quantile' else ''})"

    @property
    def counts(self) -> bool:
        """Whether the aggregate is a count, or a quantile of counts, which may lie between two."""
        return self.name in ("count", "first") or (isinstance(self.of, NumberExpression) and self.of.counts)

    def look(self, place: Place) -> float | None:
        """Return the value at one place, 0 or 1 for a condition; None if an operand is missing."""
        if isinstance(self.of, NumberExpression):
            return self.of.value(*place)
        held = self.of.holds(*place)
        return None if held is None else float(held)

    def over(self, seen: Sequence[float | None]) -> float:
        """Return the aggregate of the values of `look`; `MISSING` if it has none."""
        told = [value for value in seen if value is not None]
        if self.name == "count":
            return sum(told)
        if self.name == "first":
            return float(seen.index(1.0)) if 1.0 in told else MISSING
        if not told:
            return MISSING
        if self.name == "share":
            return sum(told) / len(told)
        return quantile(told, self.q)


@dataclass(frozen=True)
class Summary:
    """A parsed number or condition over many places.

    Fields outside its aggregates are read at the last place.
    """

    text: str
    parts: tuple[Aggregate | Operand, ...]
    _function: Callable[[list[float]], Any]

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that the expression reads; they have to be measured as the run goes."""
        read = [part.of.quantities if isinstance(part, Aggregate) else (part.field,) for part in self.parts]
        return tuple(dict.fromkeys(name for names in read for name in names if name not in FIELDS))

    @property
    def counts(self) -> bool:
        """Whether the expression is a single part that is a count."""
        return len(self.parts) == 1 and str(self.parts[0]) == self.text and self.parts[0].counts

    @property
    def aggregates(self) -> list[Aggregate]:
        """The parts that read every place."""
        return [part for part in self.parts if isinstance(part, Aggregate)]

    def value(self, places: Sequence[Place]) -> float | None:
        """Return the number over the places, 0 or 1 for a condition; None if a part has no value."""
        return self.of(
            [
                part.over([part.look(place) for place in places])
                if isinstance(part, Aggregate)
                else part.value(*places[-1])
                for part in self.parts
            ]
        )

    def of(self, values: Sequence[float]) -> float | None:
        """Return the number from the parts' values, 0 or 1 for a condition; None if one is `MISSING`."""
        if any(is_missing_number(value) for value in values):
            return None
        return float(self._function(list(values)))


def parse_number_of_run(text: str, names: Collection[str] = FIELDS) -> Summary:
    """Parse a number over all steps of a run and its last record. Raises ConditionError."""
    return _parse(text, names, names, truth=False)


def parse_condition_over_seeds(text: str, names: Collection[str] = FIELDS) -> Summary:
    """Parse a condition on the last records of many seeds' runs. Raises ConditionError."""
    return _parse(text, (), names, truth=True)


def _parse(text: str, outside: Collection[str], inside: Collection[str], *, truth: bool) -> Summary:
    translation, function = translated(text, lambda line: _OfMany(line, outside, inside), truth=truth)
    return Summary(translation.text, tuple(translation.parts), function)


class _OfMany(Translation):
    """Translates aggregates too; `inside` are the names that they may read, `outside` those beside them."""

    def __init__(self, text: str, outside: Collection[str], inside: Collection[str]) -> None:
        super().__init__(text, outside)
        self.inside = inside
        self.parts: list[Aggregate | Operand] = []

    def truth(self, node: ast.expr) -> str:
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in AGGREGATES:
                raise self.error(node, f"this is a number: compare it, as in {name}(…) > 0.5")
        return super().truth(node)

    def number(self, node: ast.expr, index: int | None = None) -> str:
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in AGGREGATES:
                return self.operand(self.aggregate(node, name))
        return super().number(node, index)

    def aggregate(self, node: ast.Call, name: str) -> Aggregate:
        first = ast.get_source_segment(self.text, node.args[0]) if node.args else None
        if first is None or node.keywords or len(node.args) != (2 if name == "quantile" else 1):
            takes = {"quantile": "a number and a share: quantile(loss, 0.9)", "median": "one number"}
            raise self.error(node, f"{name} takes {takes.get(name, 'one condition')}")
        if name in OF_CONDITIONS:
            return Aggregate(name, parse_condition(first, self.inside))
        q = 0.5
        if name == "quantile":
            match node.args[1]:
                case ast.Constant(value=int() | float() as q) if 0 <= q <= 1:
                    pass
                case other:
                    raise self.error(other, "a share from 0 to 1 is needed here")
        return Aggregate(name, parse_number(first, self.inside), float(q))

    def operand(self, operand: Aggregate | Operand) -> str:
        written = list(map(str, self.parts))
        if str(operand) not in written:
            written.append(str(operand))
            self.parts.append(operand)
        return f"v[{written.index(str(operand))}]"

    def field(self, node: ast.expr, name: str, index: int | None) -> str:
        if not self.names:
            raise self.error(node, f"only inside of {', '.join(AGGREGATES)}: over which runs is it?")
        return super().field(node, name, index)

    def unknown(self, node: ast.expr, name: str, known: Collection[str], what: str) -> ConditionError:
        return super().unknown(node, name, [*known, *AGGREGATES] if what == "function" else known, what)
