"""The loss of a batch around the current parameters, for rules that evaluate it before they step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gradstep.engine.training.model.hessian import hessian_products
from gradstep.engine.training.model.loss import Objective
from gradstep.engine.training.model.norms import dot

HESSIAN_CHUNK = 32
"""Hessian columns computed at once. Each keeps the passes over the whole batch in memory."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial of a line search: step length, loss there, and evaluations so far.

    `accepted` marks the step length of the update.
    """

    step_length: float
    loss: float
    evaluations: int
    accepted: bool = False


class BatchLoss:
    """The batch's loss around the current parameters θ, where `loss` and `gradient` are known.

    `outputs` is the model as a differentiable function of a flat parameter vector and of inputs.
    `evaluations` counts passes over the batch: one for a loss, with or without its gradient, and one for a
    Hessian-vector product. Reading the known values at θ costs none.
    """

    def __init__(
        self,
        outputs: Callable[[Tensor, Tensor], Tensor],
        objective: Objective,
        batch: tuple[Tensor, Tensor],
        parameters: Tensor,
        gradient: Tensor,
        loss: float,
    ) -> None:
        self.parameters = parameters
        self.gradient = gradient
        self.loss = loss
        self.evaluations = 0
        self.trials: list[Trial] = []
        self.remark = ""
        """The reason for an unusual step of the rule, in words; "" for none."""
        self._outputs = outputs
        self._objective = objective
        self._inputs, self._targets = batch

    def loss_at(self, displacement: Tensor) -> float:
        """Return the loss at θ + d, equal to the next record's to the bit if its batch is the same."""
        self.evaluations += 1
        outputs = self._outputs(self.parameters + displacement, self._inputs)
        return self._objective.measure(outputs, self._targets, None).loss

    def loss_and_gradient_at(self, displacement: Tensor) -> tuple[float, Tensor]:
        """Return the loss at θ + d and its gradient there."""
        self.evaluations += 1
        with torch.enable_grad():
            leaf = (self.parameters + displacement).requires_grad_()
            outputs = self._outputs(leaf, self._inputs)
        by_outputs = torch.empty_like(outputs)
        loss = self._objective.measure(outputs.detach(), self._targets, by_outputs).loss
        return loss, torch.autograd.grad(outputs, leaf, by_outputs)[0]

    def slope(self, direction: Tensor) -> float:
        """Return gᵀd: the loss's derivative along d at θ."""
        return dot(self.gradient, direction)

    def curvature(self, direction: Tensor) -> float:
        """Return dᵀHd: the loss's second derivative along d at θ."""
        return dot(direction, self.hessian_product(direction))

    def hessian_product(self, direction: Tensor) -> Tensor:
        """Return Hd, by backpropagation through the gradient (Pearlmutter 1994)."""
        self.evaluations += 1
        return self._hessian_products()(direction)

    def hessian(self) -> Tensor:
        """Return the Hessian at θ, n × n numbers for n parameters: one product a column."""
        count = len(self.parameters)
        self.evaluations += count
        columns = torch.func.vmap(self._hessian_products(), chunk_size=HESSIAN_CHUNK)
        eye = torch.eye(count, dtype=self.parameters.dtype, device=self.parameters.device)
        hessian: Tensor = columns(eye)
        return hessian

    def along(self, direction: Tensor) -> Line:
        """Return the loss along θ + αd. It records its evaluations as trials."""
        return Line(self, direction)

    def accept(self, step_length: float) -> None:
        """Mark the trial of this step length, the latest if there are several, as the one taken."""
        for i in range(len(self.trials) - 1, -1, -1):
            if self.trials[i].step_length == step_length:
                self.trials[i] = replace(self.trials[i], accepted=True)
                return

    def _hessian_products(self) -> Callable[[Tensor], Tensor]:
        return hessian_products(self._differentiable, self.parameters)

    def _differentiable(self, parameters: Tensor) -> Tensor:
        return self._objective.loss(self._outputs(parameters, self._inputs), self._targets)


class Line:
    """The loss at θ + αd as a function of the step length α. `loss` and `slope` are its values at 0."""

    def __init__(self, batch_loss: BatchLoss, direction: Tensor) -> None:
        self.loss = batch_loss.loss
        self.slope = batch_loss.slope(direction)
        self._batch_loss = batch_loss
        self._direction = direction

    def loss_at(self, step_length: float) -> float:
        """Return the loss at θ + αd."""
        loss = self._batch_loss.loss_at(self._direction * step_length)
        self._record(step_length, loss)
        return loss

    def loss_and_gradient_at(self, step_length: float) -> tuple[float, Tensor]:
        """Return the loss at θ + αd and the gradient of all parameters there."""
        loss, gradient = self._batch_loss.loss_and_gradient_at(self._direction * step_length)
        self._record(step_length, loss)
        return loss, gradient

    def loss_and_slope_at(self, step_length: float) -> tuple[float, float]:
        """Return the loss at θ + αd and its derivative by α."""
        loss, gradient = self.loss_and_gradient_at(step_length)
        return loss, dot(gradient, self._direction)

    def curvature(self) -> float:
        """Return the second derivative by α at θ."""
        return self._batch_loss.curvature(self._direction)

    def moves(self, step_length: float) -> bool:
        """Return whether θ + αd differs from θ, in the parameters' precision."""
        parameters = self._batch_loss.parameters
        return not torch.equal(parameters + self._direction * step_length, parameters)

    def remark(self, text: str) -> None:
        """Set the reason for an unusual end of the search."""
        self._batch_loss.remark = text

    def _record(self, step_length: float, loss: float) -> None:
        self._batch_loss.trials.append(Trial(step_length, loss, self._batch_loss.evaluations))
