"""The Hessian's extreme eigenvalues, and the rule's stability threshold.

λmax (the sharpness) depends on the loss's scaling: on a ½, on a mean over outputs. It need not be the largest
absolute value of an eigenvalue, so neither power iteration nor `which="LM"` would do.

Each rule's own bound is in its file in `training/rules`. Adaptive rules bound λmax(P⁻¹H) with a
preconditioner P: here that of the update proposed at the position.
"""

from __future__ import annotations

import math

from gradstep.engine.errors import UserError
from gradstep.engine.probes.budget import PART_TOLERANCE, affordable
from gradstep.engine.probes.eigenvalues import EXPECTED_PRODUCTS, by_products, dense_hessian, of_matrix
from gradstep.engine.probes.passes import PRODUCT_COST, Hessian, Work, propose
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.results import CurvatureResult
from gradstep.engine.probes.subject import Subject, Which

TOLERANCE = 1e-3
"""Of the eigenvalues on all samples, relative to the largest one."""


def curvature(
    subject: Subject,
    progress: Progress | None = None,
    *,
    k: int = 1,
    smallest: bool = True,
    data: Which = "all",
    samples: int | None = None,
    budget: float | None = None,
    tolerance: float | None = None,
) -> CurvatureResult:
    """Find the k largest eigenvalues (all, if there are fewer) and, if `smallest`, λmin.

    The loss is the batch's, or the training set's on its first `samples`. A `budget`, in multiplications of
    a forward pass, affords at most as many samples as `budget.affordable` says. The Curvature tab uses the
    budget `budget.QUICK`. Scripts (`Session.probe`) and quantities such as `sharpness` use none by default:
    all samples.

    `tolerance` is relative to the largest eigenvalue: by default 1e-2 if the budget leaves out samples, else
    1e-3. The computation is in the run's dtype; up to 500 parameters the whole Hessian is made, in float64.
    Otherwise some of several nearly equal eigenvalues may be missing among the k largest.

    Raises UserError for k outside of 1–50 and for less than one sample.
    """
    count = len(subject.parameters)
    if not 1 <= k <= 50:
        raise UserError(f"curvature: k: given {k}; allowed: 1 … 50")
    k = min(k, count)
    if samples is not None and samples < 1:
        raise UserError(f"curvature: samples: given {samples}; needs at least 1")
    afforded = samples if budget is None else affordable(budget, count, samples)
    where = subject.data(data, afforded)
    if tolerance is None:
        limited = budget is not None and len(where.inputs) < len(subject.data(data, samples).inputs)
        tolerance = PART_TOLERANCE if limited else TOLERANCE
    threshold = subject.rule.threshold(propose(subject).slots, subject.precise)
    inverse_root = None
    if threshold is not None and threshold.preconditioner is not None:
        inverse_root = threshold.preconditioner.to(subject.precise).rsqrt()
    dense = count <= subject.limits.dense_hessian
    runs = 1 + smallest + (inverse_root is not None)
    products = count if dense else runs * EXPECTED_PRODUCTS
    work = Work(progress, PRODUCT_COST * products, open_ended=not dense)
    hessian = Hessian(subject, where, subject.precise if dense else subject.parameters.dtype, work)
    measured: float
    if dense:
        matrix = dense_hessian(hessian)
        found = of_matrix(matrix, k)
        if inverse_root is not None:
            root = inverse_root.cpu().double().numpy()
            measured = of_matrix(root[:, None] * matrix * root, 1).largest[0]
    else:
        found = by_products(hessian, k, tolerance, smallest=smallest, restarts=subject.limits.restarts)
        if inverse_root is not None:
            scaled = by_products(
                hessian, 1, tolerance, inverse_root=inverse_root, restarts=subject.limits.restarts
            )
            measured = scaled.largest[0]
            found = found._replace(converged=found.converged and scaled.converged)
    sharpness = float(found.largest[0])
    if inverse_root is None:
        measured = sharpness
    measure = "λmax(H)" if inverse_root is None else "λmax(P⁻¹H)"
    limit = None if threshold is None else threshold.value
    ratio = None if limit is None else float(measured) / limit
    return CurvatureResult(
        position=subject.position,
        samples=len(where.inputs),
        sharpness=sharpness,
        smallest=found.smallest if smallest else None,
        largest=found.largest,
        resolution=found.resolution,
        threshold=limit,
        threshold_formula=None if threshold is None else threshold.formula,
        measure=measure,
        measured=float(measured),
        ratio=ratio,
        method="dense" if dense else "lanczos",
        products=hessian.products,
        converged=found.converged,
        words=_words(measure, ratio, found.converged),
    )


def _words(measure: str, ratio: float | None, converged: bool) -> str:
    if ratio is None:
        return "the rule finds its own step length: there is no threshold"
    if not converged and math.isnan(ratio):
        return "λmax was not found: ARPACK gave up"
    if not math.isfinite(ratio):
        return "the curvature is not finite"
    if ratio > 1:
        return f"beyond the edge: {measure} is {ratio:.3g} times what the rule is stable below"
    return f"stable: {measure} is {ratio:.3g} of what the rule is stable below"
