"""Since when is a unit silent: kept per unit as the run goes, and gone back with.

What is known at a position is part of its saved state, but not of its hash: it follows from the way there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gradstep.engine.records.ranges import Ints

FIRING = ("relu", "leaky_relu")
"""Activations whose units fire where the output, and so the pre-activation, is above 0. A unit that never
does on the whole training set is dead (CS231n, "Neural Networks 1": the dying ReLU)."""
NEVER = -1


@dataclass(frozen=True)
class Watched:
    """For each layer that can fire, by its index, the last position whose batch made each unit fire; NEVER
    where none did from position `since` on."""

    since: int
    last_fired: Mapping[int, Tensor]

    @property
    def nbytes(self) -> int:
        return sum(last.nbytes for last in self.last_fired.values())

    def copy(self) -> Watched:
        """The same, in memory of its own."""
        return Watched(self.since, {index: last.clone() for index, last in self.last_fired.items()})

    def layer(self, index: int) -> LayerWatched | None:
        """A layer's part, in memory of its own; None where its units can't fire."""
        last = self.last_fired.get(index)
        return None if last is None else LayerWatched(self.since, np.array(last.cpu().numpy()))


@dataclass(frozen=True, eq=False)
class LayerWatched:
    """One layer's part of it, on the processor."""

    since: int
    last_fired: Ints


class Silence:
    """Watches the units of a network in training, from `position` on."""

    def __init__(
        self, activations: Sequence[str], units: Sequence[int], position: int, device: torch.device
    ) -> None:
        self.watched = Watched(
            position,
            {
                index: torch.full((count,), NEVER, dtype=torch.int64, device=device)
                for index, (kind, count) in enumerate(zip(activations, units, strict=True))
                if kind in FIRING
            },
        )

    def __bool__(self) -> bool:
        """Whether there is a unit to watch."""
        return bool(self.watched.last_fired)

    def see(self, position: int, outputs: Sequence[Tensor]) -> None:
        """Take in each layer's outputs (samples, units) on the batch of `position`. NaN is no firing."""
        for index, last in self.watched.last_fired.items():
            last.masked_fill_(outputs[index].amax(0) > 0, position)

    def restore(self, position: int, known: Watched | None) -> None:
        """Go back to what was known at a position; without that, begin there."""
        if known is not None:
            self.watched = known.copy()
            return
        self.watched = Watched(position, self.watched.last_fired)
        for last in self.watched.last_fired.values():
            last.fill_(NEVER)


def silent_since(watched: LayerWatched, units: Ints) -> Ints:
    """The first position from which on each unit was silent on every batch: one after it last fired, or the
    first that was watched. The update before it (this − 1) began the silence; on the whole training set the
    unit may have died later, or not at all."""
    last = watched.last_fired[units]
    return np.where(last == NEVER, watched.since, last + 1)
