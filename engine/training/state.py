"""A saved state of a run, its copies and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor

from gradstep.engine.training.model.last_fired import Watched


@dataclass(frozen=True)
class State:
    """All that a position needs to be gone back to, in memory of its own."""

    position: int
    parameters: Mapping[str, Tensor]
    slots: Mapping[str, Tensor]
    """The rule's memory."""
    update_norm: float
    """Of the update that led here."""
    watched: Watched | None = None
    """Since when units are silent; None if that was not written down."""
    extra: Mapping[str, Tensor] = field(default_factory=dict)
    """The model's buffers and generators, as they were before the position was evaluated."""

    @cached_property
    def nbytes(self) -> int:
        """The memory that the state takes."""
        watched = self.watched.nbytes if self.watched is not None else 0
        parts = (self.parameters, self.slots, self.extra)
        return sum(tensor.nbytes for tensors in parts for tensor in tensors.values()) + watched


def copied(tensors: Mapping[str, Tensor], memory: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a copy, written over `memory` where that has the same names: fresh memory costs more."""
    if memory.keys() != tensors.keys():
        return {name: tensor.clone() for name, tensor in tensors.items()}
    return {name: memory[name].copy_(tensor) for name, tensor in tensors.items()}


def hash_state(
    position: int,
    parameters: Mapping[str, Tensor],
    slots: Mapping[str, Tensor],
    extra: Mapping[str, Tensor],
) -> str:
    """Return a digest of a state: equal where states are equal, bit for bit.

    Parameters count in their order, without their names; what the model has beside them counts with its.
    """
    digest = hashlib.blake2b(str(position).encode(), digest_size=16)
    for tensor in parameters.values():
        digest.update(_bytes(tensor))
    for tensors in (slots, extra):
        for name, tensor in sorted(tensors.items()):
            digest.update(name.encode())
            digest.update(_bytes(tensor))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().numpy().tobytes()
