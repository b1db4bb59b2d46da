"""The parts of a run, made from its config and data set. Nothing else knows which kind of model it has."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradstep.engine.config.run import RunConfig
from gradstep.engine.data.dataset import Dataset, Floats, Labels
from gradstep.engine.training.batches import Batches
from gradstep.engine.training.devices import resolve_device
from gradstep.engine.training.model.base import Model
from gradstep.engine.training.model.dense import DenseModel
from gradstep.engine.training.model.last_fired import Silence
from gradstep.engine.training.model.loss import Objective, make_objective
from gradstep.engine.training.rules.base import AnyRule
from gradstep.engine.training.rules.make import make_rule
from gradstep.engine.training.samples import Samples


@dataclass(frozen=True)
class Parts:
    """The parts that a trainer is made of."""

    model: Model
    loss: Objective
    outputs: int
    """Numbers in the model's output for one sample."""
    samples: Samples
    validation: tuple[Tensor, Tensor] | None
    """Inputs and targets; None without a validation set."""
    classifies: bool
    """Whether the targets are class labels."""
    rule: AnyRule
    clip_norm: float | None
    silence: Silence
    """Watches the units that can fall silent."""
    device: torch.device


def build(settings: RunConfig, dataset: Dataset) -> Parts:
    """Make the parts of a run. Raises UserError for a device that this machine has not."""
    train, layers = settings.train, settings.network.layers
    device = resolve_device(train.device)
    dtype = torch.float64 if train.dtype == "float64" else torch.float32
    inputs, targets = _tensors(dataset.train_inputs, dataset.train_targets, device)
    validation = None
    if dataset.val_inputs is not None and dataset.val_targets is not None:
        validation = _tensors(dataset.val_inputs, dataset.val_targets, device)
    size = None if train.batch == "all" else train.batch
    batches = Batches(len(inputs), size, shuffle=train.shuffle, seed=train.seed)
    loss = make_objective(train.loss, dataset.tolerance)
    width = settings.data.width
    return Parts(
        model=DenseModel(settings.network, width, train.seed, loss, batches.size, dtype, device),
        loss=loss,
        outputs=layers[-1].units,
        samples=Samples(inputs, targets, batches),
        validation=validation,
        classifies=dataset.tolerance is None,
        rule=make_rule(train.rule),
        clip_norm=train.clip_norm,
        silence=Silence([layer.activation for layer in layers], [layer.units for layer in layers], 0, device),
        device=device,
    )


def _tensors(inputs: Floats, targets: Floats | Labels, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return both on the device: one tensor where the targets are the inputs."""
    own = torch.from_numpy(inputs).to(device)
    return own, own if targets is inputs else torch.from_numpy(targets).to(device)
