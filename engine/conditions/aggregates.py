"""One number of many places: of all steps of a run, or of the runs of all seeds.

The condition language with `share(CONDITION)`, `count`, `first`, and `median(NUMBER)`, `quantile(NUMBER, q)`,
each of which looks at every place: `share(loss > prev.loss)`, `quantile(log10(loss), 0.9) > 3`.
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


class Place(NamedTuple):
    """A position of a run, and the other presets' runs that it is compared with."""

    history: History
    position: int
    finals: Finals = no_runs


@dataclass(frozen=True)
class Aggregate:
    """What a condition or a number comes to over many places."""

    name: str
    of: Condition | NumberExpression
    q: float = 0.5
    """Which quantile."""

    def __str__(self) -> str:
        return f"{self.name}({self.of.text}{f', {self.q:g}' if self.name == 'quantile' else ''})"

    @property
    def counts(self) -> bool:
        """Whether it is a whole number, or, as a median of counts, between two of them."""
        return self.name in ("count", "first") or (isinstance(self.of, NumberExpression) and self.of.counts)

    def look(self, place: Place) -> float | None:
        """What there is to see at one place, a truth as 0 or 1; None where it can't be told."""
        if isinstance(self.of, NumberExpression):
            return self.of.value(*place)
        held = self.of.holds(*place)
        return None if held is None else float(held)

    def over(self, seen: Sequence[float | None]) -> float:
        """Its value of what was seen; `MISSING` where there is none, since nowhere it could be told."""
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
    """A parsed expression over many places: a number, or something that is so or not.

    Fields outside of its aggregates are those of the last place.
    """

    text: str
    parts: tuple[Aggregate | Operand, ...]
    _function: Callable[[list[float]], Any]

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that it reads, which have to be measured as the run goes."""
        read = [part.of.quantities if isinstance(part, Aggregate) else (part.field,) for part in self.parts]
        return tuple(dict.fromkeys(name for names in read for name in names if name not in FIELDS))

    @property
    def counts(self) -> bool:
        """Whether it is one part that is a count."""
        return len(self.parts) == 1 and str(self.parts[0]) == self.text and self.parts[0].counts

    @property
    def aggregates(self) -> list[Aggregate]:
        """Those of its parts that look at every place."""
        return [part for part in self.parts if isinstance(part, Aggregate)]

    def value(self, places: Sequence[Place]) -> float | None:
        """Its number; None where a part has no value."""
        return self.of(
            [
                part.over([part.look(place) for place in places])
                if isinstance(part, Aggregate)
                else part.value(*places[-1])
                for part in self.parts
            ]
        )

    def of(self, values: Sequence[float]) -> float | None:
        """Its number of its parts' values, a truth as 0 or 1; None where one of them is `MISSING`."""
        if any(is_missing_number(value) for value in values):
            return None
        return float(self._function(list(values)))


def parse_number_of_run(text: str, names: Collection[str] = FIELDS) -> Summary:
    """A number of a run: over all its steps, and of its last record. Raises ConditionError."""
    return _parse(text, names, names, truth=False)


def parse_condition_over_seeds(text: str, names: Collection[str] = FIELDS) -> Summary:
    """Something that is so or not of the runs of many seeds at their ends. Raises ConditionError."""
    return _parse(text, (), names, truth=True)


def _parse(text: str, outside: Collection[str], inside: Collection[str], *, truth: bool) -> Summary:
    translation, function = translated(text, lambda line: _OfMany(line, outside, inside), truth=truth)
    return Summary(translation.text, tuple(translation.parts), function)


class _OfMany(Translation):
    """The translation where aggregates are numbers too; `inside` are the names that those may read."""

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
