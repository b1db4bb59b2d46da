"""Gradient descent, plain and with momentum."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.optim.sgd import sgd

from gradstep.engine.training.rules import stability
from gradstep.engine.training.rules.base import Floats, Rule, Slots, Threshold


class GradientDescent(Rule):
    """d = −ηg."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    def propose(self, gradient: Tensor, slots: Slots, update: Tensor) -> None:
        torch.mul(gradient, -self.learning_rate, out=update)

    def threshold(self, slots: Slots, dtype: torch.dtype) -> Threshold:
        formula = stability.FORMULAS["gradient_descent"].format("η")
        return Threshold(stability.GRADIENT_DESCENT / self.learning_rate, formula, None)

    def contraction(self, curvatures: Floats) -> Floats:
        factors: Floats = 1 - self.learning_rate * curvatures
        return factors


class Momentum(Rule):
    """Heavy ball (z ← βz + g, d = −ηz) or Nesterov's (d = −η(g + βz)), as in `torch.optim.SGD`."""

    def __init__(self, learning_rate: float, momentum: float, *, nesterov: bool) -> None:
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov

    def slots(self, parameters: Tensor) -> Slots:
        return {"velocity": torch.zeros_like(parameters)}

    def propose(self, gradient: Tensor, slots: Slots, update: Tensor) -> None:
        update.zero_()
        sgd(
            [update],
            [gradient],
            [slots["velocity"]],
            foreach=False,
            lr=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=0.0,
            dampening=0.0,
            maximize=False,
        )

    def threshold(self, slots: Slots, dtype: torch.dtype) -> Threshold:
        product, name = (
            (stability.nesterov, "nesterov") if self.nesterov else (stability.heavy_ball, "momentum")
        )
        formula = stability.FORMULAS[name].format("η")
        return Threshold(product(self.momentum) / self.learning_rate, formula, None)

    def contraction(self, curvatures: Floats) -> Floats:
        """Return the sizes of the slower roots, which count in the long run (Goh, section 3).

        The distance follows r² − (1 + β − ηλ)r + β, with Nesterov r² − (1 + β)(1 − ηλ)r + β(1 − ηλ).
        """
        beta = self.momentum
        kept = 1 - self.learning_rate * curvatures
        middle, last = ((1 + beta) * kept, beta * kept) if self.nesterov else (beta + kept, beta + 0 * kept)
        root = np.sqrt((middle / 2) ** 2 - last + 0j)
        slower: Floats = np.maximum(np.abs(middle / 2 + root), np.abs(middle / 2 - root))
        return slower
