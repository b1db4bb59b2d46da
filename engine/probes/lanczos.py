"""Both ends of the Hessian's spectrum, by Lanczos's method.

One run from one start vector finds both ends, and near each Ritz value is an eigenvalue, no farther than its
residual β·|last component of its vector| (Parlett, "The Symmetric Eigenvalue Problem", 4.5 and 13.2). All
vectors are kept and orthogonalised twice, so that there are no ghosts. ARPACK's restarted runs, one for each
end, took 2.5 times as many products on the exam's net.

A single layer whose loss is a sum over its outputs has a Hessian of one block an output: no parameter of one
output meets one of another. One product then advances a Lanczos run in each block. The blocks' largest
eigenvalues lie so close that a single run over all of them needs 76 products on `identity-1-layer`; 784 runs
side by side, and as many for the threshold, need 11 in all.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.objective import OneHotRegression, Regression
from engine.probes.passes import Hessian
from engine.probes.results import Floats
from engine.probes.subject import Layer, Subject

EXPECTED_PRODUCTS = 40
"""A guess, for the progress only."""
MAX_VECTORS = 150
MAX_BYTES = 1_000_000_000
"""What the vectors may take."""


class Extremes(NamedTuple):
    """Eigenvalues of a symmetric operator."""

    largest: Floats
    """Descending; NaN where the operator is not finite."""
    vectors: Floats
    """(size, k), in the same order."""
    smallest: float | None
    resolution: float
    """Within it of each number there is an eigenvalue."""
    converged: bool


class Blocks:
    """The parameters as rows that the Hessian does not mix: one for each output, or one in all."""

    def __init__(self, subject: Subject) -> None:
        apart = len(subject.layers) == 1 and isinstance(subject.objective, (Regression, OneHotRegression))
        self._layer: Layer | None = subject.layers[0] if apart else None

    def rows(self, flat: Tensor) -> Tensor:
        """(blocks, size) of a flat vector."""
        if (layer := self._layer) is None:
            return flat[None]
        weights = flat[layer.weight].view(layer.units, layer.inputs)
        return weights if layer.bias is None else torch.cat([weights, flat[layer.bias][:, None]], 1)

    def flat(self, rows: Tensor) -> Tensor:
        """The flat vector of (blocks, size)."""
        if (layer := self._layer) is None:
            return rows[0]
        return torch.cat([rows[:, : layer.inputs].reshape(-1), rows[:, layer.inputs :].reshape(-1)])


def lanczos(
    hessian: Hessian,
    blocks: Blocks,
    k: int,
    tolerance: float,
    *,
    smallest: bool,
    inverse_root: Tensor | None = None,
) -> Extremes:
    """The k largest eigenvalues and the smallest, to `tolerance` times the greatest in size.

    With `inverse_root` = P^−½, those of P^−½ H P^−½, which are P⁻¹H's. From a start that is always the same.
    """
    random = np.random.default_rng(0)
    zeros = blocks.rows(hessian.zeros())
    count, size = zeros.shape
    room = MAX_BYTES // (zeros.numel() * zeros.element_size())
    steps = min(size, max(k + 2, min(MAX_VECTORS, room)))
    basis = zeros.new_empty(count, steps, size)
    diagonal, beside = np.empty((count, steps)), np.empty((count, steps))
    for at in range(steps):
        if at == 0:
            following = _unit(zeros, basis[:, :0], random)
        basis[:, at] = following
        product = _times(hessian, blocks, following, inverse_root)
        if not bool(torch.isfinite(product).all()):
            return nothing(zeros.numel(), k)
        diagonal[:, at] = _doubles((following * product).sum(1))
        rest = _orthogonal(product, basis[:, : at + 1])
        lengths = rest.norm(dim=1)
        beside[:, at] = _doubles(lengths)
        noise = 10 * torch.finfo(rest.dtype).eps * _doubles(product.norm(dim=1))
        beside[beside[:, at] <= noise, at] = 0.0
        ritz = _ritz(diagonal[:, : at + 1], beside[:, : at + 1])
        whole = at + 1 == size
        done = whole or _found(ritz, k, tolerance, smallest=smallest)
        if done:
            break
        following = rest / lengths[:, None]
        ended = torch.from_numpy(beside[:, at] == 0).to(rest.device)  # with all that the start reaches
        if bool(ended.any()):
            following[ended] = _unit(zeros[ended], basis[ended, : at + 1], random)
    return _extremes(blocks, basis, ritz, k, done, smallest=smallest)


class Ritz(NamedTuple):
    """Of each block: the values (blocks, steps), ascending, their vectors in the basis's coordinates, and how
    far from an eigenvalue each value is at most."""

    values: Floats
    vectors: Floats
    residuals: Floats


def _ritz(diagonal: Floats, beside: Floats) -> Ritz:
    steps = diagonal.shape[1]
    matrices = np.zeros((len(diagonal), steps, steps))
    at = np.arange(steps)
    matrices[:, at, at] = diagonal
    matrices[:, at[1:], at[:-1]] = beside[:, :-1]  # `eigh` reads the lower half
    values, vectors = np.linalg.eigh(matrices)
    return Ritz(values, vectors, beside[:, -1:] * np.abs(vectors[:, -1]))


def _found(ritz: Ritz, k: int, tolerance: float, *, smallest: bool) -> bool:
    """Whether the values wanted are near enough, and no block's end can still grow beyond them."""
    values, residuals = ritz.values, ritz.residuals
    if values.size < k:
        return False
    near = tolerance * float(np.abs(values).max())
    order = np.argsort(-values, axis=None)[:k]
    top = values[:, -1] + residuals[:, -1] <= values.flat[order[-1]] + near
    if (residuals.flat[order] > near).any() or not (top | (residuals[:, -1] <= near)).all():
        return False
    low = values[:, 0] - residuals[:, 0] >= values.min() - near
    return not smallest or bool((low | (residuals[:, 0] <= near)).all())


def _extremes(
    blocks: Blocks, basis: Tensor, ritz: Ritz, k: int, converged: bool, *, smallest: bool
) -> Extremes:
    order = np.argsort(-ritz.values, axis=None, kind="stable")[:k]
    steps = ritz.values.shape[1]
    vectors = []
    for block, at in zip(*np.divmod(order, steps), strict=True):
        rows = torch.zeros_like(basis[:, 0])
        weights = torch.from_numpy(ritz.vectors[block, :, at]).to(basis)
        rows[block] = weights @ basis[block, :steps]
        vectors.append(blocks.flat(rows).double().cpu().numpy())
    lowest = int(np.argmin(ritz.values))
    bounds = [*ritz.residuals.flat[order], *([ritz.residuals.flat[lowest]] if smallest else [])]
    noise = math.sqrt(basis.shape[2]) * torch.finfo(basis.dtype).eps * float(np.abs(ritz.values).max())
    return Extremes(
        ritz.values.flat[order],
        np.stack(vectors, 1),
        float(ritz.values.flat[lowest]) if smallest else None,
        float(max(bounds)) + noise,
        converged,
    )


def nothing(count: int, k: int) -> Extremes:
    """Where the Hessian is not finite."""
    return Extremes(np.full(k, np.nan), np.full((count, k), np.nan), math.nan, math.nan, False)


def _times(hessian: Hessian, blocks: Blocks, rows: Tensor, inverse_root: Tensor | None) -> Tensor:
    vector = blocks.flat(rows)
    if inverse_root is None:
        return blocks.rows(hessian.times(vector))
    scale = inverse_root.to(vector.dtype)
    return blocks.rows(hessian.times(vector * scale) * scale)


def _unit(like: Tensor, basis: Tensor, random: np.random.Generator) -> Tensor:
    """Random rows of length 1, orthogonal to each row's basis."""
    drawn = torch.from_numpy(random.standard_normal(like.shape)).to(like)
    rows = _orthogonal(drawn, basis)
    unit: Tensor = rows / rows.norm(dim=1, keepdim=True)
    return unit


def _orthogonal(rows: Tensor, basis: Tensor) -> Tensor:
    """What of each row is orthogonal to its basis: Gram and Schmidt's, twice."""
    for _ in range(2):
        shares = torch.bmm(basis, rows[:, :, None])
        rows = torch.baddbmm(rows[:, :, None], basis.transpose(1, 2), shares, alpha=-1)[:, :, 0]
    return rows


def _doubles(numbers: Tensor) -> Floats:
    return numbers.double().cpu().numpy()
