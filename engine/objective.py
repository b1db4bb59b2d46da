"""Losses, their gradients with respect to the outputs, and the metrics of the same forward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.norms import squared_norm
from engine.null import NULL

MAPE_FLOOR = 1e-7
"""What Keras (2.2.4 to 3, `losses.py`) divides by at least."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """What one forward pass says; `NULL` where a metric has no meaning for the target."""

    loss: float
    accuracy: float
    mistakes: float
    mape: float
    max_error: float


class Regression:
    """Mean squared error over all samples and outputs, ×½ where asked, of targets (samples, outputs).

    A mistake is an output further than `tolerance` from its target; accuracy is the share that is none.
    """

    def __init__(self, factor: float, tolerance: float) -> None:
        self.factor = factor
        self.tolerance = tolerance

    def measure(self, outputs: Tensor, targets: Tensor, grad: Tensor | None) -> Metrics:
        """The metrics; where `grad` is given, ∂loss/∂outputs is written there."""
        count = outputs.numel()
        errors = torch.sub(outputs, targets) if grad is None else torch.sub(outputs, targets, out=grad)
        loss = self.factor / count * squared_norm(errors.view(-1))
        sizes = torch.abs(errors)
        max_error = torch.max(sizes).item()
        scale = torch.abs(targets).clamp_(min=MAPE_FLOOR)
        mape = 100.0 * torch.mean(torch.div(sizes, scale, out=scale)).item()
        # NaN compares as false, so an output that is no number is a mistake. Truths as floats are counted
        # six times faster than as bools, and a sample's number of them is exact
        within = sizes.le_(self.tolerance).sum(1)
        mistakes = count - int(within.sum(dtype=torch.float64).item())
        if grad is not None:
            grad.mul_(2.0 * self.factor / count)
        return Metrics(loss, (count - mistakes) / count, mistakes, mape, max_error)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss alone, differentiable."""
        return self.factor * functional.mse_loss(outputs, targets)


class OneHotRegression:
    """The same losses of class labels (samples,) against one-hot targets; a mistake is a wrong argmax."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def measure(self, outputs: Tensor, targets: Tensor, grad: Tensor | None) -> Metrics:
        """The metrics; where `grad` is given, ∂loss/∂outputs is written there."""
        errors = outputs - _one_hot(outputs, targets)
        loss = self.factor / errors.numel() * squared_norm(errors.view(-1))
        if grad is not None:
            torch.mul(errors, 2.0 * self.factor / errors.numel(), out=grad)
        return _classification(loss, outputs, targets)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss alone, differentiable."""
        return self.factor * functional.mse_loss(outputs, _one_hot(outputs, targets))


class CrossEntropy:
    """Mean over the samples of −log softmax(outputs)[label]."""

    def measure(self, outputs: Tensor, targets: Tensor, grad: Tensor | None) -> Metrics:
        """The metrics; where `grad` is given, ∂loss/∂outputs is written there."""
        log_shares = torch.log_softmax(outputs, 1)
        loss = functional.nll_loss(log_shares, targets).item()
        if grad is not None:
            torch.exp(log_shares, out=grad)
            index = targets.unsqueeze(1)
            grad.scatter_add_(1, index, grad.new_full((1, 1), -1.0).expand_as(index))
            grad.mul_(1.0 / len(targets))
        return _classification(loss, outputs, targets)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss alone, differentiable."""
        return functional.cross_entropy(outputs, targets)


class BinaryCrossEntropy:
    """Mean over the samples of −log v_label − Σ log(1 − v_other) with v = softmax(outputs).

    This is the `ce` of the exam document: ten binary cross-entropies, not the softmax's own.
    """

    def measure(self, outputs: Tensor, targets: Tensor, grad: Tensor | None) -> Metrics:
        """The metrics; where `grad` is given, ∂loss/∂outputs is written there."""
        with torch.enable_grad():
            leaf = outputs.detach().requires_grad_(grad is not None)
            loss = self.loss(leaf, targets)
            if grad is not None:
                grad.copy_(torch.autograd.grad(loss, leaf)[0])
        return _classification(loss.item(), outputs, targets)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss alone, differentiable."""
        classes = outputs.shape[1]
        itself = torch.eye(classes, dtype=torch.bool, device=outputs.device)
        # log(1 − v_j) = logsumexp of the others − logsumexp of all: no 1 − v to cancel
        others = outputs.unsqueeze(1).expand(-1, classes, -1).masked_fill(itself, -math.inf)
        log_rest = torch.logsumexp(others, 2) - torch.logsumexp(outputs, 1, keepdim=True)
        right = torch.nn.functional.one_hot(targets, classes).bool()
        terms = torch.where(right, torch.log_softmax(outputs, 1), log_rest)
        return -terms.sum(1).mean()


Objective = Regression | OneHotRegression | CrossEntropy | BinaryCrossEntropy


def make_objective(loss: str, tolerance: float | None) -> Objective:
    """The objective of a loss's name; `tolerance` is None where the targets are labels."""
    if loss == "cross_entropy":
        return CrossEntropy()
    if loss == "binary_cross_entropy":
        return BinaryCrossEntropy()
    factor = 0.5 if loss == "half_mse" else 1.0
    return OneHotRegression(factor) if tolerance is None else Regression(factor, tolerance)


def _one_hot(outputs: Tensor, labels: Tensor) -> Tensor:
    return functional.one_hot(labels, outputs.shape[1]).to(outputs.dtype)


def _classification(loss: float, outputs: Tensor, labels: Tensor) -> Metrics:
    right = torch.argmax(outputs, 1) == labels
    if not math.isfinite(loss):
        # argmax of a row with a NaN is the NaN's place, which is no answer
        right &= ~torch.isnan(outputs).any(1)
    mistakes = len(labels) - int(torch.count_nonzero(right))
    return Metrics(loss, (len(labels) - mistakes) / len(labels), mistakes, NULL, NULL)
