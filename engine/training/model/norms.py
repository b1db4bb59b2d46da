"""Norms, dot products and means of vectors, without overflow or underflow on the way to the result.

Each sum is made in the plain way. Where a square would leave the range of the vector's dtype, the sum is made
again of the vector times a power of two, which rounds nothing: the bits are those of an unlimited exponent.
Records, probes, rules and tabs all take their norms from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

ROW = 65536
"""Numbers in a float32 partial sum: so many squares are right to six digits, millions to four or five."""
_UP = {torch.float32: 2.0**100, torch.float64: 2.0**600}
_DOWN = {torch.float32: 2.0**-80, torch.float64: 2.0**-600}
"""Factors that bring every vector whose squares underflow or overflow into the middle of the range."""


def norm(vector: Tensor) -> float:
    """Return ‖x‖ of a flat vector, the bits that a record has of it."""
    square, factor = scaled_square(vector)
    return math.sqrt(square) / factor


def write_scaled_square(vector: Tensor, square: Tensor, factor: Tensor, *, wait: bool) -> None:
    """Write `scaled_square` into two float64s on the device, the same bits with `wait` and without."""
    if wait:
        number, power = scaled_square(vector)
        square.fill_(number)
        factor.fill_(power)
    else:
        numbers, powers = scaled_square_on_device(vector)
        square.copy_(numbers)
        factor.copy_(powers)


def scaled_square(vector: Tensor) -> tuple[float, float]:
    """Return (s, f) with Σx² = s/f², where f is a power of two: 1 unless Σx² leaves the dtype's range."""
    square = float(_squares(vector).item())
    if _least_sum(vector) <= square < math.inf:
        return square, 1.0
    factor = (_UP if square < 1 else _DOWN)[vector.dtype]
    return float(_squares(vector * factor).item()), factor


def scaled_square_on_device(vector: Tensor) -> tuple[Tensor, Tensor]:
    """Return the bits of `scaled_square` as float64s on the vector's device, without waiting for it.

    The second sum is always made: to ask whether it is needed would be to wait.
    """
    square = _squares(vector).double()
    usual = torch.where(square < math.inf, torch.ones_like(square), _DOWN[vector.dtype])
    factor = torch.where(square < _least_sum(vector), _UP[vector.dtype], usual)
    return _squares(vector * factor.to(vector.dtype)).double(), factor


def dot_tensor(a: Tensor, b: Tensor) -> Tensor:
    """Return aᵀb in the vectors' dtype, or as a float64 where it leaves the range of that."""
    product = torch.dot(a, b)
    if _least_sum(a) <= abs(product.item()) < math.inf:
        return product
    (a, shift), (b, more) = _near_one(a), _near_one(b)
    product = torch.dot(a, b)
    return product.new_tensor(_shifted(product.item(), shift + more), dtype=torch.float64)


def dot(a: Tensor, b: Tensor) -> float:
    """Return aᵀb."""
    return float(dot_tensor(a, b).item())


def cosine(a: Tensor, b: Tensor) -> float:
    """Return the cosine of the angle between two vectors; NaN if one is 0."""
    (a, _), (b, _) = _near_one(a), _near_one(b)
    lengths = norm(a) * norm(b)
    return dot(a, b) / lengths if lengths else math.nan


def finite_or(value: Tensor, again: Callable[[], Tensor], *, wait: bool) -> Tensor:
    """Return the value if it is finite, else `again()`; without `wait` both are made, on the device."""
    if wait:
        return value if math.isfinite(value.item()) else again()
    return torch.where(value.isfinite(), value, again())


def mean(values: Tensor, *, wait: bool = True) -> Tensor:
    """Return the mean of all numbers of a tensor."""
    return finite_or(torch.mean(values), lambda: (values / values.numel()).sum(), wait=wait)


def mean_size(values: Tensor) -> float:
    """Return the mean of |x|, summed in float64."""
    return float(mean(values.abs().double()).item())


def weighted_mean(values: Sequence[float], weights: Sequence[int]) -> float:
    """Return the mean of some values, each of so much weight."""
    total = sum(weights)
    pairs = list(zip(values, weights, strict=True))
    found = sum(weight * value for value, weight in pairs) / total
    return found if math.isfinite(found) else sum(weight / total * value for value, weight in pairs)


def _squares(vector: Tensor) -> Tensor:
    """Return Σx² in one number: in rows of float32 where it is long, the rows' sums in float64."""
    if vector.dtype == torch.float64 or vector.numel() <= ROW:
        return torch.dot(vector, vector)
    whole = vector.numel() // ROW * ROW
    rows = torch.linalg.vector_norm(vector[:whole].view(-1, ROW), dim=1).double()
    tail = vector[whole:]
    return torch.dot(rows, rows).add_(torch.dot(tail, tail))


def _least_sum(vector: Tensor) -> float:
    """Return the size from which a sum of products is right, though some of them underflow.

    Each that does is off by at most ε times the least normal number, n of them by n·ε·that.
    """
    return vector.numel() * torch.finfo(vector.dtype).tiny


def _near_one(vector: Tensor) -> tuple[Tensor, int]:
    """Return (v, k) with the vector = v·2ᵏ and max|v| near 1; k is 0 if the vector is 0 or not finite."""
    limit = -math.frexp(torch.finfo(vector.dtype).tiny)[1]
    _, exponent = math.frexp(torch.linalg.vector_norm(vector, math.inf).item())
    exponent = max(-limit, min(exponent, limit))
    return vector * 2.0**-exponent, exponent


def _shifted(value: float, exponent: int) -> float:
    """Return value·2^exponent, infinite if that is beyond the largest float."""
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.copysign(math.inf, value)
