"""The smoothed line: an exponential moving average whose start is not biased towards zero."""

import numpy as np
from numpy.typing import NDArray

BLOCK = 64
LARGEST = np.finfo(np.float64).max


class Smoother:
    """The moving average of a series that comes in pieces: s ← βs + (1−β)y, shown as s / (1−βᵗ), t values in.

    A value that is not finite leaves the average alone and shows as NaN.
    """

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._state = 0.0
        self._count = 0
        lag = np.subtract.outer(np.arange(BLOCK), np.arange(BLOCK))
        self._weights = np.where(lag >= 0, (1 - factor) * factor ** np.maximum(lag, 0.0), 0.0)

    def push(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The averages at the next values."""
        finite = np.isfinite(values)
        smooth = np.full(len(values), np.nan)
        smooth[finite] = self._average(values[finite])
        return smooth

    def _average(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Within blocks by one matrix product, from block to block by their last values."""
        n = len(values)
        padded = np.zeros(-(-n // BLOCK) * BLOCK)
        padded[:n] = values
        within = padded.reshape(-1, BLOCK) @ self._weights.T
        decay = self._factor ** np.arange(1.0, BLOCK + 1)
        carried = np.empty(len(within))
        state = self._state
        for i, last in enumerate(within[:, -1].tolist()):
            carried[i] = state
            state = decay[-1] * state + last
        plain = (within + np.outer(carried, decay)).ravel()[:n]
        correction = 1 - self._factor ** np.arange(self._count + 1.0, self._count + n + 1)
        self._state = float(plain[-1]) if n else self._state
        self._count += n
        with np.errstate(over="ignore"):
            return np.clip(plain / correction, -LARGEST, LARGEST)
