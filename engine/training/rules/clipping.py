"""Clipping by the norm, as `torch.nn.utils.clip_grad_norm_` without its 1e-6."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def clipped(gradient: Tensor, norm: float | Tensor, limit: float) -> Tensor:
    """Return the gradient, scaled down to the norm `limit` if it is longer.

    `norm` is the gradient's own: a number, or a float64 on the device, which is then not read. Both give the
    same bits. A norm that is NaN scales nothing.
    """
    least = torch.finfo(gradient.dtype).tiny
    # A factor below the least normal number loses its digits, or is 0; its root, taken twice, does not. torch
    # divides a number by a tensor as a product with the reciprocal, which sessions were recorded with.
    if isinstance(norm, Tensor):
        scale = torch.where(norm > limit, limit * norm.reciprocal(), 1.0)
        root = math.sqrt(limit) * norm.sqrt().reciprocal()
        usual = (scale >= least) & (scale < math.inf)
        first = torch.where(usual, scale, root).to(gradient.dtype)
        second = torch.where(usual, torch.ones_like(scale), root).to(gradient.dtype)
        return gradient * first * second
    if not norm > limit:
        return gradient
    factor = limit * (1.0 / norm)
    if least <= factor < math.inf:
        return gradient * factor
    factor = math.sqrt(limit) * (1.0 / math.sqrt(norm))
    return gradient * factor * factor
