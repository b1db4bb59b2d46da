"""Norms of long vectors, accurate to the last digits that are shown."""

from __future__ import annotations

import torch
from torch import Tensor

ROW = 65536
"""A sum of so many squares in float32 is right to six digits; one of millions to four or five."""


def squared_norm(vector: Tensor) -> Tensor:
    """Σ x² of a flat vector, a single number on its device: in rows of float32 where it is long, the rows'
    sums in float64."""
    if vector.dtype == torch.float64 or vector.numel() <= ROW:
        return torch.dot(vector, vector)
    whole = vector.numel() // ROW * ROW
    rows = torch.linalg.vector_norm(vector[:whole].view(-1, ROW), dim=1).double()
    tail = vector[whole:]
    return torch.dot(rows, rows).add_(torch.dot(tail, tail))
