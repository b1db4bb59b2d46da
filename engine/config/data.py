"""The `[data]` table: the samples that a run trains on."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gradstep.engine.config.types import Finite, Scale, Table, Whole

MAX_VALUES = 50_000_000
MAX_POINTS = 1_000
MAX_COORDINATES = 100
MAX_CLASSES = 100
IMAGE_PIXELS = 784
CLASSES = 10


class _Images(Table):
    target: Literal["label", "input"] = "label"
    scale: Scale = "unit"
    samples: int | None = Field(None, ge=1, le=1_000_000, description="the first n; all when not given")
    validation: int | None = Field(None, ge=0, le=1_000_000, description="the first n; 0 for none")

    @property
    def width(self) -> int:
        return IMAGE_PIXELS

    @property
    def outputs(self) -> int:
        return CLASSES if self.target == "label" else IMAGE_PIXELS


class MnistData(_Images):
    """MNIST's 60,000 training and 10,000 test images; `digits` where there is no MNIST."""

    name: Literal["mnist"]


class DigitsData(_Images):
    """scikit-learn's 1,797 handwritten digits, enlarged to 28×28."""

    name: Literal["digits"]


class RampData(Table):
    """The arithmetic sequences S_i = [0 … length-1] + length·i of the linear document."""

    name: Literal["ramp"]
    target: Literal["index", "input"] = "index"
    scale: Scale = "raw"
    samples: int = Field(1500, ge=1, le=1_000_000)
    length: int = Field(100, ge=1, le=10_000)

    @model_validator(mode="after")
    def _fits_memory(self) -> Self:
        if self.samples * self.length > MAX_VALUES:
            raise ValueError(
                f"samples: {self.samples:,} × length {self.length:,} is more than {MAX_VALUES:,} values"
            )
        return self

    @property
    def width(self) -> int:
        return self.length

    @property
    def outputs(self) -> int:
        return 1 if self.target == "index" else self.length


class IntervalData(Table):
    """Inputs drawn evenly from [low, high]."""

    name: Literal["interval"]
    target: Literal["input"] = "input"
    low: Finite = -1.0
    high: Finite = 1.0
    samples: int = Field(1000, ge=1, le=100_000)
    length: int = Field(16, ge=1, le=1_000)
    seed: Whole = 0

    @model_validator(mode="after")
    def _is_interval(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low: given {self.low}; allowed: less than high, which is {self.high}")
        return self

    @property
    def width(self) -> int:
        return self.length

    @property
    def outputs(self) -> int:
        return self.length


class PointsData(Table):
    """A few labelled points, written out."""

    name: Literal["points"]
    target: Literal["label"] = "label"
    inputs: list[Annotated[list[Finite], Field(min_length=1, max_length=MAX_COORDINATES)]] = Field(
        min_length=1, max_length=MAX_POINTS
    )
    labels: list[Annotated[int, Field(ge=0, lt=MAX_CLASSES)]] = Field(min_length=1)
    classes: int | None = Field(
        None, ge=2, le=MAX_CLASSES, description="as many as the labels need when not given"
    )

    @model_validator(mode="after")
    def _points_fit(self) -> Self:
        others = [row for row, point in enumerate(self.inputs, 1) if len(point) != self.width]
        if others:
            raise ValueError(
                f"inputs: row 1 has {self.width} numbers; {len(others)} of {len(self.inputs)} rows have more "
                f"or fewer, the first is row {others[0]} with {len(self.inputs[others[0] - 1])}"
            )
        if len(self.labels) != len(self.inputs):
            raise ValueError(f"labels: {len(self.labels)} of them for {len(self.inputs)} points")
        if self.classes is not None and self.classes <= max(self.labels):
            raise ValueError(f"classes: given {self.classes}; the labels go up to {max(self.labels)}")
        return self

    @property
    def width(self) -> int:
        return len(self.inputs[0])

    @property
    def outputs(self) -> int:
        return self.classes or max(2, max(self.labels) + 1)


Data = Annotated[MnistData | DigitsData | RampData | IntervalData | PointsData, Field(discriminator="name")]
