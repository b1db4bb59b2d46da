"""Adam, as in `torch.optim.Adam`."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²; d = −η·m̂/(√v̂ + ε) with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ)."""

    def __init__(self, learning_rate: float, beta1: float, beta2: float, epsilon: float) -> None:
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def slots(self, parameters: Tensor) -> dict[str, Tensor]:
        return {
            "first_moment": torch.zeros_like(parameters),
            "second_moment": torch.zeros_like(parameters),
            "updates": torch.zeros((), dtype=torch.float64),
        }

    def propose(self, gradient: Tensor, slots: dict[str, Tensor], update: Tensor) -> None:
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
