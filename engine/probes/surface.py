"""The loss in a plane of parameters through the present ones, for contours, with the path of the run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradstep.engine.errors import UserError
from gradstep.engine.probes.budget import affordable
from gradstep.engine.probes.data_factor import factor
from gradstep.engine.probes.eigenvalues import EXPECTED_PRODUCTS, by_products, dense_hessian, of_matrix
from gradstep.engine.probes.passes import GRADIENT_COST, PRODUCT_COST, Hessian, Work, gradient, losses_along
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.results import SurfaceResult
from gradstep.engine.probes.subject import Data, Subject, Which, to_numpy
from gradstep.engine.records.ranges import Floats, evenly, is_one_number
from gradstep.engine.training.model.norms import dot, norm

MARGIN = 1.25
"""The grid's width, relative to the extent of the path, the lowest point and θ."""
TOLERANCE = 1e-2
"""The tolerance of the eigendirections, relative to their eigenvalue."""


def surface(
    subject: Subject,
    progress: Progress | None = None,
    *,
    directions: tuple[NDArray[Any], NDArray[Any]] | None = None,
    pick: tuple[int, int] = (0, 1),
    path: Sequence[NDArray[Any]] = (),
    window: tuple[tuple[float, float], tuple[float, float]] | None = None,
    points: int = 25,
    data: Which = "all",
    samples: int | None = None,
    budget: float | None = None,
) -> SurfaceResult:
    """Return the loss on a grid of `points` × `points` (3–201).

    The plane goes through θ along two `directions` (flat), or along two eigendirections of the Hessian,
    `pick`ed by number from the greatest eigenvalue on (0–19). `path` holds flat parameters to project.

    `window` is the grid's (from, to) along each direction, 0 at θ. By default the grid takes in the path and
    the lowest point of the quadratic model. `data` and `samples` choose the samples of the loss; with a
    `budget` these are at most as many as `budget.affordable` says. The Curvature tab uses one.

    Raises UserError for other numbers, directions that span no plane, and eigendirections not found.
    """
    if not 3 <= points <= 201:
        raise UserError(f"surface: points: given {points}; allowed: 3 … 201")
    if budget is not None:
        samples = affordable(budget, len(subject.parameters), samples)
    where, dtype = subject.data(data, samples), subject.precise
    vectors, values, work = _plane(subject, where, directions, pick, progress, points)
    first, second = (torch.from_numpy(vector).to(subject.parameters.device, dtype) for vector in vectors)

    moved = [subject.vector(state) - subject.parameters.to(dtype) for state in path]
    walked = np.array([[dot(d, v) for v in (first, second)] for d in moved]).reshape(-1, 2)
    off = np.array(
        [norm(d - a * first - b * second) for d, (a, b) in zip(moved, walked.tolist(), strict=True)]
    )
    x, y = (
        _axis(points, side) if window is None else evenly(*window[i], points)
        for i, side in enumerate(_sides(subject, where, (first, second), walked, work))
    )
    grid = np.array([(a, b) for b in y for a in x])
    losses = losses_along(subject, [first, second], grid, where, dtype, work)
    here = losses_along(subject, [first], np.zeros((1, 1)), where, dtype, work)
    return SurfaceResult(
        position=subject.position,
        x=x,
        y=y,
        losses=losses.reshape(points, points),
        loss=float(here[0]),
        directions=vectors,
        eigenvalues=values,
        path=walked,
        off_plane=off,
    )


def _plane(
    subject: Subject,
    where: Data,
    directions: tuple[NDArray[Any], NDArray[Any]] | None,
    pick: tuple[int, int],
    progress: Progress | None,
    points: int,
) -> tuple[Floats, Floats | None, Work]:
    """Two orthonormal vectors, (2, parameters); their eigenvalues, if any; and the work."""
    count = len(subject.parameters)
    total = points**2 + 1 + GRADIENT_COST + 2 * PRODUCT_COST
    if directions is not None:
        given = np.stack([to_numpy(subject.vector(vector)) for vector in directions])
        return _orthonormal(given), None, Work(progress, total)
    low, high = min(pick), max(pick)
    if len(set(pick)) != 2 or low < 0 or high >= min(20, count):
        raise UserError(f"surface: pick: given {pick}; needs two of 0 … {min(20, count) - 1}")
    layer, squared = subject.layers[0], not subject.classifies
    if len(subject.layers) == 1 and layer.activation == "linear" and squared and layer.units == 1:
        work = Work(progress, total + 3)
        work.unit = 3.0
        found = factor(subject, work, ones=layer.bias is not None, targets=False)
        work.unit = 1.0
        _, _, vt, rank = found.decompose(slice(None))
        if high >= rank:
            raise UserError(f"surface: pick: given {pick}; the data has {rank} directions only, from 0")
        curvatures = [float(_bend(subject, where, vt[i], work)) for i in pick]
        return vt[list(pick)], np.array(curvatures), work
    dense = count <= subject.limits.dense_hessian
    work = Work(progress, total + PRODUCT_COST * (count if dense else EXPECTED_PRODUCTS))
    hessian = Hessian(subject, where, subject.precise if dense else subject.parameters.dtype, work)
    if dense:
        extremes = of_matrix(dense_hessian(hessian), high + 1)
    else:
        extremes = by_products(hessian, high + 1, TOLERANCE, vectors=True, restarts=subject.limits.restarts)
    if extremes.vectors is None or not extremes.converged:
        raise UserError("surface: the Hessian's eigendirections were not found")
    chosen = _orthonormal(extremes.vectors.T[list(pick)])
    return chosen, extremes.largest[list(pick)], work


def _bend(subject: Subject, where: Data, vector: Floats, work: Work) -> float:
    direction = torch.from_numpy(vector).to(subject.parameters.device, subject.precise)
    return dot(direction, Hessian(subject, where, subject.precise, work).times(direction))


def _sides(
    subject: Subject, where: Data, plane: tuple[Tensor, Tensor], walked: Floats, work: Work
) -> list[tuple[float, float]]:
    """Return (from, to) along each direction, around θ, the path and the quadratic model's lowest point."""
    grad = gradient(subject, subject.parameters, where, subject.precise, work)[1]
    hessian = Hessian(subject, where, subject.precise, work)
    sides = []
    for i, vector in enumerate(plane):
        slope = dot(grad, vector)
        bend = dot(vector, hessian.times(vector))
        lowest = -slope / bend if bend > 0 else 0.0
        seen = [0.0, lowest, *walked[:, i].tolist()]
        finite = [number for number in seen if np.isfinite(number)]
        sides.append((min(finite), max(finite)))
    return sides


def _axis(points: int, side: tuple[float, float]) -> Floats:
    if is_one_number(*side):
        return evenly(side[0] - 1.0, side[1] + 1.0, points)
    margin = (MARGIN - 1) * (side[1] / 2 - side[0] / 2)
    low, high = side[0] - margin, side[1] + margin
    return evenly(max(low, -sys.float_info.max), min(high, sys.float_info.max), points)


def _orthonormal(vectors: Floats) -> Floats:
    """Orthonormalise two vectors (Gram–Schmidt). Raises UserError if they span no plane."""
    # in units of their largest number, whose square does not overflow
    with np.errstate(divide="ignore", invalid="ignore"):
        vectors = vectors / np.abs(vectors).max(1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise UserError("surface: a direction is zero or not finite")
    u = vectors[0] / lengths[0]
    v = vectors[1] / lengths[1]
    v = v - (u @ v) * u
    rest = np.linalg.norm(v)
    if rest < 1e-6:
        raise UserError("surface: the two directions are one")
    return np.stack([u, v / rest])
