"""A stack of dense layers whose parameters and gradients lie in one flat vector each.

The forward and backward passes are written out: on a small network autograd costs more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gradstep.engine.config import preset as config
from gradstep.engine.training.model.activations import ACTIVATIONS
from gradstep.engine.training.model.initialisers import initialise


class Dense:
    """One layer: views into the flat vectors, and its two passes."""

    def __init__(self, weight: Tensor, bias: Tensor | None, activation: str) -> None:
        self.weight = weight
        self.bias = bias
        self.weight_grad = torch.empty(0)
        self.bias_grad = torch.empty(0)
        self.activation = ACTIVATIONS[activation]

    def forward(self, inputs: Tensor, outputs: Tensor) -> None:
        """Write act(inputs · Wᵀ + b) of shape (samples, units) into `outputs`."""
        if self.bias is None:
            torch.mm(inputs, self.weight.t(), out=outputs)
        else:
            torch.addmm(self.bias, inputs, self.weight.t(), out=outputs)
        self.activation.apply(outputs)

    def backward(self, inputs: Tensor, outputs: Tensor, grad: Tensor, grad_inputs: Tensor | None) -> None:
        """From ∂L/∂outputs in `grad` (overwritten) write the parameters' gradients and ∂L/∂inputs."""
        self.activation.backward(grad, outputs)
        torch.mm(grad.t(), inputs, out=self.weight_grad)
        if self.bias is not None:
            torch.sum(grad, 0, out=self.bias_grad)
        if grad_inputs is not None:
            torch.mm(grad, self.weight, out=grad_inputs)


class Network:
    """`parameters` and `gradient` are flat vectors: layer by layer, weight before bias."""

    def __init__(
        self, settings: config.Network, width: int, seed: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        count = settings.parameters(width)
        self.parameters = torch.empty(count, dtype=dtype, device=device)
        self.gradient = torch.zeros(count, dtype=dtype, device=device)
        self.layers: list[Dense] = []
        self._buffers: list[tuple[Tensor, Tensor]] = []
        start = 0
        initial = initialise(settings, width, seed)
        for layer, (weight, bias) in zip(settings.layers, initial, strict=True):
            dense = Dense(torch.empty(0), None, layer.activation)
            end = start + weight.numel()
            dense.weight = self.parameters[start:end].view(weight.shape)
            dense.weight_grad = self.gradient[start:end].view(weight.shape)
            dense.weight.copy_(weight)
            start = end
            if bias is not None:
                end = start + bias.numel()
                dense.bias = self.parameters[start:end]
                dense.bias_grad = self.gradient[start:end]
                dense.bias.copy_(bias)
                start = end
            self.layers.append(dense)

    def forward(self, inputs: Tensor) -> Tensor:
        """The outputs (samples, units) for `inputs` (samples, width), in a buffer that the next pass reuses.

        The outputs of every layer are kept for `backward`.
        """
        for layer, (outputs, _) in zip(self.layers, self._passes(inputs.shape[0]), strict=True):
            layer.forward(inputs, outputs)
            inputs = outputs
        return inputs

    def backward(self, inputs: Tensor, grad_outputs: Tensor) -> None:
        """Write ∂L/∂parameters into `gradient`, after `forward(inputs)`; `grad_outputs` is overwritten."""
        passes = self._passes(inputs.shape[0])
        grad = grad_outputs
        for i in range(len(self.layers) - 1, 0, -1):
            below, grad_below = passes[i - 1]
            self.layers[i].backward(below, passes[i][0], grad, grad_below)
            grad = grad_below
        self.layers[0].backward(inputs, passes[0][0], grad, None)

    def layer_outputs(self, samples: int) -> list[Tensor]:
        """Each layer's outputs in the last pass, which was over so many samples; the next one reuses them."""
        return [outputs for outputs, _ in self._passes(samples)]

    def output_gradient(self, samples: int) -> Tensor:
        """A buffer (samples, outputs) to write ∂L/∂outputs into, for `backward`."""
        return self._passes(samples)[-1][1]

    def outputs(self, parameters: Tensor, inputs: Tensor) -> Tensor:
        """The same function of any flat `parameters`, differentiable and in fresh memory."""
        return self.outputs_of(self.named(parameters), inputs)

    def outputs_of(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """The same function of any parameters by name, as `torch.func.functional_call` has it."""
        for number, layer in enumerate(self.layers, 1):
            weight, bias = parameters[f"layer{number}.weight"], parameters.get(f"layer{number}.bias")
            inputs = layer.activation.function(torch.nn.functional.linear(inputs, weight, bias))
        return inputs

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of a flat vector by name: layer1.weight, layer1.bias, layer2.weight …"""
        named, start = {}, 0
        for number, layer in enumerate(self.layers, 1):
            end = start + layer.weight.numel()
            named[f"layer{number}.weight"] = flat[start:end].view(layer.weight.shape)
            start = end
            if layer.bias is not None:
                end = start + layer.bias.numel()
                named[f"layer{number}.bias"] = flat[start:end]
                start = end
        return named

    def named_parameters(self) -> dict[str, Tensor]:
        """The parameters as views, by name."""
        return self.named(self.parameters)

    def reserve(self, samples: int) -> None:
        """Take the memory for passes over at most so many samples, which is kept between them."""
        self._buffers = [
            (
                layer.weight.new_empty((samples, len(layer.weight))),
                layer.weight.new_empty((samples, len(layer.weight))),
            )
            for layer in self.layers
        ]

    def _passes(self, samples: int) -> list[tuple[Tensor, Tensor]]:
        """Each layer's outputs and their gradient, (samples, units)."""
        if self._buffers[0][0].shape[0] == samples:
            return self._buffers
        return [(outputs[:samples], grad[:samples]) for outputs, grad in self._buffers]
