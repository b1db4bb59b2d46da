"""The model of a run, as trainer, probes and session files see it: named tensors and one pass a position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class Group:
    """Parameters that belong together, such as a layer's weight and bias."""

    name: str
    parameters: tuple[str, ...]
    kind: str
    """The kind of the group's operation: "dense"."""
    activation: str | None
    """The function applied to the group's outputs, by its name in `activations.ACTIVATIONS`; None for none
    of these."""


class Model(Protocol):
    """Parameters, and how a batch is evaluated with them.

    An evaluation may move buffers and random generators. It is done once a position, by `Trainer.evaluate`;
    whatever else looks at the model calls `outputs`, which moves nothing.
    """

    capturable: bool
    """Whether `evaluate` can be replayed as a CUDA graph: it waits for nothing and allocates no results."""

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The parameters by name, in their order: the memory that `step` changes, detached."""

    @property
    def gradients(self) -> Mapping[str, Tensor | None]:
        """The gradient of the last evaluation, by the parameters' names; None where a parameter got none."""

    @property
    def groups(self) -> Sequence[Group]:
        """All parameters, group by group."""

    @property
    def vector(self) -> Tensor:
        """All parameters as one vector, in their order: a copy, or the memory itself."""

    @property
    def gradient(self) -> Tensor:
        """The gradient as one vector, 0 where a parameter got none: a copy, or the memory itself."""

    def evaluate(self, inputs: Tensor, targets: Tensor, numbers: Sequence[Tensor], *, wait: bool) -> None:
        """Do the forward and the backward pass over a batch: leave the gradient in `gradients`, and the
        loss's raw numbers in `numbers` (see `loss.Objective.write`, also for `wait`)."""

    def outputs(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs (samples, …) at given parameters, differentiable. The model stays unchanged."""

    def layer_outputs(self, samples: int) -> Sequence[Tensor]:
        """Return each layer's outputs for the `samples` samples of the last evaluation, to watch units."""

    def step(self, update: Tensor) -> None:
        """Add a vector, in the parameters' order, to the parameters."""

    def snapshot(self) -> dict[str, Tensor]:
        """Return copies of buffers and generators: all that a step changes beside the parameters."""

    def restore(self, extra: Mapping[str, Tensor]) -> None:
        """Restore the buffers and generators of a `snapshot`."""


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """Return all numbers of some tensors as one vector, in memory of its own."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def named(vector: Tensor, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a vector's parts as views with the names and shapes of `like`, differentiable by the vector."""
    parts, start = {}, 0
    for name, tensor in like.items():
        end = start + tensor.numel()
        parts[name] = vector[start:end].view(tensor.shape)
        start = end
    return parts


def flat_outputs(model: Model, vector: Tensor, inputs: Tensor) -> Tensor:
    """Return a model's outputs with the parameters that a vector holds, differentiable by it."""
    return model.outputs(named(vector, model.parameters), inputs)
