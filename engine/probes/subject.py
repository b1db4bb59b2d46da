"""The state that a probe looks at: copies of all that may change, references to what never does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from gradstep.engine.training.model.base import Model, named
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
class Limits:
    """Limits on a probe's work, time and memory."""

    chunk_work: float = 4e8
    """Multiplications in a chunk of samples: 0.05–0.15 s on a processor of 2020."""
    kept_bytes: int = 200_000_000
    """Graphs up to this size are kept between Hessian-vector products."""
    qr_work: float = 1.5e9
    """Multiplications in a chunk of samples of a QR decomposition."""
    dense_hessian: int = 500
    """The most parameters for which the whole Hessian is computed, instead of products with it."""
    restarts: int = 100
    """The most restarts of ARPACK."""


@dataclass(frozen=True)
class Layer:
    """A dense layer's place in the flat vector of parameters."""

    name: str
    units: int
    inputs: int
    weight: slice
    bias: slice | None
    activation: str
    """A name of `ACTIVATIONS`."""

    @property
    def parameters(self) -> slice:
        """The weight and the bias, which follow each other."""
        return slice(self.weight.start, (self.bias or self.weight).stop)

    @property
    def function(self) -> Activation:
        return ACTIVATIONS[self.activation]


@dataclass(frozen=True, eq=False)
class Problem:
    """The problem that is optimized: the parts of a run that stay the same at all positions."""

    layers: tuple[Layer, ...]
    classifies: bool
    """The targets are class labels."""
    to_input: bool
    """The targets are the inputs themselves."""

    @classmethod
    def of_run(cls, trainer: Trainer) -> Problem:
        """Return the problem that a trainer solves. Copies nothing."""
        samples = trainer.samples
        return Problem(_layers(trainer.model), trainer.classifies, samples.targets is samples.inputs)


@dataclass(frozen=True, eq=False)
class Subject(Problem):
    """A state of a run, to be looked at while the run goes on, from another thread if need be.

    Parameters, gradient and slots are copies. The training data is the trainer's, which nothing writes to.
    """

    position: int
    parameters: Tensor
    """θ, flat."""
    gradient: Tensor
    """The batch's, flat, before clipping."""
    clipped_gradient: Tensor
    """The gradient as the rule gets it."""
    outputs: Callable[[Mapping[str, Tensor], Tensor], Tensor]
    """The network as a differentiable function of parameters by name and inputs (samples, width).

    Both have the same dtype: the run's, or a wider one. The network stays as it is."""
    named: Callable[[Tensor], dict[str, Tensor]]
    """Views of a flat vector of parameters, by name, in order."""
    loss: float
    """The batch's, as it is recorded."""
    grad_norm: float
    """The gradient's norm, as it is recorded."""
    slots: Slots
    rule: AnyRule
    clip_norm: float | None
    objective: Objective
    training: Data
    batch: Data
    whole_batch: bool
    """The batch is the whole training set."""
    dataset: Dataset
    watched: tuple[LayerWatched | None, ...]
    """For each layer, when its units fired last; None if they cannot fire."""
    limits: Limits = Limits()

    @classmethod
    def of(cls, trainer: Trainer, dataset: Dataset) -> Subject:
        """Copy the trainer's present state, with the gradient and numbers of the trainer's own pass.

        Call it only while nothing steps. The cost is a copy of the state.
        """
        problem = Problem.of_run(trainer)
        model, evaluation, watched = trainer.model, trainer.evaluate(), trainer.watched
        return cls(
            layers=problem.layers,
            classifies=problem.classifies,
            to_input=problem.to_input,
            position=trainer.position,
            parameters=model.vector.detach().clone(),
            gradient=model.gradient.detach().clone(),
            clipped_gradient=trainer.clipped_gradient().detach().clone(),
            outputs=model.outputs,
            named=partial(named, like=model.parameters),
            loss=evaluation.metrics.loss,
            grad_norm=evaluation.grad_norm,
            slots={name: slot.clone() for name, slot in trainer.slots.items()},
            rule=trainer.rule,
            clip_norm=trainer.clip_norm,
            objective=trainer.loss,
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
        """The rule's; None for a rule that searches its own step length."""
        rate = getattr(self.rule, "learning_rate", None)
        return None if rate is None else float(rate)

    def outputs_at(self, flat: Tensor, inputs: Tensor) -> Tensor:
        """Return the outputs (samples, units) at flat parameters, differentiable by these."""
        return self.outputs(self.named(flat), inputs)

    def data(self, which: Which, samples: int | None = None) -> Data:
        """Return the batch, or the training set or its first `samples`. Raises UserError."""
        if which not in ("batch", "all"):
            raise UserError(f"data: given {which!r}; allowed: 'batch', 'all'")
        if which == "batch":
            return self.batch
        return Data(self.training.inputs[:samples], self.training.targets[:samples])

    def vector(self, given: NDArray[Any] | Tensor) -> Tensor:
        """Return a vector as long as the parameters, on their device, in float64 where the device has it.

        Raises UserError for another length.
        """
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


def flat_parameters(trainer: Trainer) -> NDArray[Any]:
    """Return a copy of the trainer's present parameters, flat."""
    return to_numpy(trainer.model.vector)


def to_numpy(tensor: Tensor) -> NDArray[Any]:
    """Return a copy on the processor."""
    return np.array(tensor.detach().cpu().numpy())
