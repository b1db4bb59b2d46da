"""The Hessian's extreme eigenvalues: by ARPACK on Hessian-vector products, or of the whole matrix where it is
small.

ARPACK is SciPy's `eigsh`, Lanczos's method with restarts (Lehoucq, Sorensen, Yang, "ARPACK Users' Guide",
1998). It takes a value for found where ‖Hv − λv‖ is at most its tolerance times |λ|; an eigenvalue is no
farther away than that, and mostly much nearer (Parlett, "The Symmetric Eigenvalue Problem", 4.5).

λmin is the extreme of H − λmax·I, so that its tolerance is relative to λmax − λmin: near 0 it could otherwise
never be met. Of eigenvalues that are equal, or nearly so, Lanczos's method may find fewer than there are: of
the k largest each is one, and the first is the largest, but others may lie between them.
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

DENSE = 500
"""Up to so many parameters the whole Hessian is made."""
SPARE = 10
"""By so many vectors is ARPACK's basis larger than twice k. It first looks after as many products as it has
vectors; a smaller one needs more restarts, a larger one more products before the first look."""
EXPECTED_PRODUCTS = 30
"""A guess for one end, for the progress only."""
MAX_RESTARTS = 100
MAX_BYTES = 400_000_000
"""What the basis may take."""


class Extremes(NamedTuple):
    """Eigenvalues of a symmetric operator."""

    largest: Floats
    """Descending; NaN for those not found."""
    vectors: Floats | None
    """(size, k), in the same order, where asked for."""
    smallest: float | None
    resolution: float
    """Within it of each number there is an eigenvalue."""
    converged: bool
    """False where ARPACK gave up."""


class NotFiniteError(ArithmeticError):
    """A Hessian-vector product is not finite: there are no eigenvalues."""


def by_products(
    hessian: Hessian,
    k: int,
    tolerance: float,
    *,
    smallest: bool = False,
    vectors: bool = False,
    inverse_root: Tensor | None = None,
) -> Extremes:
    """The k largest eigenvalues, of more than k, and the smallest, to `tolerance` times the largest.

    With `inverse_root` = P^−½, those of P^−½ H P^−½, which are P⁻¹H's. From a start that is always the same.
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
        # in units of about its own size: of a number near 0 ARPACK's tolerance is absolute
        unit = float(np.linalg.norm(first.astype(np.float64)) / np.linalg.norm(start)) or 1.0

        def times(vector: Values, shift: float) -> Values:
            # ARPACK's runs begin with the start's product, each
            known = first if np.array_equal(vector, start) else product(vector)
            return known / unit - shift * vector

        largest, directions, converged = _extreme(times, start, k, "LA", tolerance, vectors=vectors)
        least = None
        if smallest:
            least, top = math.nan, float(largest[0])
            if converged:
                lowest, _, converged = _extreme(times, start, 1, "SA", tolerance, top)
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
    shift: float = 0.0,
    *,
    vectors: bool = False,
) -> tuple[Floats, Floats | None, bool]:
    """The k eigenvalues at one end, descending, NaN for those not found; their vectors; whether all were.

    `times(vector, shift)` is (H − shift·I)·vector.
    """
    count = len(start)
    if not times(start, shift).any():  # a random vector: the operator is 0, which ARPACK does not take
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
            maxiter=MAX_RESTARTS,
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
    """All of it, symmetrised, column by column."""
    unit = hessian.zeros()
    count = len(unit)
    columns = torch.empty(count, count, dtype=torch.float64)
    for i in range(count):
        unit.zero_()[i] = 1.0
        columns[:, i] = hessian.times(unit).to("cpu", torch.float64)
    matrix: Floats = columns.numpy()
    return (matrix + matrix.T) / 2


def of_matrix(matrix: Floats, k: int) -> Extremes:
    """The k largest eigenvalues and the smallest, to float64's precision."""
    if not np.isfinite(matrix).all():
        return nothing(k)
    values, vectors = np.linalg.eigh(matrix)
    resolution = float(len(matrix) * np.finfo(np.float64).eps * np.abs(values).max())
    return Extremes(
        values[::-1][:k].copy(), vectors[:, ::-1][:, :k].copy(), float(values[0]), resolution, True
    )


def nothing(k: int) -> Extremes:
    """Where the Hessian is not finite."""
    return Extremes(np.full(k, np.nan), None, math.nan, math.nan, True)
