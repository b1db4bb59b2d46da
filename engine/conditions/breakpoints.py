"""Breakpoints: conditions that stop a run, with their hits; and ready-made ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gradstep.engine.conditions.evidence import evidence
from gradstep.engine.conditions.expression import Condition
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.errors import UserError
from gradstep.engine.records.history import History

READY = {
    "the loss rose": "loss > prev.loss",
    "mistakes rose while the loss fell": "mistakes > prev.mistakes and loss < prev.loss",
    "not finite": "not finite(loss) or not finite(grad_norm)",
    "no gradient is left": "grad_norm < 1e-7",
    "the update is zero": "update_norm == 0",
    "the loss has not fallen for 10 steps": "lowest(loss, 10) >= ago(loss, 10)",
    "update out of proportion": "update_norm < 1e-8 * param_norm or update_norm > 10 * param_norm",
    "more than half of the units dead": "dead > 0.5",
    "beyond the edge of stability": "sharpness > stability_limit",
}
"""Ready-made conditions by name; thresholds as in Amazon SageMaker Debugger's built-in rules, if it has one.
The last two measure the network at every step."""


@dataclass(frozen=True)
class Breakpoint:
    """A condition that stops the run where it holds; its next `ignore` hits are counted only."""

    number: int
    condition: str
    name: str = ""
    enabled: bool = True
    ignore: int = 0
    hits: int = 0

    @property
    def title(self) -> str:
        return self.name or self.condition


@dataclass(frozen=True)
class Hit:
    """A breakpoint that stopped the run, the position, and the values of its condition there."""

    breakpoint: Breakpoint
    position: int
    values: tuple[tuple[str, float], ...]
    evidence: str
    """The values as text."""


class Breakpoints:
    """The breakpoints of a session. They belong to no position: going back leaves them as they are."""

    def __init__(self, points: list[Breakpoint] | None = None) -> None:
        self._points: dict[int, Breakpoint] = {point.number: point for point in points or []}
        self._conditions: dict[int, Condition] = {
            point.number: parse_condition(point.condition) for point in points or []
        }
        self._quantities: tuple[str, ...] = ()
        self._gather()

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(self._points.values())

    def __len__(self) -> int:
        return len(self._points)

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that enabled breakpoints need at every position."""
        return self._quantities

    def add(self, condition: str, name: str = "") -> Breakpoint:
        """Add a breakpoint. Raises ConditionError."""
        parsed = parse_condition(condition)
        number = max(self._points, default=0) + 1
        point = Breakpoint(number, parsed.text, name)
        self._points[number] = point
        self._conditions[number] = parsed
        self._gather()
        return point

    def edit(self, number: int, *, enabled: bool | None = None, ignore: int | None = None) -> Breakpoint:
        """Enable or disable a breakpoint, or set how many hits to ignore. Raises UserError."""
        point = self._find(number)
        if enabled is not None:
            point = replace(point, enabled=enabled)
        if ignore is not None:
            if ignore < 0:
                raise UserError(f"ignore: given {ignore}; allowed: 0 or more times")
            point = replace(point, ignore=ignore)
        self._points[number] = point
        self._gather()
        return point

    def remove(self, number: int) -> None:
        """Remove a breakpoint. Raises UserError."""
        self._find(number)
        del self._points[number], self._conditions[number]
        self._gather()

    def hit(self, history: History, position: int) -> Hit | None:
        """Return the first breakpoint that stops the run at a position; count the hits of all."""
        first: Hit | None = None
        for number, point in self._points.items():  # only values change within
            if not point.enabled or not self._conditions[number].holds(history, position):
                continue
            stops = point.ignore == 0
            point = replace(point, hits=point.hits + 1, ignore=max(0, point.ignore - 1))
            self._points[number] = point
            if stops and first is None:
                condition = self._conditions[number]
                values = tuple(condition.values(history, position).items())
                first = Hit(point, position, values, evidence(condition, history, position))
        return first

    def _gather(self) -> None:
        enabled = (self._conditions[point.number] for point in self if point.enabled)
        self._quantities = tuple(
            dict.fromkeys(name for condition in enabled for name in condition.quantities)
        )

    def _find(self, number: int) -> Breakpoint:
        if number not in self._points:
            raise UserError(
                f"no breakpoint {number}; there are: {', '.join(map(str, self._points)) or 'none'}"
            )
        return self._points[number]
