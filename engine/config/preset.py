"""The preset: a run config with its question, its claims, and the fields to watch."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticKnownError

from gradstep.engine.conditions.claims import Claim
from gradstep.engine.config.run import RunConfig, RunLength
from gradstep.engine.config.sweep import Sweep
from gradstep.engine.config.types import Count
from gradstep.engine.errors import UserError
from gradstep.engine.records.quantities import QUANTITIES, find_quantity
from gradstep.engine.records.record import FIELDS


def _is_quantity(name: str) -> str:
    try:
        find_quantity(name)
    except UserError as error:
        raise ValueError(str(error)) from None
    return name


def _can_be_watched(name: str) -> str:
    if name not in FIELDS and name.partition("[")[0] not in QUANTITIES:
        expected = [*FIELDS, *(quantity.form for quantity in QUANTITIES.values())]
        raise PydanticKnownError("literal_error", {"expected": ", ".join(map(repr, expected))})
    return name if name in FIELDS else _is_quantity(name)


QuantityName = Annotated[str, AfterValidator(_is_quantity)]
Watched = Annotated[str, AfterValidator(_can_be_watched)]


class Preset(RunConfig):
    """A run config with its question, its claims, and the fields to watch."""

    name: str = Field("", exclude=True, description="the file's stem")
    title: str = Field(min_length=1)
    document: str = ""
    question: str = ""
    watch: list[Watched] = Field(["loss", "accuracy"], min_length=1, max_length=4)
    log: list[Watched] = Field([], description="the watched fields whose charts open on a log scale")
    measure: dict[QuantityName, Count] = Field(
        {}, description="quantities measured as the run goes, each every so many steps"
    )
    run: RunLength = RunLength()
    sweep: Sweep | None = None
    claim: list[Claim] = Field([])

    @model_validator(mode="after")
    def _measured(self) -> Self:
        """Refuse watched and claimed quantities that are not measured at the positions that need them."""
        problems = [
            f"watch: {name} is not measured; say every how many steps: [measure] {quoted(name)} = 10"
            for name in self.watch
            if name not in FIELDS and name not in self.measure
        ]
        for number, claim in enumerate(self.claim):
            for name in claim.quantities:
                every = self.measure.get(name)
                if every is None:
                    problems.append(
                        f"claim.{number}: {name} is not measured; say every how many steps: "
                        f"[measure] {quoted(name)} = 10"
                    )
                elif claim.at is not None and claim.at % every:
                    problems.append(
                        f"claim.{number}: {name} is measured every {every} steps, not at step {claim.at}"
                    )
        if problems:
            raise ValueError("\n\n".join(problems))
        return self


def quoted(name: str) -> str:
    """Return a quantity's name as a TOML key."""
    return f'"{name}"' if "[" in name else name
