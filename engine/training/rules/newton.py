"""Newton's method for small networks."""

from __future__ import annotations

import torch
from torch import Tensor

from gradstep.engine.training.rules import step_length as searches
from gradstep.engine.training.rules.base import SearchingRule, Slots, go_along
from gradstep.engine.training.rules.batch_loss import BatchLoss


class Newton(SearchingRule):
    """d = −Σ v(vᵀg)/(λ + damping) over the Hessian's eigenpairs (λ, v), and a step of `step_length` along d.

    Hessians of networks are singular. Pairs with |λ| at most n·ε·max|λ| are left out, ε the parameters'
    precision (numpy's `matrix_rank`): in directions without curvature the parameters stay, so the step is the
    shortest solution. `saddle_free` takes |λ| for λ (Dauphin et al. 2014); else d may lead up, to a saddle.
    """

    def __init__(
        self,
        step_length: float,
        damping: float,
        *,
        saddle_free: bool,
        backtracking: tuple[float, float] | None,
    ) -> None:
        self._step_length = step_length
        self._damping = damping
        self._saddle_free = saddle_free
        self._backtracking = backtracking

    def search(self, batch_loss: BatchLoss, slots: Slots, update: Tensor) -> None:
        direction = self._direction(batch_loss)
        if direction is None:
            update.zero_()
        elif self._backtracking is None:
            torch.mul(direction, self._step_length, out=update)
        else:
            shrink, armijo = self._backtracking
            go_along(
                batch_loss,
                direction,
                lambda line: searches.backtracking(line, self._step_length, shrink, armijo),
                update,
            )

    def _direction(self, batch_loss: BatchLoss) -> Tensor | None:
        """Return the direction; None, with a remark, without curvature or with infinite numbers."""
        gradient = batch_loss.gradient
        # on the processor in float64: small, and the same bits on every run
        hessian = batch_loss.hessian().to("cpu", torch.float64)
        if not torch.isfinite(hessian).all():
            batch_loss.remark = "the Hessian is not finite"
            return None
        values, vectors = torch.linalg.eigh((hessian + hessian.T) / 2)
        sizes = values.abs()
        kept = sizes > len(values) * torch.finfo(gradient.dtype).eps * sizes.max()
        divisors = (sizes if self._saddle_free else values)[kept] + self._damping
        if not kept.any() or not divisors.all():
            batch_loss.remark = "the damped Hessian is singular: there is no Newton step"
            return None
        vectors = vectors[:, kept]
        direction: Tensor = -(vectors @ ((vectors.T @ gradient.to(hessian)) / divisors))
        return direction.to(gradient)
