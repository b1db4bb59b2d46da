"""The loss along the proposed update d, at multiples of the learning rate.

Every rule's update is proportional to its learning rate, so m times the rate leads to θ + m·d. For a line
search, m multiplies the accepted step length.
"""

from __future__ import annotations

import numpy as np

from gradstep.engine.errors import UserError
from gradstep.engine.probes.passes import (
    GRADIENT_COST,
    PRODUCT_COST,
    Hessian,
    Work,
    gradient,
    losses_along,
    propose,
)
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.results import LineResult
from gradstep.engine.probes.subject import Subject, Which
from gradstep.engine.training.model.norms import dot


def line(
    subject: Subject,
    progress: Progress | None = None,
    *,
    reach: float = 4.0,
    points: int = 25,
    data: Which = "batch",
) -> LineResult:
    """Return the loss of the batch, or of the whole training set, at θ + m·d for m from 0 to `reach`.

    There are `points` values of m (3–1000), m = 1 among them. Raises UserError for another number, or for a
    reach up to 1.
    """
    if not (reach > 1 and 3 <= points <= 1000):
        raise UserError(f"line: needs reach > 1 and 3 … 1000 points; given {reach:g} and {points}")
    multiples = np.linspace(0.0, reach, points)
    chosen = max(1, int(np.argmin(np.abs(multiples - 1.0))))
    multiples[chosen] = 1.0
    where, dtype = subject.data(data), subject.precise
    update = propose(subject).update.to(dtype)
    work = Work(progress, points + GRADIENT_COST + PRODUCT_COST)
    losses = losses_along(subject, [update], multiples[:, None], where, dtype, work)
    slope = dot(update, gradient(subject, subject.parameters, where, dtype, work)[1])
    bend = dot(update, Hessian(subject, where, dtype, work).times(update))
    return LineResult(
        position=subject.position,
        learning_rate=subject.learning_rate,
        multiples=multiples,
        losses=losses,
        quadratic=losses[0] + multiples * slope + 0.5 * multiples**2 * bend,
        chosen=chosen,
        best=int(np.argmin(np.where(np.isfinite(losses), losses, np.inf))),
        loss=float(losses[0]),
        slope=slope,
        bend=bend,
    )
