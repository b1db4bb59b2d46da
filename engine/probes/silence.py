"""Since when is a unit silent: kept per unit as the run goes.

A tracker is fed every position's outputs once they are computed, and goes back with the run: what it knew at
a position is its `snapshot` there, to be kept beside the state and given to `restore`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.probes.results import Ints

NEVER = -1


@dataclass(frozen=True, eq=False)
class SilenceView:
    """One layer's: `last_fired` per unit, NEVER for not since `watched_from`."""

    last_fired: Ints
    watched_from: int


class Silence:
    """For each unit of each layer, the last position whose batch made it fire (output above 0).

    This is the pre-activation above 0, for ReLU and leaky ReLU; for other activations it says nothing.
    """

    def __init__(self, units: Sequence[int], position: int, device: torch.device | None = None) -> None:
        self.watched_from = position
        self._last = [torch.full((count,), NEVER, dtype=torch.int64, device=device) for count in units]

    @torch.no_grad()
    def see(self, position: int, outputs: Sequence[Tensor]) -> None:
        """Take in each layer's outputs (samples, units) on the batch of `position`."""
        for last, out in zip(self._last, outputs, strict=True):
            last.masked_fill_(out.amax(0) > 0, position)

    def snapshot(self) -> tuple[int, tuple[Ints, ...]]:
        """What is known now, in memory of its own."""
        return self.watched_from, tuple(np.array(last.cpu().numpy()) for last in self._last)

    def restore(self, position: int, snapshot: tuple[int, tuple[Ints, ...]] | None) -> None:
        """Go back to what was known at a position, before it is seen again; without one, to nothing."""
        if snapshot is None:
            self.watched_from = position
            for last in self._last:
                last.fill_(NEVER)
            return
        self.watched_from, known = snapshot
        for last, values in zip(self._last, known, strict=True):
            last.copy_(torch.from_numpy(values))

    def view(self) -> list[SilenceView]:
        """What the `layers` probe takes, layer by layer."""
        return [SilenceView(np.array(last.cpu().numpy()), self.watched_from) for last in self._last]


def dead_since(view: SilenceView, units: Ints) -> Ints:
    """The first position from which on each unit was silent on every batch: one after it last fired, or the
    first that was watched. With the update before it (this − 1) began the silence; on the whole training set
    the unit may have died later, or not at all."""
    last = view.last_fired[units]
    return np.where(last == NEVER, view.watched_from, last + 1)
