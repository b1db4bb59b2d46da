"""Losses, gradients and Hessian-vector products for probes: in chunks of samples, in memory of their own.

A chunk is about 0.1 s of work, so that a probe can tell its progress and be cancelled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gradstep.engine.probes.dense_stack import outputs_along
from gradstep.engine.probes.registry import ProbeCancelledError, Progress
from gradstep.engine.probes.subject import Data, Subject
from gradstep.engine.records.ranges import Floats
from gradstep.engine.training.model.hessian import hessian_products
from gradstep.engine.training.rules.base import InPlaceRule, SearchingRule
from gradstep.engine.training.rules.batch_loss import BatchLoss, Trial

GRADIENT_COST = 3
"""The cost of a gradient, in forward passes."""
PRODUCT_COST = 7
"""The cost of a Hessian-vector product, in forward passes."""

Products = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]


class Work:
    """Counts the work done, in any unit, and tells `progress`.

    `total` is the work in all. With `open_ended` it is a guess, which the share told only approaches.
    """

    def __init__(self, progress: Progress | None, total: float = 1.0, *, open_ended: bool = False) -> None:
        self._progress = progress
        self.total = total
        self.done = 0.0
        self.unit = 1.0
        """The unit of the amounts added from now on."""
        self._open_ended = open_ended

    def add(self, amount: float = 0.0) -> None:
        """Count an amount as done. Raises ProbeCancelledError if `progress` returns False."""
        self.done += amount * self.unit
        if self._progress is None:
            return
        share = self.done / self.total if self.total else 1.0
        if self._open_ended:
            share = 1.0 - math.exp(-share)
        if not self._progress(min(share, 1.0)):
            raise ProbeCancelledError("the probe was cancelled")


def chunks(subject: Subject, samples: int, cost: float = 1.0) -> list[slice]:
    """Return the samples in chunks, for passes that cost `cost` forward passes each."""
    rows = max(16, int(subject.limits.chunk_work / (cost * len(subject.parameters))))
    return [slice(first, min(first + rows, samples)) for first in range(0, samples, rows)]


def cast(data: Data, rows: slice, dtype: torch.dtype) -> Data:
    """Return some samples with floating-point numbers in `dtype`; labels stay integers."""
    inputs, targets = data.inputs[rows].to(dtype), data.targets[rows]
    return Data(inputs, targets.to(dtype) if targets.is_floating_point() else targets)


@torch.no_grad()
def loss_at(subject: Subject, flat: Tensor, data: Data, dtype: torch.dtype, work: Work) -> float:
    """Return the loss of `data` at any flat parameters. Adds 1 to `work`."""
    total, parameters = 0.0, subject.named(flat.to(dtype))
    for rows in chunks(subject, len(data.inputs)):
        loss, share = _share_of_loss(subject, data, rows, dtype)
        total += loss(parameters).item()
        work.add(share)
    return total


def gradient(
    subject: Subject, flat: Tensor, data: Data, dtype: torch.dtype, work: Work
) -> tuple[float, Tensor]:
    """Return the loss of `data` at any flat parameters and its gradient, flat.

    Adds GRADIENT_COST to `work`.
    """
    found = torch.zeros_like(flat, dtype=dtype)
    total, parts = 0.0, subject.named(found)
    leaves = {name: leaf.detach().requires_grad_() for name, leaf in subject.named(flat.to(dtype)).items()}
    for rows in chunks(subject, len(data.inputs), GRADIENT_COST):
        loss, share = _share_of_loss(subject, data, rows, dtype)
        with torch.enable_grad():
            value = loss(leaves)
        total += value.item()
        for part, own in zip(parts.values(), torch.autograd.grad(value, list(leaves.values())), strict=True):
            part.add_(own)
        work.add(GRADIENT_COST * share)
    return total, found


class Hessian:
    """The Hessian of the loss of `data`, at the subject's parameters.

    The gradients' graphs are kept between products where they take at most `subject.limits.kept_bytes`.
    """

    def __init__(self, subject: Subject, data: Data, dtype: torch.dtype, work: Work) -> None:
        self._subject = subject
        self._data = data
        self.dtype = dtype
        self.device = subject.parameters.device
        self._work = work
        self._parameters = subject.named(subject.parameters.to(dtype))
        self._rows = chunks(subject, len(data.inputs), PRODUCT_COST)
        width = sum(layer.units for layer in subject.layers)
        size = 8 * len(data.inputs) * width * torch.empty(0, dtype=dtype).element_size()
        self._keeps = size <= subject.limits.kept_bytes
        self._kept: dict[int, Products] = {}
        self.products = 0
        """The number of products made."""

    def zeros(self) -> Tensor:
        """Return a vector to multiply, of zeros."""
        return torch.zeros_like(self._subject.parameters, dtype=self.dtype)

    @torch.no_grad()
    def times(self, vector: Tensor) -> Tensor:
        """Return H·v, flat. Adds PRODUCT_COST to `work`."""
        found, named = self.zeros(), self._subject.named(vector.to(self.dtype))
        parts = self._subject.named(found)
        for i, rows in enumerate(self._rows):
            for name, product in self._of_chunk(i)(named).items():
                parts[name].add_(product)
            self._work.add(PRODUCT_COST * (rows.stop - rows.start) / len(self._data.inputs))
        self.products += 1
        return found

    def _of_chunk(self, i: int) -> Products:
        if i in self._kept:
            return self._kept[i]
        loss, _ = _share_of_loss(self._subject, self._data, self._rows[i], self.dtype)
        products = hessian_products(loss, self._parameters)
        if self._keeps:
            self._kept[i] = products
        return products


@torch.no_grad()
def losses_along(
    subject: Subject,
    directions: Sequence[Tensor],
    coefficients: Floats,
    data: Data,
    dtype: torch.dtype,
    work: Work,
) -> Floats:
    """Return the loss of `data` at θ + Σ cᵢ·directionᵢ for each row c of `coefficients` (points, directions).

    Adds 1 a point to `work`.
    """
    vectors = [vector.to(dtype) for vector in directions]
    losses, count = np.zeros(len(coefficients)), len(data.inputs)
    for rows in chunks(subject, count, 1 + len(directions)):
        inputs, targets = cast(data, rows, dtype)
        outputs = outputs_along(subject.layers, subject.parameters.to(dtype), vectors, inputs)
        share = len(inputs) / count
        for point, given in enumerate(coefficients.tolist()):
            losses[point] += share * subject.objective.loss(outputs(given), targets).item()
            work.add(share)
    return losses


class Proposal(NamedTuple):
    """The update that the trainer's next step makes."""

    update: Tensor
    slots: dict[str, Tensor]
    """The rule's memory after the step."""
    trials: tuple[Trial, ...]
    """The step lengths tried by a line search."""
    remark: str


@torch.no_grad()
def propose(subject: Subject) -> Proposal:
    """Return the update that the trainer's next step makes, bit for bit; the subject stays as it is."""
    rule = subject.rule
    if isinstance(rule, InPlaceRule):
        return _propose_in_place(subject, rule)
    slots = {
        name: subject.slots.get(name, slot).clone() for name, slot in rule.slots(subject.parameters).items()
    }
    update = torch.empty_like(subject.parameters)
    if isinstance(rule, SearchingRule):
        batch_loss = BatchLoss(
            subject.outputs_at,
            subject.objective,
            subject.batch,
            subject.parameters,
            subject.gradient,
            subject.loss,
        )
        rule.search(batch_loss, slots, update)
        return Proposal(update, slots, tuple(batch_loss.trials), batch_loss.remark)
    rule.propose(subject.clipped_gradient, slots, update)
    return Proposal(update, slots, (), "")


def _propose_in_place(subject: Subject, rule: InPlaceRule) -> Proposal:
    after = subject.parameters.clone()
    parameters = subject.named(after)
    slots = {name: subject.slots.get(name, slot).clone() for name, slot in rule.slots(parameters).items()}
    rule.step(parameters, subject.named(subject.clipped_gradient), slots)
    return Proposal(after - subject.parameters, slots, (), "")


def _share_of_loss(
    subject: Subject, data: Data, rows: slice, dtype: torch.dtype
) -> tuple[Callable[[Mapping[str, Tensor]], Tensor], float]:
    """Return the loss of some samples times their share, as a function of the parameters; and the share."""
    inputs, targets = cast(data, rows, dtype)
    share = len(inputs) / len(data.inputs)

    def loss(parameters: Mapping[str, Tensor]) -> Tensor:
        return share * subject.objective.loss(subject.outputs(parameters, inputs), targets)

    return loss, share
