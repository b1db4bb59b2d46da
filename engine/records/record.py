"""A record: the row of numbers of one position."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from gradstep.engine.records.missing import is_missing_number


@dataclass(frozen=True, slots=True)
class Record:
    """The numbers of one position; None for a field without a value there."""

    step: int
    epoch: int
    loss: float
    accuracy: float | None
    mistakes: int | None
    mape: float | None
    max_error: float | None
    grad_norm: float
    update_norm: float | None
    param_norm: float
    learning_rate: float | None
    seconds: float
    epoch_loss: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    val_mape: float | None = None

    def __getitem__(self, field: str) -> Any:
        if field not in FIELDS:
            raise KeyError(field)
        return getattr(self, field)

    def as_json(self) -> dict[str, Any]:
        """Return all fields as JSON values, with "NaN", "Infinity" and "-Infinity" as texts."""
        return {name: json_number(value) for name, value in asdict(self).items()}


FIELDS = tuple(field.name for field in fields(Record))
COUNTS = tuple(field.name for field in fields(Record) if str(field.type).startswith("int"))
"""Fields that hold whole numbers."""
SUMS = ("loss", "mape", "epoch_loss", "val_loss", "val_mape")
"""Fields that are means over samples, summed in the run's dtype; `History.rounding` is their error."""
COLUMNS = FIELDS[2:]
"""Stored columns in the order of a row: all fields but `step` and `epoch`, which follow from its position."""


def json_number(value: float | None) -> float | str | None:
    """Return a value for JSON, which has no number that is not finite; None for `MISSING`."""
    if value is None or is_missing_number(value):
        return None
    if math.isfinite(value):
        return value + 0  # a zero has no sign: torch's losses may be -0.0
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
