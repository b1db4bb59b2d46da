"""The initial parameters of dense layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import torch
from torch import Tensor, nn

from gradstep.engine.config import network as config


def initialise(network: config.Network, width: int, seed: int) -> list[tuple[Tensor, Tensor | None]]:
    """Return each layer's initial weight (units, inputs) and bias (units,) or None.

    The dtype is float32, but float64 for a single weight, which is a solution written down.

    The layers are built in order after `torch.manual_seed(seed)`; torch's global generator is left alone.
    """
    fill = _filler(network.initialiser)
    exact = isinstance(network.initialiser, config.SingleWeightInitialiser)
    dtype = torch.float64 if exact else torch.float32
    layers: list[tuple[Tensor, Tensor | None]] = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for units, inputs in network.shapes(width):
            if fill is None:
                linear = nn.Linear(inputs, units, bias=network.bias, dtype=torch.float32)
                layers.append((linear.weight.detach(), linear.bias.detach() if network.bias else None))
            else:
                weight = torch.empty(units, inputs, dtype=dtype)
                bias = torch.zeros(units, dtype=dtype) if network.bias else None
                fill(weight)
                if bias is not None and isinstance(network.initialiser, config.ConstantInitialiser):
                    fill(bias)
                layers.append((weight, bias))
    if isinstance(network.initialiser, config.ShiftedIdentityInitialiser):
        _shift(layers, network.initialiser.shift)
    return layers


def _shift(layers: list[tuple[Tensor, Tensor | None]], shift: float) -> None:
    """Add `shift` to every hidden layer's bias, and subtract the sum of the shifts from the last."""
    *hidden, (_, last) = layers
    for _, bias in hidden:
        if bias is not None:
            bias.fill_(shift)
    if last is not None:
        last.fill_(-shift * len(hidden))


def _swap(weight: Tensor, first: int, second: int) -> None:
    weight[[first, second]] = weight[[second, first]]


def _filler(initialiser: config.Initialiser) -> Callable[[Tensor], object] | None:
    """Return the function that fills a weight; None if the layer fills its own."""
    match initialiser:
        case config.TorchInitialiser():
            return None
        case config.GlorotUniformInitialiser():
            return nn.init.xavier_uniform_
        case config.HeUniformInitialiser():
            return lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu")
        case config.NormalInitialiser(mean=mean, std=std):
            return lambda weight: nn.init.normal_(weight, mean, std)
        case config.ConstantInitialiser(value=value):
            return lambda tensor: nn.init.constant_(tensor, value)
        case config.IdentityInitialiser() | config.ShiftedIdentityInitialiser():
            return nn.init.eye_
        case config.SwappedIdentityInitialiser(first=first, second=second):
            return lambda weight: _swap(nn.init.eye_(weight), first, second)
        case config.SingleWeightInitialiser(value=value):
            return lambda weight: nn.init.zeros_(weight)[:, 0].fill_(value)
        case _:
            assert_never(initialiser)
