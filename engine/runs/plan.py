"""The plan of a sweep: a grid of runs, each with an ordinary run config."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tomli_w

from gradstep.engine.conditions.aggregates import parse_number_of_run
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.config.changes import changed
from gradstep.engine.config.errors import ConfigError, one_line_a_kind
from gradstep.engine.config.preset import Preset, quoted
from gradstep.engine.config.recorded import Recorded
from gradstep.engine.config.sweep import MAX_RUNS, Axis, names_of_axes
from gradstep.engine.errors import UserError
from gradstep.engine.records.record import FIELDS

SHOWN_PROBLEMS = 10
SHOWN_BESIDE = ("ended", "step", "loss")
"""The columns of a table of runs beside the axes."""


@dataclass(frozen=True)
class Plan:
    """A preset with a fixed number of threads, and the axes of its runs; the last axis varies fastest."""

    preset: Preset
    axes: tuple[Axis, ...]
    until: str | None = None
    """The condition at which a run ends before its planned end."""
    measures: tuple[str, ...] = ()
    """The measures of each run beside its last record."""

    def __len__(self) -> int:
        return math.prod(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def names(self) -> tuple[str, ...]:
        """The axes' short names, unique among themselves and the columns of a table."""
        return names_of_axes(self.axes, SHOWN_BESIDE)

    def place(self, point: int) -> tuple[int, ...]:
        """Return the index of a point's value on each axis."""
        indices = []
        for count in reversed(self.shape):
            point, index = divmod(point, count)
            indices.append(index)
        return tuple(reversed(indices))

    def said(self, point: int) -> str:
        """Return a run's label: its values on the axes."""
        places = zip(self.names, self.axes, self.place(point), strict=True)
        return ", ".join(f"{name} {axis.labels[index]}" for name, axis, index in places)

    def changes(self, point: int) -> dict[str, Any]:
        """Return a point's values on the axes, {dotted key: value}."""
        return {
            axis.key: axis.values[index] for axis, index in zip(self.axes, self.place(point), strict=True)
        }

    def config(self, point: int) -> Preset:
        """Return the preset of a point's run."""
        return changed(self.preset, self.changes(point), "sweep")

    def check(self) -> None:
        """Raise ConfigError with the first problems that the runs would have."""
        problems: dict[str, None] = {}
        until = parse_condition(self.until) if self.until is not None else None
        for point in range(len(self)):
            try:
                config = self.config(point)
                if until is not None:
                    Recorded.of(config).check(until)
            except ConfigError as error:
                problems.update(dict.fromkeys(error.problems))
            except UserError as error:
                problems[f"until: {error}"] = None
        if problems:
            raise ConfigError("sweep", one_line_a_kind(list(problems))[:SHOWN_PROBLEMS])


def make_plan(
    preset: Preset,
    axes: Sequence[Axis] = (),
    until: str | None = None,
    measures: Sequence[str] = (),
) -> Plan:
    """Return the plan of a sweep, after checking that every run can begin.

    Missing arguments are taken from the preset's [sweep]. A run has one thread unless the preset gives a
    number. Raises UserError for axes that don't fit the preset or each other, for too many runs, and for
    missing axes or a missing end.
    """
    own = preset.sweep
    if own is not None:
        axes = axes or [axis.axis() for axis in own.axis]
        until = until or own.until
        measures = measures or own.measure
    if not axes:
        raise UserError(f"{preset.name} has no [sweep]: name an axis, such as --over train.seed=0:20")
    if preset.run.steps is None and preset.run.epochs is None:
        raise UserError(f"{preset.name} does not say how long it goes: give --steps")
    for i, axis in enumerate(axes):
        for before in axes[:i]:
            if axis.key == before.key:
                raise UserError(f"sweep: {axis.key} is given twice")
            if before.key.startswith(f"{axis.key}."):
                raise UserError(f"sweep: {axis.key} would undo {before.key}: give {axis.key} first")
    count = math.prod(len(axis.values) for axis in axes)
    if count > MAX_RUNS:
        shape = " × ".join(f"{len(axis.values):,}" for axis in axes)
        raise UserError(f"sweep: {shape} are {count:,} runs; at most {MAX_RUNS:,} are allowed")
    if until is not None:
        parse_condition(until)
    for measure in measures:
        for name in parse_number_of_run(measure).quantities:
            if name not in preset.measure:
                where = f"in the preset's [measure], as {quoted(name)} = 10"
                raise UserError(f"sweep: {name} is not measured; say every how many steps {where}")
    if preset.train.threads == "auto":
        preset = changed(preset, {"train.threads": 1})
    beside = tuple(measure for measure in dict.fromkeys(measures) if measure not in FIELDS)
    plan = Plan(preset, tuple(axes), until, beside)
    plan.check()
    return plan


def assignments(changes: dict[str, Any]) -> list[str]:
    """Return changes as --set takes them: "a.b=value", with values in TOML."""
    return [f"{key}={_inline(value)}" for key, value in changes.items()]


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return tomli_w.dumps({"v": value}).strip().removeprefix("v = ")
