"""Losses, their gradients with respect to the outputs, and the metrics of the same forward pass."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gradstep.engine.records.missing import MISSING
from gradstep.engine.training.model.norms import finite_or, mean, scaled_square, scaled_square_on_device

MAPE_FLOOR = 1e-7
"""The least divisor of a percentage error, as in Keras (2.2.4 to 3, `losses.py`)."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The numbers of one forward pass; `MISSING` for a metric without meaning for the target."""

    loss: float
    accuracy: float
    mistakes: float
    mape: float
    max_error: float


NUMBERS = 4
"""The most raw numbers that an objective writes."""


class _Objective(ABC):
    """A loss and its metrics, in two halves: `write` sums on the device, `read` turns the sums into metrics.

    Only a reader of numbers waits for the device.
    """

    @abstractmethod
    def write(
        self,
        outputs: Tensor,
        targets: Tensor,
        grad: Tensor | None,
        numbers: Sequence[Tensor],
        spare: tuple[Tensor, Tensor] | None = None,
        *,
        wait: bool = True,
    ) -> None:
        """Write up to `NUMBERS` raw numbers for `read`, and ∂loss/∂outputs to `grad` if given.

        Each number is a float64 on the device; the first is the loss. `spare` is memory to work in, of the
        outputs' shape. Without `wait` no number is read from the device; the bits are the same.
        """

    @abstractmethod
    def read(self, numbers: Sequence[float], samples: int, outputs: int) -> Metrics:
        """Return the metrics, from the numbers written for so many samples and outputs a sample."""

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss alone, differentiable."""

    @abstractmethod
    def per_sample(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return each sample's own loss (samples,): the loss is their mean."""

    def measure(self, outputs: Tensor, targets: Tensor, grad: Tensor | None) -> Metrics:
        """Return the metrics at once, and write ∂loss/∂outputs to `grad` if given."""
        numbers = torch.zeros(NUMBERS, dtype=torch.float64, device=outputs.device)
        self.write(outputs, targets, grad, numbers.unbind())
        return self.read(numbers.tolist(), *outputs.shape)


class Regression(_Objective):
    """Mean squared error over all samples and outputs, ×½ where asked, of targets (samples, outputs).

    A mistake is an output further than `tolerance` from its target; accuracy is the share that is none.
    """

    def __init__(self, factor: float, tolerance: float) -> None:
        self.factor = factor
        self.tolerance = tolerance

    def write(
        self,
        outputs: Tensor,
        targets: Tensor,
        grad: Tensor | None,
        numbers: Sequence[Tensor],
        spare: tuple[Tensor, Tensor] | None = None,
        *,
        wait: bool = True,
    ) -> None:
        loss, mape, within, largest = numbers
        sizes, scale = spare or (torch.empty_like(outputs), torch.empty_like(outputs))
        errors = torch.sub(outputs, targets, out=grad)
        _write_mean_square(errors, self.factor, loss, wait=wait)
        torch.abs(errors, out=sizes)
        largest.copy_(torch.max(sizes))
        torch.abs(targets, out=scale).clamp_(min=MAPE_FLOOR)
        mape.copy_(mean(torch.div(sizes, scale, out=scale), wait=wait))
        # NaN compares as false, so an output that is no number is a mistake. Truths as floats are counted
        # six times faster than as bools, and a sample's number of them is exact
        within.copy_(sizes.le_(self.tolerance).sum(1).sum(dtype=torch.float64))
        if grad is not None:
            grad.mul_(2.0 * self.factor / outputs.numel())

    def read(self, numbers: Sequence[float], samples: int, outputs: int) -> Metrics:
        loss, mape, within, largest = numbers
        count = samples * outputs
        mistakes = count - int(within)
        return Metrics(loss, (count - mistakes) / count, mistakes, 100.0 * mape, largest)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.factor * functional.mse_loss(outputs, targets)

    def per_sample(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.factor * _mean_squares(outputs - targets)


class OneHotRegression(_Objective):
    """The same losses of class labels (samples,) against one-hot targets; a mistake is a wrong argmax."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def write(
        self,
        outputs: Tensor,
        targets: Tensor,
        grad: Tensor | None,
        numbers: Sequence[Tensor],
        spare: tuple[Tensor, Tensor] | None = None,
        *,
        wait: bool = True,
    ) -> None:
        errors = outputs - _one_hot(outputs, targets)
        _write_mean_square(errors, self.factor, numbers[0], wait=wait)
        numbers[1].copy_(_right(outputs, targets))
        if grad is not None:
            torch.mul(errors, 2.0 * self.factor / errors.numel(), out=grad)

    def read(self, numbers: Sequence[float], samples: int, outputs: int) -> Metrics:
        return _classification(numbers[0], numbers[1], samples)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.factor * functional.mse_loss(outputs, _one_hot(outputs, targets))

    def per_sample(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.factor * _mean_squares(outputs - _one_hot(outputs, targets))


class CrossEntropy(_Objective):
    """Mean over the samples of −log softmax(outputs)[label]."""

    def write(
        self,
        outputs: Tensor,
        targets: Tensor,
        grad: Tensor | None,
        numbers: Sequence[Tensor],
        spare: tuple[Tensor, Tensor] | None = None,
        *,
        wait: bool = True,
    ) -> None:
        log_shares = torch.log_softmax(outputs, 1)
        loss = functional.nll_loss(log_shares, targets)
        numbers[0].copy_(
            finite_or(
                loss,
                lambda: mean(functional.nll_loss(log_shares, targets, reduction="none"), wait=wait),
                wait=wait,
            )
        )
        numbers[1].copy_(_right(outputs, targets))
        if grad is not None:
            torch.exp(log_shares, out=grad)
            grad.sub_(_one_hot(outputs, targets)).mul_(1.0 / len(targets))

    def read(self, numbers: Sequence[float], samples: int, outputs: int) -> Metrics:
        return _classification(numbers[0], numbers[1], samples)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, targets)

    def per_sample(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, targets, reduction="none")


class ExamCrossEntropy(_Objective):
    """Mean over the samples of −log v_label − Σ log(1 − v_other) with v = softmax(outputs).

    This is the `ce` of the exam document: ten binary cross-entropies, not the softmax's own.
    """

    def write(
        self,
        outputs: Tensor,
        targets: Tensor,
        grad: Tensor | None,
        numbers: Sequence[Tensor],
        spare: tuple[Tensor, Tensor] | None = None,
        *,
        wait: bool = True,
    ) -> None:
        with torch.enable_grad():
            leaf = outputs.detach().requires_grad_(grad is not None)
            loss = self.loss(leaf, targets)
            if grad is not None:
                grad.copy_(torch.autograd.grad(loss, leaf)[0])
        loss = loss.detach()
        numbers[0].copy_(
            finite_or(loss, lambda: mean(-self._terms(outputs, targets).sum(1), wait=wait), wait=wait)
        )
        numbers[1].copy_(_right(outputs, targets))

    def read(self, numbers: Sequence[float], samples: int, outputs: int) -> Metrics:
        return _classification(numbers[0], numbers[1], samples)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return -self._terms(outputs, targets).sum(1).mean()

    def per_sample(self, outputs: Tensor, targets: Tensor) -> Tensor:
        # sessions hold losses of samples that were computed in float64
        return -self._terms(outputs.double(), targets).sum(1)

    @staticmethod
    def _terms(outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the logarithms (samples, classes); minus their sum is a sample's loss."""
        classes = outputs.shape[1]
        itself = torch.eye(classes, dtype=torch.bool, device=outputs.device)
        # log(1 − v_j) = logsumexp of the others − logsumexp of all: no 1 − v to cancel
        others = outputs.unsqueeze(1).expand(-1, classes, -1).masked_fill(itself, -math.inf)
        log_rest = torch.logsumexp(others, 2) - torch.logsumexp(outputs, 1, keepdim=True)
        return torch.where(_one_hot(outputs, targets).bool(), torch.log_softmax(outputs, 1), log_rest)


Objective = Regression | OneHotRegression | CrossEntropy | ExamCrossEntropy


def make_objective(loss: str, tolerance: float | None) -> Objective:
    """Return the objective of a loss's name; `tolerance` is None for targets that are labels."""
    if loss == "cross_entropy":
        return CrossEntropy()
    if loss == "exam_cross_entropy":
        return ExamCrossEntropy()
    factor = 0.5 if loss == "half_mse" else 1.0
    return OneHotRegression(factor) if tolerance is None else Regression(factor, tolerance)


def _write_mean_square(errors: Tensor, factor: float, number: Tensor, *, wait: bool) -> None:
    """Write factor · mean(errors²), infinite only beyond the dtype's largest number."""
    vector, greatest = errors.view(-1), torch.finfo(errors.dtype).max
    share = factor / errors.numel()
    if wait:
        square, scale = scaled_square(vector)
        value = share * square / scale / scale
        number.fill_(math.inf if value > greatest else value)
    else:
        squares, scales = scaled_square_on_device(vector)
        values = squares.mul_(share).div_(scales).div_(scales)
        number.copy_(torch.where(values > greatest, math.inf, values))


def _mean_squares(errors: Tensor) -> Tensor:
    """Return the mean of the squares of each row, infinite only beyond the dtype's largest number."""
    found = errors.square().mean(1)
    if bool(found.isfinite().all()):
        return found
    return (errors / math.sqrt(errors.shape[1])).square().sum(1)


def _one_hot(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return 1 in the label's place, else 0, in the outputs' shape. torch's `one_hot` reads the device."""
    places = torch.arange(outputs.shape[1], device=labels.device)
    return (labels.unsqueeze(1) == places).to(outputs.dtype)


def _right(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return how many samples have their largest output at their label."""
    largest, place = torch.max(outputs, 1)
    # the largest of a row with a NaN is the NaN, which is no answer
    return torch.count_nonzero((place == labels) & (largest == largest))


def _classification(loss: float, right: float, samples: int) -> Metrics:
    mistakes = samples - int(right)
    return Metrics(loss, (samples - mistakes) / samples, mistakes, MISSING, MISSING)
