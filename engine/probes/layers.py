"""Each layer's pre-activations and gradients, and its dead, saturated, constant and identical units.

`training.model.dead_units` says what a silent and a dead unit is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradstep.engine.errors import UserError
from gradstep.engine.probes.dense_stack import LayerValues, split, trace
from gradstep.engine.probes.passes import Work, cast, chunks
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.results import Histogram, LayerReport, LayersResult
from gradstep.engine.probes.subject import Data, Layer, Subject, to_numpy
from gradstep.engine.probes.weak_gradients import none_left, vanishing
from gradstep.engine.records.ranges import Floats, Ints, binned
from gradstep.engine.training.model.dead_units import FIRING, fires_on_any
from gradstep.engine.training.model.last_fired import silent_since
from gradstep.engine.training.model.norms import mean_size, norm

SATURATED = {"sigmoid": (0.01, 0.99), "tanh": (-0.98, 0.98)}
"""An output outside of this range is saturated. The pre-activations there are beyond ±4.6 for sigmoid and
±2.3 for tanh, where the derivative is 4 % of its maximum."""
SATURATED_SHARE = 0.95
"""A unit is saturated if it is on this share of the samples."""
DEAD_LAYER = 0.5
"""A layer with this share of silent or dead units gets a note (Amazon SageMaker Debugger, rule DeadRelu)."""


def layers(
    subject: Subject,
    progress: Progress | None = None,
    *,
    bins: int = 512,
    whole: bool = False,
    ranks: bool = False,
) -> LayersResult:
    """Report on all layers, on the batch.

    With `whole`, dead and constant units are found on the whole training set. With `ranks`, the weights are
    decomposed. The histograms have 1 to 1000 `bins`, by default so many that two can be redrawn in common
    ones. Raises UserError for another number.
    """
    if not 1 <= bins <= 1000:
        raise UserError(f"layers: needs 1 … 1000 bins; given {bins}")
    parts = split(subject.layers, subject.parameters)
    work = Work(progress, 1.0 + whole * len(subject.training.inputs) / len(subject.batch.inputs))
    with torch.no_grad():
        passes = list(trace(subject.layers, subject.parameters, subject.batch.inputs))
    work.add(1.0)
    here = [_Units(layer) for layer in subject.layers]
    for units, values in zip(here, passes, strict=True):
        units.add(values)
    work.unit = len(subject.training.inputs) / len(subject.batch.inputs)
    everywhere = _units(subject, subject.training, work) if whole else None
    own = [subject.gradient[layer.parameters] for layer in subject.layers]
    means = [mean_size(gradient) for gradient in own]
    weak = vanishing([layer.name for layer in subject.layers], [norm(gradient) for gradient in own], means)
    reports = []
    for i, layer in enumerate(subject.layers):
        weight, bias = parts[i]
        silent, watched = here[i].silent, subject.watched[i]
        dead = everywhere[i].silent if everywhere is not None else None
        incoming = weight if bias is None else torch.cat([weight, bias[:, None]], 1)
        rows = _bits(to_numpy(incoming))
        columns = _bits(to_numpy(parts[i + 1].weight.t())) if i + 1 < len(parts) else None
        both = rows if columns is None else [a + b for a, b in zip(rows, columns, strict=True)]
        shares = _saturated_shares(layer, passes[i].outputs)
        spectrum = singular_values(to_numpy(weight)) if ranks else None
        work.add()
        grad, mean = to_numpy(own[i]), means[i]
        reports.append(
            LayerReport(
                name=layer.name,
                activation=layer.activation,
                units=layer.units,
                pre_activations=histogram(to_numpy(passes[i].pre_activations), bins),
                gradients=histogram(grad, bins),
                mean_abs_gradient=mean,
                silent=silent,
                dead=dead,
                constant=(here if everywhere is None else everywhere)[i].constant,
                saturated=None if shares is None else np.flatnonzero(shares >= SATURATED_SHARE),
                saturated_share=shares,
                distinct_incoming=len(set(rows)),
                distinct_outgoing=None if columns is None else len(set(columns)),
                distinct=len(set(both)),
                twins=_groups(rows),
                distinct_gradients=_distinct_gradients(layer, grad),
                rank=(
                    None
                    if spectrum is None or np.isnan(spectrum).any()
                    else rank(spectrum, weight.shape, torch.finfo(weight.dtype).eps)
                ),
                different_weights=len(torch.unique(weight)) if ranks else None,
                singular_values=spectrum,
                silent_since=None if watched is None or silent is None else silent_since(watched, silent),
                watched_from=None if watched is None else watched.since,
                notes=_notes(layer, mean, weak[i], silent, dead),
            )
        )
    return LayersResult(
        subject.position, len(subject.batch.inputs), whole, tuple(reports), none_left(subject, means)
    )


def histogram(values: NDArray[Any], bins: int) -> Histogram:
    """Return the counts in equal bins over the finite values, or in one bin where these are one number."""
    return Histogram(*binned(values, bins))


def singular_values(matrix: NDArray[Any]) -> Floats:
    """Return them in descending order, in float64; NaN if the matrix is not finite."""
    if not np.isfinite(matrix).all():
        return np.full(min(matrix.shape), np.nan)
    values: Floats = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    return values


def rank(values: Floats, shape: Sequence[int], epsilon: float) -> int:
    """Count the singular values above σ₁·max(shape)·ε, as `numpy.linalg.matrix_rank` does."""
    return int(np.count_nonzero(values > values[0] * max(shape) * epsilon))


class _Units:
    """A layer's units on all samples added."""

    def __init__(self, layer: Layer) -> None:
        self._fires = layer.activation in FIRING
        self._fired: Tensor | None = None
        self._low: Tensor | None = None
        self._high: Tensor | None = None
        self._count = 0

    def add(self, values: LayerValues) -> None:
        fired = fires_on_any(values.pre_activations)
        low, high = values.outputs.amin(0), values.outputs.amax(0)
        self._fired = fired if self._fired is None else self._fired | fired
        self._low = low if self._low is None else torch.minimum(self._low, low)
        self._high = high if self._high is None else torch.maximum(self._high, high)
        self._count += len(values.outputs)

    @property
    def silent(self) -> Ints | None:
        """The units that fire on no sample; None if the layer's units cannot fire."""
        if not self._fires or self._fired is None:
            return None
        return np.flatnonzero(~to_numpy(self._fired))

    @property
    def constant(self) -> Ints:
        """The units with the same output on all samples, of two or more."""
        if self._low is None or self._high is None or self._count < 2:
            return np.zeros(0, np.int64)
        return np.flatnonzero(to_numpy(self._low == self._high))


@torch.no_grad()
def _units(subject: Subject, data: Data, work: Work) -> list[_Units]:
    """Each layer's units on `data`. Adds 1 to `work`."""
    found = [_Units(layer) for layer in subject.layers]
    for rows in chunks(subject, len(data.inputs), 1.5):
        inputs = cast(data, rows, subject.parameters.dtype).inputs
        for units, values in zip(found, trace(subject.layers, subject.parameters, inputs), strict=True):
            units.add(values)
        work.add(len(inputs) / len(data.inputs))
    return found


def dead_units(subject: Subject, work: Work) -> list[tuple[Ints | None, Ints]]:
    """Return each layer's (dead, constant) units. Dead is None if they cannot fire. Adds 1 to `work`."""
    return [(units.silent, units.constant) for units in _units(subject, subject.training, work)]


def _saturated_shares(layer: Layer, out: Tensor) -> Floats | None:
    if layer.activation not in SATURATED:
        return None
    low, high = SATURATED[layer.activation]
    return to_numpy(((out < low) | (out > high)).double().mean(0))


def _bits(matrix: NDArray[Any]) -> list[bytes]:
    """Each row's bytes, to compare rows exactly."""
    return [row.tobytes() for row in np.ascontiguousarray(matrix)]


def _distinct_gradients(layer: Layer, grad: NDArray[Any]) -> int:
    """Count the different rows of a layer's gradient; `grad` has weights before biases."""
    weights = grad[: layer.units * layer.inputs].reshape(layer.units, layer.inputs)
    biases = grad[weights.size :].reshape(layer.units, -1)
    return len(set(_bits(np.concatenate([weights, biases], 1))))


def _groups(rows: list[bytes]) -> tuple[tuple[int, ...], ...]:
    """Return the groups of equal rows, each as the rows' numbers."""
    found: dict[bytes, list[int]] = {}
    for number, row in enumerate(rows):
        found.setdefault(row, []).append(number)
    return tuple(tuple(group) for group in found.values() if len(group) > 1)


def _notes(
    layer: Layer, mean_gradient: float, weak: str, silent: Ints | None, dead: Ints | None
) -> tuple[str, ...]:
    notes = []
    if not np.isfinite(mean_gradient):
        notes.append("exploding: the gradient is not finite")
    elif weak:
        notes.append(weak)
    which, word = (silent, "silent on this batch") if dead is None else (dead, "dead")
    if which is not None and len(which) >= DEAD_LAYER * layer.units:
        notes.append(f"{len(which)} of {layer.units} units {word}")
    return tuple(notes)
