"""Types that the tables of a preset share: numbers with their limits, and the base of all tables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LARGEST = 1e38
"""float32 ends at 3.4e38; torch refuses a number beyond it."""


def _held(number: float) -> float:
    if abs(number) > LARGEST:
        raise ValueError(f"given {number}; allowed: from -{LARGEST} to {LARGEST}")
    return number


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Finite = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_held)]
Whole = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=1, lt=2**63)]
Scale = Literal["raw", "unit", "standard"]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def with_name(given: object) -> object:
    """Return a table for its short form, the name alone; anything else as it is."""
    return {"name": given} if isinstance(given, str) else given
