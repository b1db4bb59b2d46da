"""Activation functions, each with its derivative written in terms of its own output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gradstep.engine.config.network import LEAKY_SLOPE

_aten = torch.ops.aten


@dataclass(frozen=True)
class Activation:
    """A function of the pre-activations, in three forms.

    `function` returns new memory; `apply` works in place; `backward` multiplies a gradient in place by the
    derivative, given the function's outputs.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    apply: Callable[[Tensor], object]
    backward: Callable[[Tensor, Tensor], object]


def _unchanged(*_: Tensor) -> None:
    pass


ACTIVATIONS = {
    "linear": Activation("linear", lambda z: z, _unchanged, _unchanged),
    "relu": Activation(
        "relu",
        torch.relu,
        torch.relu_,
        lambda grad, out: _aten.threshold_backward.grad_input(grad, out, 0, grad_input=grad),
    ),
    "leaky_relu": Activation(
        "leaky_relu",
        lambda z: torch.nn.functional.leaky_relu(z, LEAKY_SLOPE),
        lambda z: torch.nn.functional.leaky_relu_(z, LEAKY_SLOPE),
        lambda grad, out: _aten.leaky_relu_backward.grad_input(grad, out, LEAKY_SLOPE, True, grad_input=grad),
    ),
    "sigmoid": Activation(
        "sigmoid",
        torch.sigmoid,
        torch.sigmoid_,
        lambda grad, out: _aten.sigmoid_backward.grad_input(grad, out, grad_input=grad),
    ),
    "tanh": Activation(
        "tanh",
        torch.tanh,
        torch.tanh_,
        lambda grad, out: _aten.tanh_backward.grad_input(grad, out, grad_input=grad),
    ),
}
