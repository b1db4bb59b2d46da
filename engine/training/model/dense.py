"""A stack of dense layers whose parameters and gradients lie in one flat vector each.

The forward and backward passes are written out: on a small network autograd costs more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gradstep.engine.config import network as config
from gradstep.engine.training.model.activations import ACTIVATIONS
from gradstep.engine.training.model.base import Group
from gradstep.engine.training.model.initialisers import initialise
from gradstep.engine.training.model.loss import Objective


class DenseLayer:
    """A layer: views into the flat vectors, and its two passes."""

    def __init__(self, weight: Tensor, bias: Tensor | None, activation: str) -> None:
        self.weight = weight
        self.bias = bias
        self.weight_grad = torch.empty(0)
        self.bias_grad = torch.empty(0)
        self.kind = activation
        self.activation = ACTIVATIONS[activation]

    def forward(self, inputs: Tensor, outputs: Tensor) -> None:
        """Write act(inputs · Wᵀ + b) of shape (samples, units) to `outputs`."""
        if self.bias is None:
            torch.mm(inputs, self.weight.t(), out=outputs)
        else:
            torch.addmm(self.bias, inputs, self.weight.t(), out=outputs)
        self.activation.apply(outputs)

    def backward(self, inputs: Tensor, outputs: Tensor, grad: Tensor, grad_inputs: Tensor | None) -> None:
        """Write the parameters' gradients and ∂L/∂inputs, from ∂L/∂outputs in `grad` (overwritten)."""
        self.activation.backward(grad, outputs)
        torch.mm(grad.t(), inputs, out=self.weight_grad)
        if self.bias is not None:
            torch.sum(grad, 0, out=self.bias_grad)
        if grad_inputs is not None:
            torch.mm(grad, self.weight, out=grad_inputs)


class DenseModel:
    """A stack of dense layers, behind the protocol of `base.Model`.

    `vector` and `gradient` are the memory itself: layer by layer, weight before bias.
    """

    capturable = True

    def __init__(
        self,
        settings: config.Network,
        width: int,
        seed: int,
        loss: Objective,
        samples: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        """Make the layers for inputs of `width` numbers, and memory for batches of at most `samples`."""
        count = settings.parameters(width)
        self.vector = torch.empty(count, dtype=dtype, device=device)
        self.gradient = torch.zeros(count, dtype=dtype, device=device)
        self.layers: list[DenseLayer] = []
        self.parameters: dict[str, Tensor] = {}
        self.gradients: dict[str, Tensor | None] = {}
        self._loss = loss
        start = 0
        initial = initialise(settings, width, seed)
        for number, (layer, (weight, bias)) in enumerate(zip(settings.layers, initial, strict=True), 1):
            dense = DenseLayer(torch.empty(0), None, layer.activation)
            end = start + weight.numel()
            dense.weight = self.vector[start:end].view(weight.shape)
            dense.weight_grad = self.gradient[start:end].view(weight.shape)
            dense.weight.copy_(weight)
            self.parameters[f"layer{number}.weight"] = dense.weight
            self.gradients[f"layer{number}.weight"] = dense.weight_grad
            start = end
            if bias is not None:
                end = start + bias.numel()
                dense.bias = self.vector[start:end]
                dense.bias_grad = self.gradient[start:end]
                dense.bias.copy_(bias)
                self.parameters[f"layer{number}.bias"] = dense.bias
                self.gradients[f"layer{number}.bias"] = dense.bias_grad
                start = end
            self.layers.append(dense)
        # memory taken and given back on each step costs more than what is done there
        self._samples = samples
        self._memory = [
            (
                layer.weight.new_empty((samples, len(layer.weight))),
                layer.weight.new_empty((samples, len(layer.weight))),
            )
            for layer in self.layers
        ]
        spare = self.vector.new_empty((2, samples, len(self.layers[-1].weight)))
        self._spare = spare[0], spare[1]

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple(
            Group(
                f"layer{number}",
                tuple(name for name in self.parameters if name.startswith(f"layer{number}.")),
                "dense",
                layer.kind,
            )
            for number, layer in enumerate(self.layers, 1)
        )

    def evaluate(self, inputs: Tensor, targets: Tensor, numbers: Sequence[Tensor], *, wait: bool) -> None:
        samples, spare = inputs.shape[0], self._spare
        passes = self._passes(samples)
        if samples < self._samples:
            spare = spare[0][:samples], spare[1][:samples]
        below = inputs
        for layer, (outputs, _) in zip(self.layers, passes, strict=True):
            layer.forward(below, outputs)
            below = outputs
        grad = passes[-1][1]
        self._loss.write(below, targets, grad, numbers, spare, wait=wait)
        for i in range(len(self.layers) - 1, 0, -1):
            below, grad_below = passes[i - 1]
            self.layers[i].backward(below, passes[i][0], grad, grad_below)
            grad = grad_below
        self.layers[0].backward(inputs, passes[0][0], grad, None)

    def layer_outputs(self, samples: int) -> list[Tensor]:
        return [outputs for outputs, _ in self._passes(samples)]

    def outputs(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        for number, layer in enumerate(self.layers, 1):
            weight, bias = parameters[f"layer{number}.weight"], parameters.get(f"layer{number}.bias")
            inputs = layer.activation.function(torch.nn.functional.linear(inputs, weight, bias))
        return inputs

    def step(self, update: Tensor) -> None:
        self.vector.add_(update)

    def snapshot(self) -> dict[str, Tensor]:
        """Return nothing: a dense stack changes by its parameters alone."""
        return {}

    def restore(self, extra: Mapping[str, Tensor]) -> None:
        """Do nothing: a dense stack changes by its parameters alone."""

    def _passes(self, samples: int) -> list[tuple[Tensor, Tensor]]:
        """Each layer's outputs and their gradient, (samples, units), in memory that the next pass reuses."""
        if self._samples == samples:
            return self._memory
        return [(outputs[:samples], grad[:samples]) for outputs, grad in self._memory]
