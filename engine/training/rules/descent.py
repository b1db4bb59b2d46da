"""Gradient descent, plain and with momentum."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.sgd import sgd


class GradientDescent:
    """d = −ηg."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    def slots(self, parameters: Tensor) -> dict[str, Tensor]:
        return {}

    def propose(self, gradient: Tensor, slots: dict[str, Tensor], update: Tensor) -> None:
        torch.mul(gradient, -self.learning_rate, out=update)


class Momentum:
    """Heavy ball (z ← βz + g, d = −ηz) or Nesterov's (d = −η(g + βz)), as in `torch.optim.SGD`."""

    def __init__(self, learning_rate: float, momentum: float, *, nesterov: bool) -> None:
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov

    def slots(self, parameters: Tensor) -> dict[str, Tensor]:
        return {"velocity": torch.zeros_like(parameters)}

    def propose(self, gradient: Tensor, slots: dict[str, Tensor], update: Tensor) -> None:
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
