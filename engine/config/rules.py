"""The `[train.rule]` table: the rule that makes an update from a gradient."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gradstep.engine.config.types import Fraction, Positive, Share, Table


class GradientDescent(Table):
    """θ ← θ − ηg."""

    name: Literal["gradient_descent"]
    learning_rate: Positive = 0.1


class Momentum(Table):
    """Heavy ball: z ← βz + g, θ ← θ − ηz."""

    name: Literal["momentum"]
    learning_rate: Positive = 0.1
    momentum: Fraction = 0.9


class Nesterov(Table):
    """z ← βz + g, θ ← θ − η(g + βz)."""

    name: Literal["nesterov"]
    learning_rate: Positive = 0.1
    momentum: Fraction = 0.9


class RMSpropKeras2(Table):
    """Keras 2: v ← ρv + (1−ρ)g², θ ← θ − ηg/(√v + ε)."""

    name: Literal["rmsprop_keras2"]
    learning_rate: Positive = 1e-3
    rho: Fraction = 0.9
    epsilon: Positive = 1e-7


class RMSpropKeras3(Table):
    """Keras 3: the same with θ ← θ − ηg/√(v + ε)."""

    name: Literal["rmsprop_keras3"]
    learning_rate: Positive = 1e-3
    rho: Fraction = 0.9
    epsilon: Positive = 1e-7


class RMSpropTorch(Table):
    """torch.optim.RMSprop: Keras 2's formula with torch's defaults."""

    name: Literal["rmsprop_torch"]
    learning_rate: Positive = 1e-2
    rho: Fraction = 0.99
    epsilon: Positive = 1e-8


class Adam(Table):
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², θ ← θ − η·m̂/(√v̂ + ε), m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ)."""

    name: Literal["adam"]
    learning_rate: Positive = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Positive = 1e-8


class LineSearch(Table):
    """θ ← θ + αd with the step length α searched along d, on the loss of the batch."""

    name: Literal["line_search"]
    direction: Literal["gradient", "heavy_ball", "conjugate_gradients"] = "gradient"
    search: Literal["backtracking", "wolfe", "exact"] = "backtracking"
    initial_step: Positive = 1.0
    shrink: Share = Field(0.5, description="backtracking: a step length over the one before")
    armijo: Share = Field(1e-4, description="share of the slope by which the loss has to fall")
    curvature: Share | None = Field(
        None, description="wolfe: share of the slope that may be left; 0.1 for conjugate gradients, else 0.9"
    )
    momentum: Fraction = Field(0.9, description="heavy ball: share of the previous direction")
    conjugate: Literal["polak_ribiere", "fletcher_reeves"] = "polak_ribiere"

    @property
    def curvature_bound(self) -> float:
        """`curvature`, or what Nocedal and Wright (section 3.1) advise for the direction."""
        if self.curvature is not None:
            return self.curvature
        return 0.1 if self.direction == "conjugate_gradients" else 0.9

    @model_validator(mode="after")
    def _conditions_fit(self) -> Self:
        if self.search == "wolfe" and self.armijo >= self.curvature_bound:
            bound = self.curvature_bound
            raise ValueError(f"armijo: given {self.armijo}; needs to be less than curvature, {bound}")
        return self


class LBFGS(Table):
    """torch.optim.LBFGS, an iteration a step, with its strong Wolfe search; `history` is 100 in torch."""

    name: Literal["lbfgs"]
    initial_step: Positive = 1.0
    history: int = Field(10, ge=1, le=100)


class Newton(Table):
    """θ ← θ − α(H + damping)⁺g with the batch's Hessian H, α = `initial_step` or searched back from it."""

    name: Literal["newton"]
    search: Literal["none", "backtracking"] = "none"
    initial_step: Positive = 1.0
    shrink: Share = 0.5
    armijo: Share = 1e-4
    damping: float = Field(0.0, ge=0, allow_inf_nan=False)
    saddle_free: bool = Field(False, description="|λ| for the Hessian's eigenvalues λ")


Rule = Annotated[
    GradientDescent
    | Momentum
    | Nesterov
    | RMSpropKeras2
    | RMSpropKeras3
    | RMSpropTorch
    | Adam
    | LineSearch
    | LBFGS
    | Newton,
    Field(discriminator="name"),
]
