"""The scaling of raw values to inputs: (value − offset) / divisor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gradstep.engine.data.dataset import DataError, Floats

Scale = Literal["raw", "unit", "standard"]


@dataclass(frozen=True)
class Scaling:
    """One offset and one divisor for all values of a data set, training and validation alike."""

    offset: float
    divisor: float
    words: str

    def apply(self, values: Floats) -> Floats:
        """Scale raw values, in their dtype: give float64 and round once, at the end."""
        return (values - self.offset) / self.divisor

    @property
    def tolerance(self) -> float:
        """Half a raw unit (half a grey level), in the inputs' unit."""
        return 0.5 / self.divisor


def scaling(scale: Scale, largest: int, moments: Callable[[], tuple[float, float]]) -> Scaling:
    """Return the scaling called `scale`, by the largest raw value or the training values' moments.

    `moments` is called for "standard" only. Raises DataError if the scaling would divide by zero.
    """
    if scale == "raw":
        return Scaling(0.0, 1.0, f"raw 0–{largest:,}")
    if scale == "unit":
        result = Scaling(0.0, float(largest), f"0–1 (divided by {largest:,})")
    else:
        mean, deviation = moments()
        result = Scaling(mean, deviation, f"standardised (mean {mean:,.2f}, deviation {deviation:,.2f})")
    if result.divisor == 0:
        raise DataError(f'data.scale = "{scale}": all training values are equal; use "raw"')
    return result
