"""Which update killed a unit: positions of the run are gone to and tried on the whole training set."""

from __future__ import annotations

import numpy as np
import torch

from gradstep.engine.data.dataset import Dataset
from gradstep.engine.errors import UserError
from gradstep.engine.probes.passes import Work, cast, chunks, outputs, split
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.subject import Subject, to_numpy
from gradstep.engine.timeline.timeline import Tick, Timeline
from gradstep.engine.training.model.last_fired import NEVER


def find_killer(timeline: Timeline, dataset: Dataset, layer: int, unit: int, tick: Tick | None) -> int:
    """The position k whose update killed a unit: it fires on some training sample at k, at k + 1 on none.

    Positions are tried by bisection, log₂ of them; of several deaths, one is found. A ReLU of the first
    layer dies once: its gradient is 0 then, and only momentum can still move it. The run ends up anywhere
    from k to where it was. Raises UserError for a unit that is not dead or always was, and where `tick`
    cancels. Layers and units are counted from 0.
    """
    trainer, name = timeline.trainer, f"unit {unit} of layer{layer + 1}"
    layers = timeline.preset.network.layers
    if not (0 <= layer < len(layers) and 0 <= unit < layers[layer].units):
        raise UserError(f"there is no unit {unit} in layer{layer + 1}")
    trainer.evaluate()
    watched = trainer.watched.layer(layer)
    if watched is None:
        raise UserError(f"{name} can't die: it is {layers[layer].activation}")

    def sample(position: int) -> int | None:
        timeline.seek(position, tick)
        progress = None if tick is None else lambda share: tick(int(100 * share), 100)
        return fires_on(Subject.of(trainer, dataset), layer, unit, progress)

    def dead(position: int) -> bool:
        return sample(position) is None

    here = timeline.position
    if (number := sample(here)) is not None:
        raise UserError(f"{name} is not dead: it fires on training sample {number:,}")
    fired = int(watched.last_fired[unit])
    alive = watched.since if fired == NEVER else fired
    if fired == NEVER and dead(alive):
        alive = 0
        if dead(alive):
            raise UserError(f"{name} was dead at the start: no update killed it")
    # nothing moves a silent unit of the first layer but momentum: most are dead at once
    gone = alive + 1 if alive + 1 == here or dead(alive + 1) else here
    while gone - alive > 1:
        middle = (alive + gone) // 2
        alive, gone = (alive, middle) if dead(middle) else (middle, gone)
    return alive


@torch.no_grad()
def fires_on(subject: Subject, layer: int, unit: int, progress: Progress | None = None) -> int | None:
    """The first training sample that makes a unit fire; None for a dead one."""
    parts = split(subject.layers, subject.parameters)
    below, (weight, bias) = parts[:layer], parts[layer]
    work, count = Work(progress), len(subject.training.inputs)
    for rows in chunks(subject, count):
        inputs = cast(subject.training, rows, subject.parameters.dtype).inputs
        inputs = outputs(subject.layers[:layer], below, inputs)
        pre = inputs @ weight[unit] + (0.0 if bias is None else bias[unit])
        fired = np.flatnonzero(to_numpy(pre > 0))
        if len(fired):
            return int(rows.start + fired[0])
        work.add((rows.stop - rows.start) / count)
    return None
