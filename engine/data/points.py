"""A few points written out in the preset, small enough to check by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradstep.engine.data.dataset import Dataset, Dtype

if TYPE_CHECKING:
    from gradstep.engine.config.data import PointsData


def points_dataset(config: PointsData, dtype: Dtype) -> Dataset:
    """Return the points and labels of the config."""
    labels = np.array(config.labels, dtype=np.int64)
    points = "point" if len(labels) == 1 else "points"
    dimensions = "dimension" if config.width == 1 else "dimensions"
    return Dataset(
        name="points",
        description=f"{len(labels)} {points} in {config.width} {dimensions}, {config.outputs} classes",
        substitute=False,
        train_inputs=np.array(config.inputs, dtype=dtype),
        train_targets=labels,
        val_inputs=None,
        val_targets=None,
        tolerance=None,
        image_shape=None,
        labels=labels,
    )
