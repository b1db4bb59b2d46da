"""Fields without a value in any record of a run, conditions without one, and the reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import gcd

from gradstep.engine.conditions.aggregates import Aggregate, parse_condition_over_seeds
from gradstep.engine.conditions.claims import Claim
from gradstep.engine.conditions.expression import Condition, Operand
from gradstep.engine.conditions.language import parse_condition, parse_number
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.preset import Preset
from gradstep.engine.errors import UserError
from gradstep.engine.records.record import FIELDS

OF_NUMBERS = ("mape", "max_error", "val_mape")
"""Fields that need numbers as targets."""
OF_EPOCHS, OF_VALIDATION = "epoch_loss", "val_"
"""The field of epochs, and the beginning of the fields of a validation set."""


@dataclass(frozen=True)
class Recorded:
    """The facts of a run that decide which fields of its records have values."""

    labels: bool
    """Whether the targets are classes."""
    validates: bool
    """Whether the run has a validation set."""
    searches: bool = False
    """Whether the rule searches each step's length."""
    every: Mapping[str, int] = field(default_factory=dict)
    """Positions between two values of a field, if known and more than 1."""

    @classmethod
    def of(cls, preset: Preset) -> Recorded:
        """Return the facts of a preset's runs."""
        # without the key there is no validation part; without a value, all of it is used
        validates = getattr(preset.data, "validation", 0) != 0
        return cls(preset.data.target == "label", validates, preset.train.learning_rate is None)

    def known(self, batches: int, validate_every: int | None) -> Recorded:
        """Return the facts after the data is loaded.

        `batches` is the number in an epoch, `validate_every` the positions between validations, or None.
        """
        periods = {OF_EPOCHS: batches}
        if validate_every is not None:
            periods |= {name: validate_every for name in FIELDS if name.startswith(OF_VALIDATION)}
        every = {name: period for name, period in periods.items() if period > 1}
        return replace(self, validates=validate_every is not None, every=every)

    def why_never(self, name: str) -> str:
        """Return why a field never has a value; "" if it can have one, and for quantities."""
        if name.startswith(OF_VALIDATION) and not self.validates:
            return "this run has no validation set"
        if name in OF_NUMBERS and self.labels:
            return "its targets are classes, and a class is right or wrong"
        if name == "learning_rate" and self.searches:
            return "this rule searches the length of each step"
        return ""

    def check_field(self, name: str) -> None:
        """Raise UserError for a field that never has a value."""
        if why := self.why_never(name):
            raise UserError(f"{name} has no value here: {why}")

    def check(self, condition: Condition) -> None:
        """Raise UserError for a condition that has a value at no position of the run."""
        for operand in condition.operands:
            if operand.kind == "run":
                raise UserError(f"{operand} is read by claims and measures only: no other run is done here")
            self.check_field(operand.field)
        self._check_periods(condition)

    def _check_periods(self, condition: Condition) -> None:
        """Raise UserError if two needed values never come at the same position."""
        needed = [
            (operand, offset, self.every[operand.field])
            for operand in condition.operands
            if operand.field in self.every
            for offset in _offsets(operand)
        ]
        for (one, first, period), (other, second, other_period) in combinations(needed, 2):
            if (first - second) % gcd(period, other_period):
                which = f"{one} has" if one == other else f"{one} and {other} together have"
                before = f"; ago({one.field}, {period}) is the value before" if period == other_period else ""
                raise UserError(f"{which} no value here: {one.field} comes every {period:,} steps{before}")


def _offsets(operand: Operand) -> tuple[int, ...]:
    """Return the distances back of the positions that an operand reads, at most two."""
    match operand.kind:
        case "ago":
            return (operand.window,)
        case "change":
            return (0, operand.window)
        case "mean" | "lowest" | "highest":
            return (0, 1) if operand.window > 1 else (0,)
        case "rising" | "falling":
            return (0, 1)
    return (0,)


def check_preset(preset: Preset, source: str) -> None:
    """Raise ConfigError if a preset's watch, log or claims need a value that its run never has."""
    recorded = Recorded.of(preset)
    named = [("watch", name) for name in preset.watch] + [("log", name) for name in preset.log]
    named += [(f"claim.{at}", name) for at, claim in enumerate(preset.claim) for name in _read_by(claim)]
    problems = {
        f"{where}: {name} has no value here: {why}": None
        for where, name in named
        if (why := recorded.why_never(name))
    }
    if problems:
        raise ConfigError(source, list(problems))


def _read_by(claim: Claim) -> Iterator[str]:
    """Yield the fields and quantities that a claim reads of its own run."""
    text = claim.always or claim.never or claim.eventually or claim.condition
    operands = list(parse_condition(text).operands) if text else []
    if claim.measure is not None:
        operands += parse_number(claim.measure).operands
    if claim.over_seeds is not None:
        for part in parse_condition_over_seeds(claim.over_seeds).parts:
            operands += part.of.operands if isinstance(part, Aggregate) else [part]
    return (operand.field for operand in operands if operand.kind != "run")
