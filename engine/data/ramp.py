"""The arithmetic sequences of the linear document: badly conditioned, and of rank 2 with the bias."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gradstep.engine.data.dataset import Dataset, Dtype
from gradstep.engine.data.scaling import scaling

if TYPE_CHECKING:
    from gradstep.engine.config.data import RampData


def ramp_dataset(config: RampData, dtype: Dtype) -> Dataset:
    """Return S_i = S_0 + length·i with S_0 = [0 … length−1], i = 0 … samples−1; no validation set.

    The document's step of 100 is its length of 100: for any length the sequences join without a gap, and
    w = [1/length, 0, …] maps each to its index. Scaling leaves the index as it is.
    """
    count = config.samples * config.length
    scaled = scaling(config.scale, count - 1, lambda: ((count - 1) / 2, math.sqrt((count * count - 1) / 12)))
    values = np.arange(count, dtype=np.float64).reshape(config.samples, config.length)
    inputs = scaled.apply(values).astype(dtype)
    to_input = config.target == "input"
    return Dataset(
        name="ramp",
        description=(
            f"ramp: {config.samples:,} sequences of {config.length:,}, "
            f"S_i = S_0 + {config.length}·i, {scaled.words}"
        ),
        substitute=False,
        train_inputs=inputs,
        train_targets=inputs if to_input else np.arange(config.samples, dtype=dtype).reshape(-1, 1),
        val_inputs=None,
        val_targets=None,
        tolerance=scaled.tolerance if to_input else 0.5,
        image_shape=None,
        labels=None,
    )
