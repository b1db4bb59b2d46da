"""What a probe looks at: copies of what may change, references to what never does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradstep.engine.data.dataset import Dataset
from gradstep.engine.errors import UserError
from gradstep.engine.training.model.activations import ACTIVATIONS, Activation
from gradstep.engine.training.model.base import Model, flat_outputs, named
from gradstep.engine.training.model.last_fired import LayerWatched
from gradstep.engine.training.model.loss import Objective
from gradstep.engine.training.rules.base import AnyRule, Slots
from gradstep.engine.training.trainer import Trainer

Which = Literal["batch", "all"]


class Data(NamedTuple):
    """Inputs (samples, width) and their targets."""

    inputs: Tensor
    targets: Tensor


@dataclass(frozen=True)
class Layer:
    """A dense layer's place in the flat vector of parameters."""

    name: str
    units: int
    inputs: int
    weight: slice
    bias: slice | None
    activation: str

    @property
    def parameters(self) -> slice:
        """Weight and bias."""
        return slice(self.weight.start, (self.bias or self.weight).stop)

    @property
    def function(self) -> Activation:
        return ACTIVATIONS[self.activation]


@dataclass(frozen=True, eq=False)
class Subject:
    """A state of a run, to be looked at while the run goes on, from another thread if need be.

    Parameters, gradient and slots are copies; the training data is the trainer's, which nothing writes to.
    """

    position: int
    layers: tuple[Layer, ...]
    parameters: Tensor
    """θ, flat."""
    gradient: Tensor
    """On the batch, before clipping."""
    clipped_gradient: Tensor
    """The gradient as the rule gets it."""
    outputs: Callable[[Tensor, Tensor], Tensor]
    """The network as a function of (parameters, inputs), differentiable."""
    named: Callable[[Tensor], dict[str, Tensor]]
    """From a vector like the parameters, its parts by the parameters' names, as views."""
    loss: float
    """On the batch, as it is recorded."""
    grad_norm: float
    """The gradient's norm, as it is recorded."""
    slots: Slots
    rule: AnyRule
    clip_norm: float | None
    objective: Objective
    classifies: bool
    to_input: bool
    training: Data
    batch: Data
    whole_batch: bool
    """The batch is the whole training set."""
    dataset: Dataset
    watched: tuple[LayerWatched | None, ...]
    """For each layer, when its units fired last; None where they can't fire."""

    @classmethod
    def of(cls, trainer: Trainer, dataset: Dataset) -> Subject:
        """The trainer's present state, with the gradient and numbers of the trainer's own pass.

        To be called where nothing steps meanwhile; it costs a copy of the state.
        """
        model, evaluation, watched = trainer.model, trainer.evaluate(), trainer.watched
        return cls(
            position=trainer.position,
            layers=_layers(model),
            parameters=model.vector.detach().clone(),
            gradient=model.gradient.detach().clone(),
            clipped_gradient=trainer.clipped_gradient().detach().clone(),
            outputs=partial(flat_outputs, model),
            named=partial(named, like=model.parameters),
            loss=evaluation.metrics.loss,
            grad_norm=evaluation.grad_norm,
            slots={name: slot.clone() for name, slot in trainer.slots.items()},
            rule=trainer.rule,
            clip_norm=trainer.clip_norm,
            objective=trainer.loss,
            classifies=trainer.classifies,
            to_input=trainer.samples.targets is trainer.samples.inputs,
            training=Data(trainer.samples.inputs, trainer.samples.targets),
            batch=Data(*trainer.batch(trainer.position)),
            whole_batch=trainer.batches.whole,
            dataset=dataset,
            watched=tuple(watched.layer(i) for i in range(len(model.groups))),
        )

    @property
    def precise(self) -> torch.dtype:
        """float64 where the device has it."""
        return torch.float32 if self.parameters.device.type == "mps" else torch.float64

    @property
    def learning_rate(self) -> float | None:
        """The rule's; None for one that finds its own."""
        rate = getattr(self.rule, "learning_rate", None)
        return None if rate is None else float(rate)

    def data(self, which: Which, samples: int | None = None) -> Data:
        """The batch, or the training set or its first `samples`."""
        if which not in ("batch", "all"):
            raise UserError(f"data: given {which!r}; allowed: 'batch', 'all'")
        if which == "batch":
            return self.batch
        return Data(self.training.inputs[:samples], self.training.targets[:samples])

    def vector(self, given: NDArray[Any] | Tensor) -> Tensor:
        """A vector as long as the parameters, as a tensor beside them in float64. Raises UserError."""
        vector = torch.as_tensor(given).to(device=self.parameters.device, dtype=self.precise)
        if vector.shape != self.parameters.shape:
            raise UserError(
                f"given a vector of shape {tuple(vector.shape)}; there are {len(self.parameters)} parameters"
            )
        return vector


def _layers(model: Model) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    start = 0
    for group in model.groups:
        parts = [model.parameters[name] for name in group.parameters]
        units, inputs = parts[0].shape
        weight = slice(start, start + units * inputs)
        bias = slice(weight.stop, weight.stop + units) if len(parts) > 1 else None
        start = (bias or weight).stop
        layers.append(Layer(group.name, units, inputs, weight, bias, group.activation or "linear"))
    return tuple(layers)


def to_numpy(tensor: Tensor) -> NDArray[Any]:
    """A copy on the processor."""
    return np.array(tensor.detach().cpu().numpy())
