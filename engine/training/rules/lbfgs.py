"""L-BFGS, as in `torch.optim.LBFGS` with one iteration a step and its strong Wolfe search."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.optim.lbfgs import _strong_wolfe

from gradstep.engine.training.model.norms import dot, dot_tensor, mean_size
from gradstep.engine.training.rules.base import SearchingRule, Slots, go_along
from gradstep.engine.training.rules.batch_loss import BatchLoss, Line
from gradstep.engine.training.rules.step_length import NoStepError

MIN_CURVATURE = 1e-10
"""torch keeps a pair (s, y) only where sᵀy is above this."""
MAX_EVALUATIONS = 25
"""torch's limit for one search."""


class LBFGS(SearchingRule):
    """d = −Bg with B made of the last pairs of update s and change of gradient y, newest first: s1, y1, s2, …

    Source: `torch/optim/lbfgs.py`; Nocedal and Wright, algorithm 7.4. A first step, and one after a step of
    zero, is tried at min(1, 1/Σ|gᵢ|) times `initial_step`, all others at `initial_step`.
    """

    def __init__(self, initial_step: float, history: int) -> None:
        self._initial_step = initial_step
        self._history = history

    def slots(self, parameters: Tensor) -> Slots:
        names = ["previous_gradient", "previous_update"]
        names += [f"{kind}{i}" for i in range(1, self._history + 1) for kind in "sy"]
        pairs = torch.zeros((), dtype=torch.float64)
        return {"pairs": pairs, **{name: torch.zeros_like(parameters) for name in names}}

    def search(self, batch_loss: BatchLoss, slots: Slots, update: Tensor) -> None:
        gradient = batch_loss.gradient
        slots["pairs"].clamp_(max=self._history)  # which may have been made shorter since
        first = not bool(slots["previous_update"].any())
        if not first:
            self._remember(gradient, slots)
        direction = self._direction(gradient, slots)
        start = self._initial_step
        if first:
            total = gradient.abs().sum().item()
            start /= max(1.0, total if math.isfinite(total) else mean_size(gradient) * len(gradient))
        go_along(batch_loss, direction, lambda line: _search(line, gradient, direction, start), update)
        slots["previous_gradient"].copy_(gradient)
        slots["previous_update"].copy_(update)

    def _remember(self, gradient: Tensor, slots: Slots) -> None:
        """Store the last step's pair over the oldest, if the loss curves upwards along it."""
        change = gradient - slots["previous_gradient"]
        if not dot(change, slots["previous_update"]) > MIN_CURVATURE:
            return
        for kind, newest in (("s", slots["previous_update"]), ("y", change)):
            oldest = slots[f"{kind}{self._history}"]
            for i in range(self._history, 1, -1):
                slots[f"{kind}{i}"] = slots[f"{kind}{i - 1}"]
            slots[f"{kind}1"] = oldest.copy_(newest)
        slots["pairs"].add_(1).clamp_(max=self._history)

    def _direction(self, gradient: Tensor, slots: Slots) -> Tensor:
        """Return −Bg by the two-loop recursion."""
        count = int(slots["pairs"].item())
        pairs = [(slots[f"s{i}"], slots[f"y{i}"]) for i in range(1, count + 1)]
        weights = [1.0 / dot_tensor(y, s) for s, y in pairs]
        direction = -gradient
        alphas = []
        for (s, y), weight in zip(pairs, weights, strict=True):
            alphas.append(dot_tensor(s, direction) * weight)
            direction.add_(y * -alphas[-1])
        if pairs:
            s, y = pairs[0]
            direction.mul_(dot_tensor(y, s) / dot_tensor(y, y))
        for (s, y), weight, alpha in reversed(list(zip(pairs, weights, alphas, strict=True))):
            direction.add_(s * (alpha - dot_tensor(y, direction) * weight))
        return direction


def _search(line: Line, gradient: Tensor, direction: Tensor, first: float) -> float:
    slope = dot_tensor(gradient, direction)
    if not line.slope < 0:
        raise NoStepError(f"the loss does not fall along the direction: its slope is {line.slope:.3g}")
    loss, _, step_length, _ = _strong_wolfe(  # type: ignore[no-untyped-call]
        lambda _x, t, _d: line.loss_and_gradient_at(float(t)),
        None,
        first,
        direction,
        line.loss,
        gradient,
        slope,
        max_ls=MAX_EVALUATIONS,
    )
    if not loss < line.loss:
        raise NoStepError("torch's line search found no step that lowers the loss")
    return float(step_length)
