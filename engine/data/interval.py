"""Inputs drawn uniformly from an interval, which may reach below 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradstep.engine.data.dataset import Dataset, Dtype

if TYPE_CHECKING:
    from gradstep.engine.config.data import IntervalData

TOLERANCE = 0.5 / 255
"""Half a grey level of pixels in 0–1, so that mistakes count as they do for images."""


def interval_dataset(config: IntervalData, dtype: Dtype) -> Dataset:
    """Return `samples` rows of `length` numbers, uniform in [low, high]; the targets are the inputs."""
    draw = np.random.default_rng(config.seed).uniform(
        config.low, config.high, (config.samples, config.length)
    )
    inputs = draw.astype(dtype)
    return Dataset(
        name="interval",
        description=f"interval: {config.samples:,} × {config.length} numbers from "
        f"[{config.low:g}, {config.high:g}]",
        substitute=False,
        train_inputs=inputs,
        train_targets=inputs,
        val_inputs=None,
        val_targets=None,
        tolerance=TOLERANCE,
        image_shape=None,
        labels=None,
    )
