"""The change of the loss by the proposed update d: predicted by dᵀg and dᵀg + ½dᵀHd (Taylor), and actual.

The actual change is computed in float64, at the parameters as they will be stored: θ' = θ + d rounded to the
run's dtype, with θ' − θ for d. So even a change too small for the records has its true sign. The loss here,
‖g‖ and ‖d‖ are the numbers in the records of this position and the next one.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from gradstep.engine.probes.passes import (
    GRADIENT_COST,
    PRODUCT_COST,
    Hessian,
    Work,
    gradient,
    loss_at,
    propose,
)
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.results import FullStep, LayerStep, StepResult, StepVerdict, TrialPoint
from gradstep.engine.probes.subject import Subject
from gradstep.engine.probes.weak_gradients import none_left, vanishing
from gradstep.engine.training.model.norms import cosine, dot, mean_size, norm

AGREES = 0.1
"""A prediction holds if it is off by at most this share of its larger term."""
LEAST_RATIO, GREATEST_RATIO = 1e-8, 10.0
"""‖update‖/‖parameters‖ outside of this range gets a note (SageMaker Debugger, rule WeightUpdateRatio)."""


def step(
    subject: Subject,
    progress: Progress | None = None,
    *,
    previous: NDArray[Any] | None = None,
    full: bool = False,
) -> StepResult:
    """Compare prediction and change on the batch; with `full` also on the whole training set.

    `previous` is the update that led here, flat, for the cosine to it. Raises UserError for another length.
    """
    precise = subject.precise
    proposal = propose(subject)
    before = subject.parameters.to(precise)
    after = (subject.parameters + proposal.update).to(precise)
    update, grad = after - before, subject.gradient.to(precise)

    work = Work(progress, (2 + PRODUCT_COST) + (2 + GRADIENT_COST) * full * _times(subject))
    loss = loss_at(subject, before, subject.batch, precise, work)
    loss_after = loss_at(subject, after, subject.batch, precise, work)
    slope = dot(update, grad)
    bend = dot(update, Hessian(subject, subject.batch, precise, work).times(update))
    predicted, actual = slope + bend / 2, loss_after - loss
    verdict = judge(loss, slope, bend, actual, torch.finfo(subject.parameters.dtype).eps)
    layers = _by_layer(subject, proposal.update)
    return StepResult(
        position=subject.position,
        learning_rate=subject.learning_rate,
        loss=subject.loss,
        loss_after=loss_after,
        slope=slope,
        bend=bend,
        predicted=predicted,
        actual=actual,
        ratio=_ratio(actual, predicted),
        linear_ratio=_ratio(actual, slope),
        verdict=verdict,
        words=WORDS[verdict],
        gradient_norm=subject.grad_norm,
        update_norm=norm(proposal.update),
        descent_cosine=cosine(update, -grad),
        previous_cosine=None if previous is None else cosine(update, subject.vector(previous)),
        layers=layers,
        trials=tuple(
            TrialPoint(trial.step_length, trial.loss, trial.evaluations, trial.accepted)
            for trial in proposal.trials
        ),
        remark=proposal.remark,
        gradient=none_left(subject, [layer.mean_abs_gradient for layer in layers]),
        full=_on_all(subject, before, after, grad, work) if full else None,
    )


WORDS: dict[StepVerdict, str] = {
    "not finite": "the loss or the update is not finite",
    "none": "the update is zero: nothing moves",
    "rounding": "too small a change for the run's precision: its sign in the records is rounding",
    "linear": "the loss falls as the gradient predicts: a step short for this curvature",
    "quadratic": "the loss falls as the quadratic predicts",
    "balanced": "slope and curvature cancel: twice as far as is best along this update",
    "overshoot": "overshoot: the update points downhill and goes too far, the loss rises",
    "uphill": "uphill: the update points against the batch's own descent",
    "other": "the loss falls, but not as predicted: the curvature changes along the step",
}


def judge(loss: float, slope: float, bend: float, actual: float, epsilon: float) -> StepVerdict:
    """Return which prediction the actual change follows.

    `epsilon` is the machine precision of the run's dtype.
    """
    if not all(map(math.isfinite, (loss, slope, bend, actual))):
        return "not finite"
    if slope == bend == actual == 0:
        return "none"
    if max(abs(actual), abs(slope)) <= 2 * epsilon * abs(loss):
        return "rounding"
    if slope < 0 < actual:
        return "overshoot"
    if slope >= 0:
        return "uphill"
    terms = max(abs(slope), abs(bend) / 2)
    if abs(actual - slope) <= AGREES * terms and abs(bend) / 2 <= AGREES * abs(slope):
        return "linear"
    if abs(actual - slope - bend / 2) > AGREES * terms:
        return "other"
    return "balanced" if abs(slope + bend / 2) <= AGREES * terms else "quadratic"


def _by_layer(subject: Subject, update: Tensor) -> tuple[LayerStep, ...]:
    found = []
    gradients = [subject.gradient[layer.parameters] for layer in subject.layers]
    slopes = [norm(own) for own in gradients]
    means = [mean_size(own) for own in gradients]
    weak = vanishing([layer.name for layer in subject.layers], slopes, means)
    for layer, slope, mean, note in zip(subject.layers, slopes, means, weak, strict=True):
        size, moved = (norm(vector[layer.parameters]) for vector in (subject.parameters, update))
        ratio = _ratio(moved, size)
        notes = []
        if not (math.isfinite(mean) and math.isfinite(size)):
            notes.append("exploding: not finite")
        elif note:
            notes.append(note)
        if math.isfinite(ratio) and not LEAST_RATIO <= ratio <= GREATEST_RATIO:
            notes.append(_odd_ratio(ratio))
        count = layer.parameters.stop - layer.parameters.start
        found.append(LayerStep(layer.name, count, size, slope, mean, moved, ratio, tuple(notes)))
    return tuple(found)


def _odd_ratio(ratio: float) -> str:
    if ratio < LEAST_RATIO:
        return f"hardly moves: ‖d‖/‖θ‖ is below {LEAST_RATIO:g}"
    return f"moves far: ‖d‖/‖θ‖ is above {GREATEST_RATIO:g}"


def _on_all(subject: Subject, before: Tensor, after: Tensor, grad: Tensor, work: Work) -> FullStep:
    work.unit = _times(subject)
    loss, whole = gradient(subject, before, subject.training, subject.precise, work)
    loss_after = loss_at(subject, after, subject.training, subject.precise, work)
    update = after - before
    return FullStep(
        gradient_cosine=cosine(grad, whole),
        descent_cosine=cosine(update, -whole),
        slope=dot(update, whole),
        loss=loss,
        loss_after=loss_after,
        actual=loss_after - loss,
    )


def _times(subject: Subject) -> float:
    """Return the size of the training set in batches."""
    return len(subject.training.inputs) / len(subject.batch.inputs)


def _ratio(a: float, b: float) -> float:
    return a / b if b else math.nan
