"""The Hessian of a loss times a vector, by differentiating the gradient (Pearlmutter 1994, "Fast Exact
Multiplication by the Hessian").

    def loss(parameters):                                       # a module's: a mapping of names to tensors
        return mse_loss(functional_call(module, parameters, (inputs,)), targets)

    times = hessian_products(loss, dict(module.named_parameters()))
    product = times(direction)                                  # names to tensors, as `parameters`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor

Parameters = TypeVar("Parameters", Tensor, Mapping[str, Tensor])
"""A flat tensor, or tensors by name."""


def hessian_products(
    loss: Callable[[Parameters], Tensor], parameters: Parameters
) -> Callable[[Parameters], Parameters]:
    """Return the map from v to Hv, with H the Hessian of `loss` at `parameters`.

    The graph of the gradient is made once, here, and lives as long as the map: a product then costs one pass
    back through it. H is symmetric, so the vector-Jacobian product of the gradient is Hv.
    """
    products = torch.func.vjp(torch.func.grad(loss), parameters)[1]

    def times(vector: Parameters) -> Parameters:
        product: Parameters = products(vector)[0]
        return product

    return times
