"""Extreme eigenvalues of a Hessian: by ARPACK on Hessian-vector products, or of the whole matrix if small.

ARPACK is SciPy's `eigsh`, the Lanczos method with restarts (Lehoucq, Sorensen, Yang, "ARPACK Users' Guide",
1998). It accepts a value λ if ‖Hv − λv‖ is at most the tolerance times |λ|. An eigenvalue is no farther away
than that, and mostly much nearer (Parlett, "The Symmetric Eigenvalue Problem", 4.5).

λmin is computed as the extreme of H − λmax·I, so its tolerance is relative to λmax − λmin. Relative to a λmin
near 0 it could never be met. Of nearly equal eigenvalues the Lanczos method may miss some: each of the k
largest is an eigenvalue, and the first is the largest, but others may lie between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import torch
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh  # type: ignore[import-untyped]
from torch import Tensor

from gradstep.engine.probes.passes import Hessian
from gradstep.engine.probes.results import Values
from gradstep.engine.records.ranges import Floats

SPARE = 10
"""Vectors in ARPACK's basis beyond 2k. ARPACK first tests convergence after one product a vector.

A smaller basis needs more restarts, a larger one more products before the first test.
"""
EXPECTED_PRODUCTS = 30
"""A guess of the products for one end of the spectrum, for the progress only."""
MAX_BYTES = 400_000_000
"""The most memory of the basis."""


class Extremes(NamedTuple):
    """Eigenvalues of a symmetric operator."""

    largest: Floats
    """Descending, (k,); NaN for each not found."""
    vectors: Floats | None
    """(size, k), in the same order; None if not asked for."""
    smallest: float | None
    resolution: float
    """An eigenvalue is at most so far from each number."""
    converged: bool
    """False if ARPACK gave up."""


class NotFiniteError(ArithmeticError):
    """A Hessian-vector product is not finite."""


def by_products(
    hessian: Hessian,
    k: int,
    tolerance: float,
    *,
    smallest: bool = False,
    vectors: bool = False,
    inverse_root: Tensor | None = None,
    restarts: int = 100,
) -> Extremes:
    """Find the k largest eigenvalues of more than k, and the smallest, to `tolerance` times the largest.

    With `inverse_root` = P^−½ the eigenvalues are those of P^−½ H P^−½, which are P⁻¹H's. ARPACK gives up
    after so many `restarts`. It starts from the same vector at every call.
    """
    dtype = np.dtype(np.float64 if hessian.dtype == torch.float64 else np.float32)
    count = len(hessian.zeros())
    start = np.random.default_rng(0).standard_normal(count).astype(dtype)

    def product(vector: Values) -> Values:
        own = torch.from_numpy(vector.reshape(-1)).to(hessian.device)
        if inverse_root is None:
            found = hessian.times(own)
        else:
            scale = inverse_root.to(own.dtype)
            found = hessian.times(own * scale) * scale
        if not bool(torch.isfinite(found).all()):
            raise NotFiniteError
        return np.asarray(found.cpu().numpy(), dtype)

    try:
        first = product(start)
        # in units of about its own size, as ARPACK's tolerance is absolute near 0
        unit = float(np.linalg.norm(first.astype(np.float64)) / np.linalg.norm(start)) or 1.0

        def times(vector: Values, shift: float) -> Values:
            # each of ARPACK's runs begins with the start's product
            known = first if np.array_equal(vector, start) else product(vector)
            return known / unit - shift * vector

        largest, directions, converged = _extreme(times, start, k, "LA", tolerance, restarts, vectors=vectors)
        least = None
        if smallest:
            least, top = math.nan, float(largest[0])
            if converged:
                lowest, _, converged = _extreme(times, start, 1, "SA", tolerance, restarts, top)
                least = float(lowest[0])
    except NotFiniteError:
        return nothing(k)
    span = max(abs(largest[0]), largest[0] - (0.0 if least is None else least))
    noise = math.sqrt(count) * torch.finfo(hessian.dtype).eps
    return Extremes(
        unit * largest,
        directions,
        None if least is None else unit * least,
        float((tolerance + noise) * unit * span),
        converged,
    )


def _extreme(
    times: Callable[[Values, float], Values],
    start: Values,
    k: int,
    which: Literal["LA", "SA"],
    tolerance: float,
    restarts: int,
    shift: float = 0.0,
    *,
    vectors: bool = False,
) -> tuple[Floats, Floats | None, bool]:
    """Return the k eigenvalues at one end, their vectors, and whether all were found.

    They descend, with NaN for each eigenvalue not found.

    `times(vector, shift)` is (H − shift·I)·vector.
    """
    count = len(start)
    if not times(start, shift).any():  # on a random vector: the operator is 0, which ARPACK refuses
        return np.full(k, shift), np.eye(count, k), True
    operator = LinearOperator((count, count), matvec=lambda v: times(v, shift), dtype=start.dtype)
    basis = min(count, max(k + 2, min(2 * k + SPARE, MAX_BYTES // start.nbytes)))
    directions, converged = None, True
    try:
        found = eigsh(
            operator,
            k,
            which=which,
            v0=start,
            ncv=basis,
            maxiter=restarts,
            tol=tolerance,
            return_eigenvectors=vectors,
            rng=0,
        )
        values, directions = found if vectors else (found, None)
    except ArpackNoConvergence as error:
        values, directions, converged = error.eigenvalues, error.eigenvectors, False
    order = np.argsort(-values)
    largest = np.full(k, np.nan)
    largest[: len(order)] = shift + values[order]
    return largest, None if directions is None else directions[:, order].astype(np.float64), converged


def dense_hessian(hessian: Hessian) -> Floats:
    """Return the whole matrix, made column by column and symmetrised, in float64."""
    unit = hessian.zeros()
    count = len(unit)
    columns = torch.empty(count, count, dtype=torch.float64)
    for i in range(count):
        unit.zero_()[i] = 1.0
        columns[:, i] = hessian.times(unit).to("cpu", torch.float64)
    matrix: Floats = columns.numpy()
    return (matrix + matrix.T) / 2


def of_matrix(matrix: Floats, k: int) -> Extremes:
    """Return the k largest eigenvalues and the smallest, to the precision of float64."""
    if not np.isfinite(matrix).all():
        return nothing(k)
    values, vectors = np.linalg.eigh(matrix)
    resolution = float(len(matrix) * np.finfo(np.float64).eps * np.abs(values).max())
    return Extremes(
        values[::-1][:k].copy(), vectors[:, ::-1][:, :k].copy(), float(values[0]), resolution, True
    )


def nothing(k: int) -> Extremes:
    """Return NaN for all, for a Hessian that is not finite."""
    return Extremes(np.full(k, np.nan), None, math.nan, math.nan, True)
