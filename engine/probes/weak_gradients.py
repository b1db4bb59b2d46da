"""Notes on gradients near 0: none is left in the whole net, or the gradient vanishes on its way back.

A gradient near 0 in all layers is no fault: a minimum has one. A gradient vanishes if an early layer gets far
less of it than a later one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradstep.engine.probes.subject import Subject
from gradstep.engine.training.model.loss import CrossEntropy, OneHotRegression, Regression

NONE_LEFT = 1e-7
"""No gradient is left if mean |g| is below this in every layer (Amazon SageMaker Debugger, rule
VanishingGradient, which tests each layer alone and so calls every minimum vanishing)."""
RATIO, NORM = 1e-3, 1e-4
"""A layer's gradient has vanished if ‖g‖ is below this share of a later layer's, and below this norm
(AutoTrainer, ICSE 2021)."""
CONVEX = Regression, OneHotRegression, CrossEntropy
"""The losses that are convex in the outputs, and so in the parameters of one linear layer."""


def none_left(subject: Subject, means: Sequence[float]) -> str:
    """Return a note if the gradient is near 0 in every layer, else "". `means` are each layer's mean |g|.

    The note says "at a minimum" only if that is certain without the curvature: if the loss is 0, or convex.
    """
    if not all(mean < NONE_LEFT for mean in means):
        return ""
    layers = subject.layers
    convex = len(layers) == 1 and layers[0].activation == "linear" and isinstance(subject.objective, CONVEX)
    where = "at a minimum" if convex or subject.loss == 0 else "a minimum, a saddle or a plateau"
    of = "" if subject.whole_batch else " of this batch's loss"
    return f"no gradient left: {where}{of}"


def vanishing(names: Sequence[str], norms: Sequence[float], means: Sequence[float]) -> list[str]:
    """Return a note on each layer whose ‖g‖ vanishes beside a later layer's, "" for each other one."""
    return [_beside(names, norms, means, at) for at in range(len(names))]


def _beside(names: Sequence[str], norms: Sequence[float], means: Sequence[float], at: int) -> str:
    later = [other for other in range(at + 1, len(names)) if means[other] >= NONE_LEFT]
    if not later or not math.isfinite(norms[at]):
        return ""
    largest = max(later, key=lambda other: norms[other])
    if norms[at] == 0:
        return "no gradient comes back to this layer"
    share = norms[at] / norms[largest]
    if share < RATIO and norms[at] < NORM:
        return f"vanishing gradient: ‖g‖ is {share:.1g} of {names[largest]}'s"
    return ""
