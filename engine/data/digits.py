"""scikit-learn's handwritten digits, enlarged to MNIST's size: real images without a download."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.data.images import WHITE, Images

TRAINING = 1500
SIDE = 28
_SMALL_SIDE = 8
_SMALL_WHITE = 16


def read_digits() -> Images:
    """Return 1,797 images of 28×28, grey levels 0–255: the first 1,500 train, the last 297 validate."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]  # half a second to import

    bunch = load_digits()
    images = enlarge(bunch.images.astype(np.int64))
    labels = bunch.target.astype(np.uint8)
    return Images(images[:TRAINING], labels[:TRAINING], images[TRAINING:], labels[TRAINING:])


def enlarge(images: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Enlarge (n, 8, 8) with levels 0–16 to (n, 28, 28) with levels 0–255, bilinear between pixel centres.

    Pixel j's centre lies at (2j + 1)/7 − ½ = k/14 of the small image, held at its edges. Every weight
    is a whole number of 14ths, so the result, rounded half up, is the same on any machine.
    """
    last = _SMALL_SIDE - 1
    fourteenths = np.clip(4 * np.arange(SIDE) - 5, 0, 14 * last)
    weights = np.clip(14 - np.abs(fourteenths[:, None] - 14 * np.arange(_SMALL_SIDE)), 0, None)
    levels = weights @ images @ weights.T
    full = 14 * 14 * _SMALL_WHITE
    enlarged: NDArray[np.uint8] = ((levels * WHITE + full // 2) // full).astype(np.uint8)
    return enlarged
