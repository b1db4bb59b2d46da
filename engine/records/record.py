"""A record: the row of numbers of one position."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from gradstep.engine.records.missing import is_missing_number


@dataclass(frozen=True, slots=True)
class Record:
    """The numbers of one position; None where a field has no meaning there. `FIELD_SAYS` has what each is."""

    step: int = field(metadata={"says": "updates done"})
    epoch: int = field(metadata={"says": "epochs completed"})
    loss: float = field(metadata={"says": "loss on the batch that the next update uses"})
    accuracy: float | None = field(metadata={"says": "share of samples, or of outputs, that are no mistake"})
    mistakes: int | None = field(
        metadata={"says": "wrong classes; for numbers, outputs more than half a raw unit off"}
    )
    mape: float | None = field(
        metadata={"says": "mean absolute error in percent of the target, as Keras has it; numbers only"}
    )
    max_error: float | None = field(metadata={"says": "largest |output − target|; numbers only"})
    grad_norm: float = field(metadata={"says": "‖gradient‖ before clipping"})
    update_norm: float | None = field(metadata={"says": "‖update‖ of the update that led here"})
    param_norm: float = field(metadata={"says": "‖parameters‖"})
    learning_rate: float | None = field(
        metadata={"says": "learning rate of the next update; none for rules that search"}
    )
    seconds: float = field(metadata={"says": "time spent in steps and validations so far"})
    epoch_loss: float | None = field(
        default=None, metadata={"says": "mean of an epoch's losses, at its last update: what Keras prints"}
    )
    val_loss: float | None = field(default=None, metadata={"says": "loss on the validation data"})
    val_accuracy: float | None = field(default=None, metadata={"says": "accuracy on the validation data"})
    val_mape: float | None = field(default=None, metadata={"says": "mape on the validation data"})

    def __getitem__(self, field: str) -> Any:
        if field not in FIELDS:
            raise KeyError(field)
        return getattr(self, field)

    def as_json(self) -> dict[str, Any]:
        """Return all fields as JSON values, with "NaN", "Infinity" and "-Infinity" as texts."""
        return {name: json_number(value) for name, value in asdict(self).items()}


FIELDS = tuple(each.name for each in fields(Record))
FIELD_SAYS: dict[str, str] = {each.name: each.metadata["says"] for each in fields(Record)}
"""The meaning of each field, in a few words."""
COUNTS = tuple(each.name for each in fields(Record) if str(each.type).startswith("int"))
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
