"""The smoothed line: an exponential moving average whose start is not biased towards zero."""

import numpy as np

from gradstep.engine.records.ranges import Floats

LARGEST = np.finfo(np.float64).max


class Smoother:
    """The moving average of a series that arrives in pieces.

    With s ← βs + (1−β)y, the average of t values is s / (1−βᵗ). A value that is not finite leaves the average
    as it is, and has the average NaN.
    """

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._state = np.zeros(1)
        """βs, the filter's delay."""
        self._count = 0

    def push(self, values: Floats) -> Floats:
        """Return the averages at the next values, of the same shape (n,)."""
        finite = np.isfinite(values)
        smooth = np.full(len(values), np.nan)
        if finite.any():
            smooth[finite] = self._average(values[finite])
        return smooth

    def _average(self, values: Floats) -> Floats:
        # Loads for most of a second: only when `s` is pressed.
        from scipy.signal import lfilter  # type: ignore[import-untyped]

        factor, n = self._factor, len(values)
        plain, self._state = lfilter([1 - factor], [1.0, -factor], values, zi=self._state)
        correction = 1 - factor ** np.arange(self._count + 1.0, self._count + n + 1)
        self._count += n
        with np.errstate(over="ignore"):
            averages: Floats = np.clip(plain / correction, -LARGEST, LARGEST)
        return averages
