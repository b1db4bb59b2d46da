"""First-order directions, with the step length searched along them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from gradstep.engine.training.model.norms import dot
from gradstep.engine.training.rules import step_length as searches
from gradstep.engine.training.rules.base import SearchingRule, Slots, downhill, go_along
from gradstep.engine.training.rules.batch_loss import BatchLoss, Line

Search = Literal["backtracking", "wolfe", "exact"]


class LineSearch(SearchingRule):
    """θ ← θ + αd along d = −g; subclasses have other directions."""

    def __init__(
        self, search: Search, initial_step: float, shrink: float, armijo: float, curvature: float
    ) -> None:
        self._search = search
        self._initial_step = initial_step
        self._shrink = shrink
        self._armijo = armijo
        self._curvature = curvature

    def search(self, batch_loss: BatchLoss, slots: Slots, update: Tensor) -> None:
        go_along(batch_loss, self.direction(batch_loss, slots), self._step_length, update)

    def direction(self, batch_loss: BatchLoss, slots: Slots) -> Tensor:
        """Return the direction to search, in memory of its own, and move `slots` on."""
        return -batch_loss.gradient

    def _step_length(self, line: Line) -> float:
        match self._search:
            case "backtracking":
                return searches.backtracking(line, self._initial_step, self._shrink, self._armijo)
            case "wolfe":
                return searches.wolfe(line, self._initial_step, self._armijo, self._curvature)
            case "exact":
                return searches.exact(line)


class HeavyBallSearch(LineSearch):
    """d = −g + β·(previous d): "momentum with line searches" (linear document); −g if that leads up."""

    def __init__(
        self,
        search: Search,
        initial_step: float,
        shrink: float,
        armijo: float,
        curvature: float,
        *,
        momentum: float,
    ) -> None:
        super().__init__(search, initial_step, shrink, armijo, curvature)
        self._momentum = momentum

    def slots(self, parameters: Tensor) -> Slots:
        return {"direction": torch.zeros_like(parameters)}

    def direction(self, batch_loss: BatchLoss, slots: Slots) -> Tensor:
        direction = downhill(batch_loss, self._momentum * slots["direction"] - batch_loss.gradient)
        slots["direction"].copy_(direction)
        return direction


class ConjugateGradientSearch(LineSearch):
    """d = −g + β·(previous d) with β = gᵀg/g₋ᵀg₋ (Fletcher and Reeves) or max(0, gᵀ(g−g₋)/g₋ᵀg₋) (Polak and
    Ribière), g₋ the previous gradient; −g at first and where the loss does not fall along it.

    Source: Nocedal and Wright, section 5.2.
    """

    def __init__(
        self,
        search: Search,
        initial_step: float,
        shrink: float,
        armijo: float,
        curvature: float,
        *,
        fletcher_reeves: bool,
    ) -> None:
        super().__init__(search, initial_step, shrink, armijo, curvature)
        self._fletcher_reeves = fletcher_reeves

    def slots(self, parameters: Tensor) -> Slots:
        return {
            "direction": torch.zeros_like(parameters),
            "previous_gradient": torch.zeros_like(parameters),
        }

    def direction(self, batch_loss: BatchLoss, slots: Slots) -> Tensor:
        gradient, previous = batch_loss.gradient, slots["previous_gradient"]
        direction = -gradient
        square = dot(previous, previous)
        if square > 0:
            change = gradient if self._fletcher_reeves else gradient - previous
            beta = max(0.0, dot(gradient, change) / square)
            direction = downhill(batch_loss, direction.add_(slots["direction"], alpha=beta))
        slots["direction"].copy_(direction)
        previous.copy_(gradient)
        return direction
