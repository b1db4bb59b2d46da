"""RMSprop, with ε outside the root (Keras 2, torch) or inside (Keras 3)."""

from __future__ import annotations

import torch
from torch import Tensor

from gradstep.engine.training.rules.base import Rule, Slots, Threshold


class RMSprop(Rule):
    """v ← ρv + (1−ρ)g²; d = −ηg/(√v + ε), or −ηg/√(v + ε) with `epsilon_inside`.

    Sources: Keras 2.2.4–2.3.1 `optimizers.py`; Keras 3 `optimizers/rmsprop.py`; `torch.optim.RMSprop`.
    """

    def __init__(self, learning_rate: float, rho: float, epsilon: float, *, epsilon_inside: bool) -> None:
        self.learning_rate = learning_rate
        self.rho = rho
        self.epsilon = epsilon
        self.epsilon_inside = epsilon_inside

    def slots(self, parameters: Tensor) -> Slots:
        return {"mean_square": torch.zeros_like(parameters)}

    def propose(self, gradient: Tensor, slots: Slots, update: Tensor) -> None:
        mean_square = slots["mean_square"]
        mean_square.mul_(self.rho).addcmul_(gradient, gradient, value=1.0 - self.rho)
        # into `update` itself: memory taken and given back on each step costs more than the arithmetic
        if self.epsilon_inside:
            torch.add(mean_square, self.epsilon, out=update)
            update.rsqrt_().mul_(gradient).mul_(-self.learning_rate)
        else:
            # MKL's square root takes four times as long where there are zeros, and a square root that is so
            # much smaller than ε leaves no bit in their sum
            least = (self.epsilon * torch.finfo(update.dtype).eps / 8) ** 2
            torch.clamp(mean_square, min=least, out=update).sqrt_().add_(self.epsilon)
            torch.addcdiv(update.new_zeros(()), gradient, update, value=-self.learning_rate, out=update)

    def threshold(self, slots: Slots, dtype: torch.dtype) -> Threshold:
        """Return the bound on λmax(P⁻¹H) with the update's divisor as P.

        Source: Cohen et al. 2022, "Adaptive Gradient Methods at the Edge of Stability".
        """
        mean_square, epsilon = slots["mean_square"].to(dtype), self.epsilon
        divisor = (mean_square + epsilon).sqrt() if self.epsilon_inside else mean_square.sqrt() + epsilon
        return Threshold(2 / self.learning_rate, "2/η", divisor)
