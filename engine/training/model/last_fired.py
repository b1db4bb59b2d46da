"""The last position at which each unit fired, and so since when a silent unit is silent.

It is part of a saved state, but not of its hash: it follows from the positions before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gradstep.engine.records.ranges import Ints
from gradstep.engine.training.model.dead_units import FIRING, fires_on_any

NEVER = -1


@dataclass(frozen=True)
class Watched:
    """The last position whose batch made each unit fire, for each layer that can fire, by its index.

    It is NEVER for a unit that has not fired from position `since` on.
    """

    since: int
    last_fired: Mapping[int, Tensor]

    @property
    def nbytes(self) -> int:
        return sum(last.nbytes for last in self.last_fired.values())

    def copy(self) -> Watched:
        """Return a copy, in memory of its own."""
        return Watched(self.since, {index: last.clone() for index, last in self.last_fired.items()})

    def layer(self, index: int) -> LayerWatched | None:
        """Return a copy of a layer's part; None if its units can't fire."""
        last = self.last_fired.get(index)
        return None if last is None else LayerWatched(self.since, np.array(last.cpu().numpy()))


@dataclass(frozen=True, eq=False)
class LayerWatched:
    """A layer's part of `Watched`, on the processor."""

    since: int
    last_fired: Ints


class Silence:
    """Watches the units of a model in training, from `position` on."""

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
        """Return whether any unit is watched."""
        return bool(self.watched.last_fired)

    def see(self, position: int, outputs: Sequence[Tensor]) -> None:
        """Note which units fire on the batch of `position`, by each layer's outputs (samples, units).

        A NaN is no firing.
        """
        for index, last in self.watched.last_fired.items():
            last.masked_fill_(fires_on_any(outputs[index]), position)

    def restore(self, position: int, known: Watched | None) -> None:
        """Go back to what was known at a position; begin there if nothing was."""
        if known is not None:
            self.watched = known.copy()
            return
        self.watched = Watched(position, self.watched.last_fired)
        for last in self.watched.last_fired.values():
            last.fill_(NEVER)


def silent_since(watched: LayerWatched, units: Ints) -> Ints:
    """Return the first position from which each unit was silent on every batch.

    That is one after it last fired, or the first that was watched. The update before it began the silence; on
    the whole training set the unit may have died later, or not at all.
    """
    last = watched.last_fired[units]
    return np.where(last == NEVER, watched.since, last + 1)
