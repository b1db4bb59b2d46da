"""A linear network's loss, split exactly into eigendirections.

One linear layer W with a squared loss: L = c/(Nm)·‖X̃Wᵀ − Y‖², X̃ = [X, 1], c = 1 (MSE) or ½, N samples and m
outputs. With X̃ = USVᵀ the Hessian has the eigenvalues λᵢ = 2c·σᵢ²/(Nm), each m times, and
L = Σᵢ c/(Nm)·‖uᵢᵀ(X̃Wᵀ − Y)‖² + what lies outside of X̃'s span, which no W removes. Each step of gradient
descent on the whole set multiplies the distance to the solution along direction i by 1 − ηλᵢ, its share of
the loss by the square.

With momentum the distance follows a recurrence of second order whose slower root counts (Goh, "Why Momentum
Really Works"): heavy ball r² − (1 + β − ηλ)r + β, Nesterov r² − (1 + β)(1 − ηλ)r + β(1 − ηλ).

Several linear layers amount to one, W₄W₃W₂W₁: the split of the loss holds for what they compute, while their
way to it depends on all of them.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gradstep.engine.probes.data_factor import factor
from gradstep.engine.probes.passes import Work, cast, chunks, outputs, split
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.results import SpectrumResult
from gradstep.engine.probes.subject import Subject, to_numpy
from gradstep.engine.records.ranges import Floats
from gradstep.engine.training.rules.descent import GradientDescent, Momentum

DONE = 0.01
"""A share is done with where it fell to this part of itself, solved where it is this part of the loss."""
FROZEN_STEPS = 1e6
"""A direction that needs more steps than this is called frozen."""
KEPT_DIRECTIONS = 8

DirectionState = Literal["solved", "falling", "frozen", "diverging"]


def spectrum(subject: Subject, progress: Progress | None = None) -> SpectrumResult:
    """For networks of linear layers with a squared loss of the training set."""
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

    # Qᵀ(X̃Wᵀ − Y) in the coordinates of R; Y is X itself, or columns of its own
    wanted = found.r[:, :width] if to_input else found.r[:, columns:]
    residual = found.r[:, :columns] @ linear.T - wanted
    scale = _factor(subject) / (found.samples * len(weight))
    by_direction = np.sum((u.T @ residual) ** 2, axis=1) * scale
    loss = float(np.sum(residual**2) * scale)
    shares = by_direction[:rank]
    eigenvalues = 2 * scale * values[:rank] ** 2
    factors = steps = states = None
    if len(subject.layers) == 1 and subject.whole_batch:
        factors = contraction(subject, eigenvalues)
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
    """The one linear map that linear layers amount to, as weight (outputs, inputs) and bias, in float64."""
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


def contraction(subject: Subject, eigenvalues: Floats) -> Floats | None:
    """By what each step of the rule multiplies the distance to the solution; None where it is no constant."""
    match subject.rule:
        case _ if subject.clip_norm is not None:
            return None
        case GradientDescent(learning_rate=rate):
            return 1 - rate * eigenvalues
        case Momentum(learning_rate=rate, momentum=beta, nesterov=nesterov):
            kept = 1 - rate * eigenvalues
            middle, last = ((1 + beta) * kept, beta * kept) if nesterov else (beta + kept, beta + 0 * kept)
            root = np.sqrt((middle / 2) ** 2 - last + 0j)
            slower: Floats = np.maximum(np.abs(middle / 2 + root), np.abs(middle / 2 - root))
            return slower
        case _:
            return None


def steps_left(factors: Floats) -> Floats:
    """Steps until a share, which shrinks by the factor's square, is DONE of itself; inf where it never is."""
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
    dtype, device = subject.precise, subject.parameters.device
    parts = split(subject.layers, subject.parameters.to(dtype))
    matrix, constant = (torch.from_numpy(a).to(device, dtype) for a in (weight, offset))
    largest: Tensor = torch.zeros((), dtype=dtype, device=device)
    for rows in chunks(subject, len(subject.training.inputs)):
        inputs = cast(subject.training, rows, dtype).inputs
        own = outputs(subject.layers, parts, inputs)
        largest = torch.maximum(largest, (own - (inputs @ matrix.t() + constant)).abs().max())
        work.add(len(inputs) / len(subject.training.inputs))
    return float(largest.item())


def _words(rank: int, columns: int) -> str:
    if rank == columns:
        return f"rank {rank}, full: every direction is in the data"
    return f"rank {rank}, beyond that not resolvable: {columns - rank} of {columns} directions are free"
