"""Chosen samples, the samples of the greatest loss, and the samples that an update makes right or wrong.

Computed in the run's dtype, so that a sample is right here if it is in the records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradstep.engine.errors import UserError
from gradstep.engine.probes.passes import Work, chunks, propose
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.results import Flip, FlipsResult, SampleRow, SamplesResult, Values
from gradstep.engine.probes.subject import Data, Subject, to_numpy
from gradstep.engine.training.model.loss import OneHotRegression

MAX_ROWS = 1000
"""The most chosen, and the most worst, samples at a time."""


def samples(
    subject: Subject,
    progress: Progress | None = None,
    *,
    chosen: Sequence[int] = (),
    worst: int = 8,
    part: Literal["training", "validation"] = "training",
) -> SamplesResult:
    """Return the `chosen` samples, by number from 0 on, and the `worst` ones, greatest loss first.

    Raises UserError for a number outside the part, more than 1000 samples of either kind, or a missing
    validation set.
    """
    data = _data(subject, part)
    count = len(data.inputs)
    if outside := [number for number in chosen if not 0 <= number < count]:
        raise UserError(f"samples: no sample {outside[0]}; there are 0 to {count - 1}")
    if not 0 <= worst <= MAX_ROWS or len(chosen) > MAX_ROWS:
        raise UserError(f"samples: at most {MAX_ROWS:,} at a time")
    losses = np.empty(count)
    right = np.empty(count, bool)
    predictions = np.empty(count) if not subject.classifies and subject.layers[-1].units == 1 else None
    for rows, out in _outputs(subject, subject.parameters, data, Work(progress)):
        targets = data.targets[rows]
        losses[rows] = to_numpy(subject.objective.per_sample(out, targets))
        right[rows] = to_numpy(_right(subject, out, targets))
        if predictions is not None:
            predictions[rows] = to_numpy(out[:, 0])
    # a loss that is NaN counts as the greatest
    order = np.argsort(-np.where(np.isnan(losses), np.inf, losses), kind="stable")[:worst]
    return SamplesResult(
        position=subject.position,
        part=part,
        kind="labels" if subject.classifies else "identity" if subject.to_input else "index",
        samples=count,
        mistakes=count - int(np.count_nonzero(right)),
        probabilities=_softmaxed(subject),
        chosen=_rows(subject, data, list(chosen)),
        worst=_rows(subject, data, order.tolist()),
        losses=losses,
        predictions=predictions,
        targets=None if predictions is None else to_numpy(data.targets[:, 0]).astype(np.float64),
        image_shape=subject.dataset.image_shape,
    )


def flips(
    subject: Subject,
    progress: Progress | None = None,
    *,
    before: NDArray[Any] | None = None,
    after: NDArray[Any] | None = None,
    limit: int = 50,
) -> FlipsResult:
    """Return the training samples whose class is predicted rightly at one of two states only.

    `before` and `after` are flat parameters. With `before` alone, the present ones come after. With `after`
    alone, the present ones come before. With neither, the present ones come before the proposed update.
    At most `limit` samples are listed each way.
    """
    present = subject.parameters
    first = present if before is None else subject.vector(before).to(present.dtype)
    if after is not None:
        second = subject.vector(after).to(present.dtype)
    else:
        second = present if before is not None else present + propose(subject).update
    count = len(subject.training.inputs)
    classes = np.empty((2, count), np.int64)
    right = np.empty((2, count), bool)
    probabilities: list[dict[int, Values]] = [{}, {}]
    work = Work(progress, 2.0)
    for i, parameters in enumerate((first, second)):
        for rows, out in _outputs(subject, parameters, subject.training, work):
            classes[i, rows] = to_numpy(out.argmax(1))
            right[i, rows] = to_numpy(_right(subject, out, subject.training.targets[rows]))
    became_right = np.flatnonzero(~right[0] & right[1])
    became_wrong = np.flatnonzero(right[0] & ~right[1])
    listed = [*became_right[:limit].tolist(), *became_wrong[:limit].tolist()]
    for i, parameters in enumerate((first, second)):
        part = subject.training.inputs[listed]
        shown = to_numpy(_shown(subject, _forward(subject, parameters, part)))
        probabilities[i] = dict(zip(listed, shown, strict=True))

    def flip(number: int) -> Flip:
        return Flip(
            number,
            int(subject.training.targets[number]),
            int(classes[0, number]),
            int(classes[1, number]),
            probabilities[0][number],
            probabilities[1][number],
        )

    return FlipsResult(
        position=subject.position,
        mistakes_before=count - int(np.count_nonzero(right[0])),
        mistakes_after=count - int(np.count_nonzero(right[1])),
        became_right=len(became_right),
        became_wrong=len(became_wrong),
        changed_wrong=int(np.count_nonzero(~right[0] & ~right[1] & (classes[0] != classes[1]))),
        right=tuple(flip(number) for number in became_right[:limit].tolist()),
        wrong=tuple(flip(number) for number in became_wrong[:limit].tolist()),
    )


def _data(subject: Subject, part: str) -> Data:
    if part == "training":
        return subject.training
    dataset = subject.dataset
    if part != "validation":
        raise UserError(f"samples: part: given {part!r}; allowed: 'training', 'validation'")
    if dataset.val_inputs is None or dataset.val_targets is None:
        raise UserError("samples: this data has no validation set")
    device = subject.parameters.device
    inputs = torch.from_numpy(dataset.val_inputs).to(device)
    if subject.to_input:
        return Data(inputs, inputs)
    return Data(inputs, torch.from_numpy(dataset.val_targets).to(device))


def _outputs(subject: Subject, flat: Tensor, data: Data, work: Work) -> Iterator[tuple[slice, Tensor]]:
    """Yield the outputs (samples, units) in chunks. Adds 1 to `work`."""
    for rows in chunks(subject, len(data.inputs)):
        yield rows, _forward(subject, flat, data.inputs[rows])
        work.add((rows.stop - rows.start) / len(data.inputs))


@torch.no_grad()
def _forward(subject: Subject, flat: Tensor, inputs: Tensor) -> Tensor:
    return subject.outputs_at(flat, inputs)


def _softmaxed(subject: Subject) -> bool:
    """Return whether the loss takes the softmax of the outputs. The squared losses do not."""
    return subject.classifies and not isinstance(subject.objective, OneHotRegression)


def _shown(subject: Subject, out: Tensor) -> Tensor:
    return torch.softmax(out, 1) if _softmaxed(subject) else out


def _right(subject: Subject, out: Tensor, targets: Tensor) -> Tensor:
    """Return whether each sample has the right class, or all outputs within the tolerance. NaN is wrong."""
    tolerance = subject.dataset.tolerance
    if tolerance is None:
        return (out.argmax(1) == targets) & ~torch.isnan(out).any(1)
    return ((out - targets).abs() <= tolerance).all(1)


def _rows(subject: Subject, data: Data, numbers: list[int]) -> tuple[SampleRow, ...]:
    if not numbers:
        return ()
    inputs, targets = data.inputs[numbers], data.targets[numbers]
    out = _forward(subject, subject.parameters, inputs)
    losses, right = (
        subject.objective.per_sample(out, targets).tolist(),
        _right(subject, out, targets).tolist(),
    )
    shown = to_numpy(_shown(subject, out))
    labels = subject.classifies
    return tuple(
        SampleRow(
            number=number,
            input=to_numpy(inputs[i]),
            output=shown[i],
            target=int(targets[i]) if labels else to_numpy(targets[i]),
            loss=losses[i],
            max_error=None if labels else float((out[i] - targets[i]).abs().max()),
            predicted=int(out[i].argmax()) if labels else None,
            right=right[i],
        )
        for i, number in enumerate(numbers)
    )
