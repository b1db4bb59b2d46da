"""What probes compute with: losses, gradients, Hessian-vector products; in chunks, in memory of their own.

Chunks are as large as some 0.1 s of work, so that a probe can say how far it is and be cancelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradstep.engine.probes.registry import ProbeCancelledError, Progress
from gradstep.engine.probes.subject import Data, Layer, Subject
from gradstep.engine.training.rules.base import InPlaceRule, SearchingRule
from gradstep.engine.training.rules.batch_loss import Landscape, Trial

CHUNK_WORK = 4e8
"""Multiplications in a chunk: 0.05–0.15 s on a processor of 2020."""
GRADIENT_COST = 3
PRODUCT_COST = 7
"""What a gradient and a Hessian-vector product cost, in forward passes."""
KEPT_BYTES = 200_000_000
"""Graphs up to this size are kept between Hessian-vector products."""

Parts = list[tuple[Tensor, Tensor | None]]
"""(weight, bias) layer by layer."""


class Work:
    """Counts what is done, in any unit, and tells `progress`; raises ProbeCancelledError where it says so.

    Where the amount isn't known beforehand (`open_ended`), `total` is a guess that the share approaches.
    """

    def __init__(self, progress: Progress | None, total: float = 1.0, *, open_ended: bool = False) -> None:
        self._progress = progress
        self.total = total
        self.done = 0.0
        self.unit = 1.0
        """What the amounts added from now on are counted in."""
        self._open_ended = open_ended

    def add(self, amount: float = 0.0) -> None:
        """So much more is done."""
        self.done += amount * self.unit
        if self._progress is None:
            return
        share = self.done / self.total if self.total else 1.0
        if self._open_ended:
            share = 1.0 - math.exp(-share)
        if not self._progress(min(share, 1.0)):
            raise ProbeCancelledError("the probe was cancelled")


def split(layers: Sequence[Layer], flat: Tensor) -> Parts:
    """A flat vector as views, layer by layer."""
    return [
        (flat[layer.weight].view(layer.units, layer.inputs), None if layer.bias is None else flat[layer.bias])
        for layer in layers
    ]


def activations(layers: Sequence[Layer], parts: Parts, inputs: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Each layer's pre-activations and outputs, (samples, units)."""
    for layer, (weight, bias) in zip(layers, parts, strict=True):
        pre = torch.nn.functional.linear(inputs, weight, bias)
        inputs = layer.function.function(pre)
        yield pre, inputs


def outputs(layers: Sequence[Layer], parts: Parts, inputs: Tensor) -> Tensor:
    """The network's outputs, (samples, units)."""
    out = inputs
    for _, out in activations(layers, parts, inputs):  # noqa: B007
        pass
    return out


def chunks(subject: Subject, samples: int, cost: float = 1.0) -> list[slice]:
    """The samples in chunks, for passes that cost so many forward passes."""
    rows = max(16, int(CHUNK_WORK / (cost * len(subject.parameters))))
    return [slice(first, min(first + rows, samples)) for first in range(0, samples, rows)]


def cast(data: Data, rows: slice, dtype: torch.dtype) -> Data:
    """Some samples, in this dtype; labels stay what they are."""
    inputs, targets = data.inputs[rows].to(dtype), data.targets[rows]
    return Data(inputs, targets.to(dtype) if targets.is_floating_point() else targets)


@torch.no_grad()
def loss_at(subject: Subject, flat: Tensor, data: Data, dtype: torch.dtype, work: Work) -> float:
    """The loss of any parameters. Adds 1 to `work`."""
    parts = split(subject.layers, flat.to(dtype))
    total, count = 0.0, len(data.inputs)
    for rows in chunks(subject, count):
        inputs, targets = cast(data, rows, dtype)
        share = len(inputs) / count
        total += share * subject.objective.loss(outputs(subject.layers, parts, inputs), targets).item()
        work.add(share)
    return total


def gradient(
    subject: Subject, flat: Tensor, data: Data, dtype: torch.dtype, work: Work
) -> tuple[float, Tensor]:
    """The loss of any parameters and its gradient, flat. Adds GRADIENT_COST to `work`."""
    leaves, parts = _leaves(subject, flat, dtype)
    total, count = 0.0, len(data.inputs)
    sums = [torch.zeros_like(leaf) for leaf in leaves]
    for rows in chunks(subject, count, GRADIENT_COST):
        loss, share = _share_of_loss(subject, parts, data, rows, dtype)
        total += loss.item()
        for part, grad in zip(sums, torch.autograd.grad(loss, leaves), strict=True):
            part.add_(grad)
        work.add(GRADIENT_COST * share)
    return total, torch.cat([part.reshape(-1) for part in sums])


class Hessian:
    """The loss's Hessian at the subject's parameters: H·v by double backward (Pearlmutter 1994)."""

    def __init__(self, subject: Subject, data: Data, dtype: torch.dtype, work: Work) -> None:
        self._subject = subject
        self._data = data
        self.dtype = dtype
        self.device = subject.parameters.device
        self._work = work
        self._leaves, self._parts = _leaves(subject, subject.parameters, dtype)
        self._rows = chunks(subject, len(data.inputs), PRODUCT_COST)
        width = sum(layer.units for layer in subject.layers)
        size = 8 * len(data.inputs) * width * torch.empty(0, dtype=dtype).element_size()
        self._kept: dict[int, tuple[Tensor, ...]] | None = {} if size <= KEPT_BYTES else None
        self.products = 0

    def zeros(self) -> Tensor:
        """A vector to multiply."""
        return torch.zeros_like(self._subject.parameters, dtype=self.dtype)

    def times(self, vector: Tensor) -> Tensor:
        """H·v, flat. Adds PRODUCT_COST to `work`."""
        pieces = [
            piece
            for weight, bias in split(self._subject.layers, vector.to(self.dtype))
            for piece in (weight, bias)
            if piece is not None
        ]
        sums = [torch.zeros_like(leaf) for leaf in self._leaves]
        for i, rows in enumerate(self._rows):
            products = torch.autograd.grad(
                self._gradients(i),
                self._leaves,
                pieces,
                retain_graph=self._kept is not None,
                materialize_grads=True,
            )
            for part, product in zip(sums, products, strict=True):
                part.add_(product)
            self._work.add(PRODUCT_COST * (rows.stop - rows.start) / len(self._data.inputs))
        self.products += 1
        return torch.cat([part.reshape(-1) for part in sums])

    def _gradients(self, i: int) -> tuple[Tensor, ...]:
        """The differentiable gradients of a chunk's share of the loss."""
        if self._kept is not None and i in self._kept:
            return self._kept[i]
        loss, _ = _share_of_loss(self._subject, self._parts, self._data, self._rows[i], self.dtype)
        grads = torch.autograd.grad(loss, self._leaves, create_graph=True)
        if self._kept is not None:
            self._kept[i] = grads
        return grads


@torch.no_grad()
def losses_along(
    subject: Subject,
    directions: Sequence[Tensor],
    coefficients: NDArray[np.float64],
    data: Data,
    dtype: torch.dtype,
    work: Work,
) -> NDArray[np.float64]:
    """The loss at θ + Σ cᵢ·directionᵢ for each row c of `coefficients`. Adds 1 a row to `work`.

    The first layer's pre-activations are linear in c, so its products with the inputs are made once.
    """
    first, rest = subject.layers[0], subject.layers[1:]
    vectors = [vector.to(dtype) for vector in (subject.parameters, *directions)]
    splits = [split(subject.layers, vector) for vector in vectors]
    losses = np.zeros(len(coefficients))
    count = len(data.inputs)
    for rows in chunks(subject, count, 1 + len(directions)):
        inputs, targets = cast(data, rows, dtype)
        bases = [torch.nn.functional.linear(inputs, *parts[0]) for parts in splits]
        for point, given in enumerate(coefficients.tolist()):
            pre = _combined(bases, given)
            parts: Parts = [
                (
                    _combined([split_[i][0] for split_ in splits], given),
                    None
                    if layer.bias is None
                    else _combined([b for split_ in splits if (b := split_[i][1]) is not None], given),
                )
                for i, layer in enumerate(rest, 1)
            ]
            out = outputs(rest, parts, first.function.function(pre))
            share = len(inputs) / count
            losses[point] += share * subject.objective.loss(out, targets).item()
            work.add(share)
    return losses


class Proposal(NamedTuple):
    """What the trainer's next step would do."""

    update: Tensor
    slots: dict[str, Tensor]
    """After it."""
    trials: tuple[Trial, ...]
    """Of a line search."""
    remark: str


@torch.no_grad()
def propose(subject: Subject) -> Proposal:
    """The update that the trainer's next step makes, bit for bit, with its slots after it, as copies."""
    rule = subject.rule
    if isinstance(rule, InPlaceRule):
        return _propose_in_place(subject, rule)
    slots = {
        name: subject.slots.get(name, slot).clone() for name, slot in rule.slots(subject.parameters).items()
    }
    update = torch.empty_like(subject.parameters)
    if isinstance(rule, SearchingRule):
        landscape = Landscape(
            subject.outputs,
            subject.objective,
            subject.batch,
            subject.parameters,
            subject.gradient,
            subject.loss,
        )
        rule.search(landscape, slots, update)
        return Proposal(update, slots, tuple(landscape.trials), landscape.remark)
    rule.propose(subject.clipped_gradient, slots, update)
    return Proposal(update, slots, (), "")


def _propose_in_place(subject: Subject, rule: InPlaceRule) -> Proposal:
    after = subject.parameters.clone()
    parameters = subject.named(after)
    slots = {name: subject.slots.get(name, slot).clone() for name, slot in rule.slots(parameters).items()}
    rule.step(parameters, subject.named(subject.clipped_gradient), slots)
    return Proposal(after - subject.parameters, slots, (), "")


def _combined(vectors: Sequence[Tensor], coefficients: Sequence[float]) -> Tensor:
    result = vectors[0]
    for vector, coefficient in zip(vectors[1:], coefficients, strict=True):
        result = torch.add(result, vector, alpha=coefficient)
    return result


def _leaves(subject: Subject, flat: Tensor, dtype: torch.dtype) -> tuple[list[Tensor], Parts]:
    """Parameters to differentiate by, in their own memory, and the same layer by layer."""
    parts: Parts = []
    leaves: list[Tensor] = []
    for weight, bias in split(subject.layers, flat.detach().to(dtype, copy=True)):
        weight.requires_grad_()
        leaves.append(weight)
        if bias is not None:
            bias.requires_grad_()
            leaves.append(bias)
        parts.append((weight, bias))
    return leaves, parts


def _share_of_loss(
    subject: Subject, parts: Parts, data: Data, rows: slice, dtype: torch.dtype
) -> tuple[Tensor, float]:
    """What these samples add to the loss, differentiable, and their share of all samples."""
    inputs, targets = cast(data, rows, dtype)
    share = len(inputs) / len(data.inputs)
    with torch.enable_grad():
        return share * subject.objective.loss(outputs(subject.layers, parts, inputs), targets), share
