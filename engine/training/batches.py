"""The samples that the update of a position uses: a pure function of (seed, position)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Batches:
    """The order of the samples, epoch by epoch: `count` batches an epoch, of which the last may be smaller.

    No position depends on the one before, so a run can go to any of them directly.
    """

    def __init__(self, samples: int, size: int | None, *, shuffle: bool, seed: int) -> None:
        self.samples = samples
        self.size = samples if size is None else min(size, samples)
        self.count = -(-samples // self.size)
        self.whole = size is None
        self.shuffle = shuffle and not self.whole
        self.seed = seed

    def span(self, position: int) -> tuple[int, int]:
        """Return the batch's place [first, last) in its epoch's order."""
        first = position % self.count * self.size
        return first, min(first + self.size, self.samples)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return all samples in the order of a shuffled epoch."""
        return np.random.default_rng([self.seed, epoch]).permutation(self.samples)

    def sizes(self) -> NDArray[np.int64]:
        """Return the number of samples in each of an epoch's batches."""
        sizes = np.full(self.count, self.size)
        sizes[-1] = self.samples - self.size * (self.count - 1)
        return sizes
