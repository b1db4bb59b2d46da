"""Which samples the update of a position uses: a pure function of (seed, position)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Batches:
    """The order of the samples, epoch by epoch. B batches an epoch; the last may be smaller.

    Nothing is carried from one position to the next, so any position can be gone to directly.
    """

    def __init__(self, samples: int, size: int | None, *, shuffle: bool, seed: int) -> None:
        self.samples = samples
        self.size = samples if size is None else min(size, samples)
        self.count = -(-samples // self.size)
        self.whole = size is None
        self.shuffle = shuffle and not self.whole
        self.seed = seed

    def span(self, position: int) -> tuple[int, int]:
        """The batch's place [first, last) in its epoch's order."""
        first = position % self.count * self.size
        return first, min(first + self.size, self.samples)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """All samples in the order of an epoch, where it is shuffled."""
        return np.random.default_rng([self.seed, epoch]).permutation(self.samples)

    def sizes(self) -> NDArray[np.int64]:
        """The number of samples in each of an epoch's batches."""
        sizes = np.full(self.count, self.size)
        sizes[-1] = self.samples - self.size * (self.count - 1)
        return sizes
