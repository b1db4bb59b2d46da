"""Find the update after which a unit is dead, by bisecting the run on the whole training set.

`training.model.dead_units` says what a dead unit is.
"""

from __future__ import annotations

import numpy as np
import torch

from gradstep.engine.data.dataset import Dataset
from gradstep.engine.errors import UserError
from gradstep.engine.probes.dense_stack import split, trace
from gradstep.engine.probes.passes import Work, cast, chunks
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.subject import Subject, to_numpy
from gradstep.engine.timeline.timeline import Tick, Timeline
from gradstep.engine.training.model.dead_units import fires
from gradstep.engine.training.model.last_fired import NEVER


def find_unit_death(timeline: Timeline, dataset: Dataset, layer: int, unit: int, tick: Tick | None) -> int:
    """Return a position k at which the unit fires on some training sample, while at k + 1 it is dead.

    `layer` and `unit` count from 0. The search tries about log₂ of the positions. A unit may die several
    times: one of its deaths is found. In the first layer that is rare: the gradient of a dead ReLU is 0, so
    only momentum moves it. Leaves the run anywhere from k to where it was.

    Raises UserError if the unit does not exist, is not dead, or was dead from the start; SeekCancelledError
    or ProbeCancelledError if `tick` returns False.
    """
    here, name = Subject.of(timeline.trainer, dataset), f"unit {unit} of layer{layer + 1}"
    if not (0 <= layer < len(here.layers) and 0 <= unit < here.layers[layer].units):
        raise UserError(f"there is no unit {unit} in layer{layer + 1}")
    watched = here.watched[layer]
    if watched is None:
        raise UserError(f"{name} can't die: it is {here.layers[layer].activation}")
    progress = None if tick is None else lambda share: tick(int(100 * share), 100)

    def dead(position: int) -> bool:
        timeline.seek(position, tick)
        return fires_on(Subject.of(timeline.trainer, dataset), layer, unit, progress) is None

    if (number := fires_on(here, layer, unit, progress)) is not None:
        raise UserError(f"{name} is not dead: it fires on training sample {number:,}")
    fired = int(watched.last_fired[unit])
    alive = watched.since if fired == NEVER else fired
    if fired == NEVER and dead(alive):
        alive = 0
        if dead(alive):
            raise UserError(f"{name} was dead at the start: no update killed it")
    # a silent unit of the first layer is moved by momentum only: most are dead at once
    gone = alive + 1 if alive + 1 == here.position or dead(alive + 1) else here.position
    while gone - alive > 1:
        middle = (alive + gone) // 2
        alive, gone = (alive, middle) if dead(middle) else (middle, gone)
    return alive


@torch.no_grad()
def fires_on(subject: Subject, layer: int, unit: int, progress: Progress | None = None) -> int | None:
    """Return the number of the first training sample that a unit fires on; None for a dead unit."""
    weight, bias = split(subject.layers, subject.parameters)[layer]
    work, count = Work(progress), len(subject.training.inputs)
    for rows in chunks(subject, count):
        inputs = cast(subject.training, rows, subject.parameters.dtype).inputs
        for below in trace(subject.layers[:layer], subject.parameters, inputs):
            inputs = below.outputs
        pre_activations = inputs @ weight[unit] + (0.0 if bias is None else bias[unit])
        found = np.flatnonzero(to_numpy(fires(pre_activations)))
        if len(found):
            return int(rows.start + found[0])
        work.add((rows.stop - rows.start) / count)
    return None
