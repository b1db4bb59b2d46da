"""The loss of a linear network, split exactly into eigendirections of its Hessian.

One linear layer W with a squared loss: L = c/(Nm)·‖X̃Wᵀ − Y‖², X̃ = [X, 1], c = 1 (MSE) or ½, N samples and m
outputs. With X̃ = USVᵀ the Hessian has the eigenvalues λᵢ = 2c·σᵢ²/(Nm), each m times, and
L = Σᵢ c/(Nm)·‖uᵢᵀ(X̃Wᵀ − Y)‖² + a rest outside of X̃'s span, which no W removes. Each step of gradient descent
on the whole set multiplies the distance to the solution along direction i by 1 − ηλᵢ. It multiplies the
direction's share of the loss by the square of that.

Several linear layers compute one linear map, W₄W₃W₂W₁. The split of the loss holds for the map. The steps
left do not: they depend on all layers.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gradstep.engine.probes.data_factor import factor
from gradstep.engine.probes.dense_stack import split
from gradstep.engine.probes.passes import Work, cast, chunks
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.results import SpectrumResult
from gradstep.engine.probes.subject import Subject, to_numpy
from gradstep.engine.records.ranges import Floats

DONE = 0.01
"""`steps_left` counts the steps until a share falls to this part of itself. A direction is solved
if its share is at most this part of the loss."""
FROZEN_STEPS = 1e6
"""A direction that needs more steps is frozen."""
KEPT_DIRECTIONS = 8
"""The most right singular vectors returned."""

DirectionState = Literal["solved", "falling", "frozen", "diverging"]


def spectrum(subject: Subject, progress: Progress | None = None) -> SpectrumResult:
    """Split the training loss of a network of linear layers with a squared loss."""
    to_input = subject.to_input
    ones = any(layer.bias is not None for layer in subject.layers)
    work = Work(progress, 2.0)
    found = factor(subject, work, ones=ones, targets=not to_input)
    width = subject.layers[0].inputs
    columns = width + ones
    u, values, vt, rank = found.decompose(slice(0, columns))
    work.add()
    weight, offset = collapse(subject)
    linear = np.hstack([weight, offset[:, None]]) if ones else weight

    # Qᵀ(X̃Wᵀ − Y); Y is X itself, or has columns of its own in R
    wanted = found.r[:, :width] if to_input else found.r[:, columns:]
    residual = found.r[:, :columns] @ linear.T - wanted
    scale = _factor(subject) / (found.samples * len(weight))
    by_direction = np.sum((u.T @ residual) ** 2, axis=1) * scale
    loss = float(np.sum(residual**2) * scale)
    shares = by_direction[:rank]
    eigenvalues = 2 * scale * values[:rank] ** 2
    factors = steps = states = None
    if len(subject.layers) == 1 and subject.whole_batch and subject.clip_norm is None:
        factors = subject.rule.contraction(eigenvalues)
    if factors is not None:
        steps = steps_left(factors)
        states = tuple(
            _state(share, rate, left, loss) for share, rate, left in zip(shares, factors, steps, strict=True)
        )
    work.add()
    gram = found.r[:, :columns].T @ found.r[:, :columns]
    naive = float(np.linalg.cond(gram)) if np.isfinite(gram).all() else math.nan
    work.add()
    return SpectrumResult(
        position=subject.position,
        columns=columns,
        singular_values=values,
        rank=rank,
        eigenvalues=eigenvalues,
        condition=float((values[0] / values[rank - 1]) ** 2) if rank else math.nan,
        naive_condition=naive,
        words=_words(rank, columns),
        loss=loss,
        unreachable=max(0.0, loss - float(np.sum(shares))),
        shares=shares,
        factors=factors,
        steps_left=steps,
        states=states,
        directions=vt[: min(rank, KEPT_DIRECTIONS)],
        collapsed_weight=weight,
        collapsed_bias=offset,
        collapse_difference=_difference(subject, weight, offset, work),
    )


def collapse(subject: Subject) -> tuple[Floats, Floats]:
    """Return the map that linear layers compute: weight (outputs, inputs) and bias (outputs,), in float64."""
    weight: Floats | None = None
    offset = np.zeros(subject.layers[0].inputs)
    for own, bias in split(subject.layers, subject.parameters):
        matrix: Floats = to_numpy(own).astype(np.float64)
        offset = matrix @ offset if weight is not None else np.zeros(len(matrix))
        weight = matrix if weight is None else matrix @ weight
        if bias is not None:
            offset = offset + to_numpy(bias).astype(np.float64)
    assert weight is not None
    return weight, offset


def steps_left(factors: Floats) -> Floats:
    """Return the steps until each direction's share is DONE of itself; inf if it never is."""
    sizes = np.abs(factors)
    with np.errstate(divide="ignore"):
        steps = np.ceil(math.log(DONE) / (2 * np.log(sizes)))
    return np.where(sizes < 1, np.maximum(steps, 1.0), np.inf)


def _state(share: float, rate: float, left: float, loss: float) -> DirectionState:
    if abs(rate) > 1:
        return "diverging"
    if math.isfinite(loss) and share <= DONE * loss:
        return "solved"
    return "frozen" if left > FROZEN_STEPS else "falling"


def _factor(subject: Subject) -> float:
    """c: 1 for MSE, ½ for half-MSE."""
    one = torch.ones(1, 1, dtype=subject.precise)
    return float(subject.objective.loss(one, torch.zeros_like(one)).item())


@torch.no_grad()
def _difference(subject: Subject, weight: Floats, offset: Floats, work: Work) -> float:
    """Return the largest difference between the outputs of network and map. Adds 1 to `work`."""
    dtype, device = subject.precise, subject.parameters.device
    parameters = subject.parameters.to(dtype)
    matrix, constant = (torch.from_numpy(a).to(device, dtype) for a in (weight, offset))
    largest: Tensor = torch.zeros((), dtype=dtype, device=device)
    for rows in chunks(subject, len(subject.training.inputs)):
        inputs = cast(subject.training, rows, dtype).inputs
        own = subject.outputs_at(parameters, inputs)
        largest = torch.maximum(largest, (own - (inputs @ matrix.t() + constant)).abs().max())
        work.add(len(inputs) / len(subject.training.inputs))
    return float(largest.item())


def _words(rank: int, columns: int) -> str:
    if rank == columns:
        return f"rank {rank}, full: every direction is in the data"
    return f"rank {rank}, beyond that not resolvable: {columns - rank} of {columns} directions are free"
