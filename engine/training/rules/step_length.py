"""Line searches: the step length to take, from the loss along a line."""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.training.rules.batch_loss import Line

MAX_TRIALS = 1000
WOLFE_ROUNDS = 8
"""Each of SciPy's rounds spans a factor of about a thousand in step length."""


class NoStepError(Exception):
    """A line search found no step length; its text says why."""


def backtracking(line: Line, first: float, shrink: float, armijo: float) -> float:
    """Return the first of `first`, `first`·`shrink`, … with φ(α) ≤ φ(0) + c₁αφ′(0).

    Source: Nocedal and Wright, algorithm 3.1; c₁ is `armijo`.
    """
    _check_downhill(line)
    step_length = first
    for _ in range(MAX_TRIALS):
        if not line.moves(step_length):
            break
        if line.loss_at(step_length) <= line.loss + armijo * step_length * line.slope:
            return step_length
        step_length *= shrink
    raise NoStepError("no step along the direction lowers the loss enough, down to rounding")


def wolfe(line: Line, first: float, armijo: float, curvature: float) -> float:
    """Return a step length with φ(α) ≤ φ(0) + c₁αφ′(0) and |φ′(α)| ≤ c₂|φ′(0)|: `scipy.optimize.line_search`.

    If SciPy's ten doublings or ten bisections reach none, the search begins again from the best trial, or
    from the shortest if none was better. After the last round the best trial is taken, with a remark, if it
    meets the first condition.
    """
    from scipy.optimize import line_search  # type: ignore[import-untyped]  # a third of a second to import

    _check_downhill(line)
    losses: dict[float, float] = {}
    slopes: dict[float, float] = {}

    def loss(at: NDArray[np.float64]) -> float:
        step_length = float(at[0])
        if step_length not in losses:
            value, slopes[step_length] = line.loss_and_slope_at(step_length)
            losses[step_length] = math.inf if math.isnan(value) else value
        return losses[step_length]

    def gradient(at: NDArray[np.float64]) -> NDArray[np.float64]:
        loss(at)
        return np.array([slopes[float(at[0])]])

    for _ in range(WOLFE_ROUNDS):
        if not line.moves(first):
            break
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found, _, _, _, _, slope = line_search(
                loss,
                gradient,
                np.zeros(1),
                np.array([first]),  # SciPy tries the whole vector first
                gfk=np.array([line.slope]),
                old_fval=line.loss,
                c1=armijo,
                c2=curvature,
            )
        if found is not None and slope is not None:
            return float(found) * first
        best = min(losses, key=losses.__getitem__)
        first = best if losses[best] < line.loss else min(losses)
    best = min(losses, key=losses.__getitem__, default=0.0)
    if losses and losses[best] < line.loss and losses[best] <= line.loss + armijo * best * line.slope:
        line.remark("the step lowers the loss enough, but does not meet Wolfe's second condition")
        return best
    raise NoStepError("no step along the direction meets Wolfe's conditions, down to rounding")


def exact(line: Line) -> float:
    """Return the minimum α = −φ′(0)/φ″(0) along a line on which the loss is quadratic."""
    _check_downhill(line)
    curvature = line.curvature()
    if not curvature > 0:
        raise NoStepError("the loss does not curve upwards along the direction: it has no minimum there")
    step_length = -line.slope / curvature
    line.loss_at(step_length)
    return step_length


def _check_downhill(line: Line) -> None:
    if line.slope == 0:
        raise NoStepError("the slope along the direction is zero")
    if not line.slope < 0:
        raise NoStepError(f"the loss does not fall along the direction: its slope is {line.slope:.3g}")
