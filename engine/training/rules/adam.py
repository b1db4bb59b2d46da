"""Adam, as in `torch.optim.Adam`."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.adam import adam

from gradstep.engine.training.rules.base import Rule, Slots, Threshold


class Adam(Rule):
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²; d = −η·m̂/(√v̂ + ε) with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ)."""

    def __init__(self, learning_rate: float, beta1: float, beta2: float, epsilon: float) -> None:
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def slots(self, parameters: Tensor) -> Slots:
        return {
            "first_moment": torch.zeros_like(parameters),
            "second_moment": torch.zeros_like(parameters),
            "updates": torch.zeros((), dtype=torch.float64),
        }

    def propose(self, gradient: Tensor, slots: Slots, update: Tensor) -> None:
        update.zero_()
        adam(
            [update],
            [gradient],
            [slots["first_moment"]],
            [slots["second_moment"]],
            [],
            [slots["updates"]],
            foreach=False,
            amsgrad=False,
            beta1=self.beta1,
            beta2=self.beta2,
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=self.epsilon,
            maximize=False,
        )

    def threshold(self, slots: Slots, dtype: torch.dtype) -> Threshold:
        """Return the bound on λmax(P⁻¹H) with P = (1 − β₁ᵗ)(√v̂ + ε): 38/η at β₁ = 0.9.

        Source: Cohen et al. 2022, "Adaptive Gradient Methods at the Edge of Stability".
        """
        updates = float(slots["updates"])
        corrected = slots["second_moment"].to(dtype) / (1 - self.beta2**updates)
        preconditioner = (1 - self.beta1**updates) * (corrected.sqrt() + self.epsilon)
        value = (2 + 2 * self.beta1) / ((1 - self.beta1) * self.learning_rate)
        return Threshold(value, "(2+2β₁)/((1−β₁)η)", preconditioner)
