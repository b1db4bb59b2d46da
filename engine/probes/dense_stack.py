"""The layers of a dense stack: views of a flat vector, all layers' values, and a shortcut along lines.

Whatever needs the network's outputs only takes `Subject.outputs`, which knows nothing of layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from gradstep.engine.probes.subject import Layer


class LayerParameters(NamedTuple):
    """A layer's parameters."""

    weight: Tensor
    """(units, inputs)"""
    bias: Tensor | None
    """(units,)"""


class LayerValues(NamedTuple):
    """A layer's values on a batch, both (samples, units)."""

    pre_activations: Tensor
    outputs: Tensor


def split(layers: Sequence[Layer], flat: Tensor) -> list[LayerParameters]:
    """Return views of a flat vector of parameters, one pair a layer."""
    return [
        LayerParameters(
            flat[layer.weight].view(layer.units, layer.inputs),
            None if layer.bias is None else flat[layer.bias],
        )
        for layer in layers
    ]


def trace(layers: Sequence[Layer], flat: Tensor, inputs: Tensor) -> Iterator[LayerValues]:
    """Yield each layer's values on `inputs` (samples, width), from the first layer on."""
    for layer, (weight, bias) in zip(layers, split(layers, flat), strict=True):
        pre_activations = linear(inputs, weight, bias)
        inputs = layer.function.function(pre_activations)
        yield LayerValues(pre_activations, inputs)


def outputs_along(
    layers: Sequence[Layer], origin: Tensor, directions: Sequence[Tensor], inputs: Tensor
) -> Callable[[Sequence[float]], Tensor]:
    """Return the map from coefficients c to the outputs at origin + Σ cᵢ·directionᵢ, (samples, units).

    The first layer's pre-activations are linear in c: its products with the inputs are made once, here.
    """
    first, rest = layers[0], layers[1:]
    splits = [split(layers, vector) for vector in (origin, *directions)]
    bases = [linear(inputs, *parts[0]) for parts in splits]

    def outputs(coefficients: Sequence[float]) -> Tensor:
        found = first.function.function(_combined(bases, coefficients))
        for i, layer in enumerate(rest, 1):
            weight = _combined([parts[i].weight for parts in splits], coefficients)
            biases = [parts[i].bias for parts in splits]
            bias = (
                _combined([each for each in biases if each is not None], coefficients)
                if biases[0] is not None
                else None
            )
            found = layer.function.function(linear(found, weight, bias))
        return found

    return outputs


def _combined(vectors: Sequence[Tensor], coefficients: Sequence[float]) -> Tensor:
    """Return the first vector, plus each further one times its coefficient."""
    result = vectors[0]
    for vector, coefficient in zip(vectors[1:], coefficients, strict=True):
        result = torch.add(result, vector, alpha=coefficient)
    return result
