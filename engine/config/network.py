"""The `[network]` table: dense layers, and their initial weights."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gradstep.engine.config.types import Finite, Positive, Table, with_name


class TorchInitialiser(Table):
    """torch.nn.Linear's own: weights and biases from U(±1/√fan_in)."""

    name: Literal["torch"]


class GlorotUniformInitialiser(Table):
    """Keras Dense's own: weights from U(±√(6/(fan_in+fan_out))), biases 0."""

    name: Literal["glorot_uniform"]


class HeUniformInitialiser(Table):
    """Weights from U(±√(6/fan_in)), biases 0."""

    name: Literal["he_uniform"]


class NormalInitialiser(Table):
    """Weights from N(mean, std²), biases 0."""

    name: Literal["normal"]
    mean: Finite = 0.0
    std: Positive = 0.05


class ConstantInitialiser(Table):
    """All weights and biases are `value`."""

    name: Literal["constant"]
    value: Finite = 0.0


class IdentityInitialiser(Table):
    """Ones on the diagonal, zeros elsewhere, biases 0."""

    name: Literal["identity"]


class ShiftedIdentityInitialiser(Table):
    """Identity weights, every hidden bias `shift`, and a last bias that takes the shifts back.

    Hidden ReLUs are then in their linear region for all inputs above -shift: the construction of a comment
    on the identity document. The net is the identity if all layers are as wide as the inputs.
    """

    name: Literal["shifted_identity"]
    shift: Finite = 1.0


class SwappedIdentityInitialiser(Table):
    """Identity weights with the outputs `first` and `second` (from 0) swapped, in every layer."""

    name: Literal["swapped_identity"]
    first: int = Field(ge=0, le=99_999)
    second: int = Field(ge=0, le=99_999)


class SingleWeightInitialiser(Table):
    """Every unit's first weight is `value`, all others are 0; biases 0."""

    name: Literal["single_weight"]
    value: Finite = 1.0


Initialiser = Annotated[
    TorchInitialiser
    | GlorotUniformInitialiser
    | HeUniformInitialiser
    | NormalInitialiser
    | ConstantInitialiser
    | IdentityInitialiser
    | ShiftedIdentityInitialiser
    | SwappedIdentityInitialiser
    | SingleWeightInitialiser,
    Field(discriminator="name"),
    BeforeValidator(with_name),
]
Activation = Literal["linear", "relu", "leaky_relu", "sigmoid", "tanh"]
LEAKY_SLOPE = 0.01
"""torch.nn.LeakyReLU's default."""
ACTIVATION_FORMULAS: dict[Activation, str] = {
    "linear": "z",
    "relu": "max(z, 0)",
    "leaky_relu": f"max(z, {LEAKY_SLOPE}·z)",
    "sigmoid": "1/(1 + e⁻ᶻ)",
    "tanh": "tanh z",
}
"""The output of a unit, by z: the weighted sum of its inputs plus its bias."""


class Layer(Table):
    units: int = Field(ge=1, le=100_000)
    activation: Activation = "linear"


class Network(Table):
    layers: list[Layer] = Field(min_length=1, max_length=100)
    initialiser: Initialiser = TorchInitialiser(name="torch")
    bias: bool = True

    @model_validator(mode="after")
    def _swaps_units(self) -> Self:
        start = self.initialiser
        if isinstance(start, SwappedIdentityInitialiser):
            smallest = min(layer.units for layer in self.layers)
            if (last := max(start.first, start.second)) >= smallest:
                raise ValueError(f"initialiser: no unit {last} to swap; the smallest layer has {smallest}")
        return self

    def shapes(self, width: int) -> list[tuple[int, int]]:
        """Return the weight shapes (units, inputs), layer by layer, for inputs of this width."""
        return [(b, a) for a, b in pairwise([width, *(layer.units for layer in self.layers)])]

    def parameters(self, width: int) -> int:
        return sum(units * (inputs + self.bias) for units, inputs in self.shapes(width))
