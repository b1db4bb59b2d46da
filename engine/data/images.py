"""Grey images with labels, and the Dataset made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.data.dataset import DataError, Dataset, Dtype, Floats
from gradstep.engine.data.scaling import Scaling, scaling

if TYPE_CHECKING:
    from gradstep.engine.config.data import DigitsData, MnistData

WHITE = 255
_ROWS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Images:
    """Bytes as stored: images (n, rows, columns) with grey levels 0–255, labels (n,)."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    val_images: NDArray[np.uint8]
    val_labels: NDArray[np.uint8]


def image_dataset(
    images: Images, config: MnistData | DigitsData, dtype: Dtype, *, name: str, substitute: bool
) -> Dataset:
    """Return the first `config.samples` training and `config.validation` validation images, scaled.

    Raises DataError for more than there are, unless `images` substitute another set: then all are taken, and
    the description says so.
    """
    train, train_words = _count("samples", "training", config.samples, len(images.train_images), substitute)
    val, val_words = _count("validation", "validation", config.validation, len(images.val_images), substitute)

    pixels = images.train_images[:train]
    scaled = scaling(config.scale, WHITE, lambda: grey_moments(pixels))
    train_inputs = _inputs(pixels, scaled, dtype)
    val_inputs = _inputs(images.val_images[:val], scaled, dtype) if val else None
    labels = images.train_labels[:train].astype(np.int64)
    val_labels = images.val_labels[:val].astype(np.int64) if val else None

    title = {"mnist": "MNIST", "digits": "scikit-learn digits"}[name]
    if substitute:
        title += " in MNIST's place"
    to_input = config.target == "input"
    return Dataset(
        name=name,
        description=f"{title}: {train_words}, {val_words}, {scaled.words}",
        substitute=substitute,
        train_inputs=train_inputs,
        train_targets=train_inputs if to_input else labels,
        val_inputs=val_inputs,
        val_targets=val_inputs if to_input else val_labels,
        tolerance=scaled.tolerance if to_input else None,
        image_shape=(pixels.shape[1], pixels.shape[2]),
        labels=labels,
    )


def _count(key: str, kind: str, asked: int | None, there: int, substitute: bool) -> tuple[int, str]:
    if asked is None or asked <= there:
        count = there if asked is None else asked
        return count, f"{count:,} {kind} images" if count else f"no {kind} images"
    if substitute:
        return there, f"{there:,} {kind} images (of {asked:,} asked for)"
    raise DataError(f"data.{key} = {asked}: there are {there:,} {kind} images")


def grey_moments(images: NDArray[np.uint8]) -> tuple[float, float]:
    """Return mean and standard deviation of all pixels, by sums of whole numbers: the same on any machine."""
    histogram = np.zeros(WHITE + 1, dtype=np.int64)
    for rows in _blocks(images):
        histogram += np.bincount(images[rows].reshape(-1), minlength=WHITE + 1)
    counts = histogram.tolist()
    n = images.size
    total = sum(level * count for level, count in enumerate(counts))
    squares = sum(level * level * count for level, count in enumerate(counts))
    return total / n, math.sqrt((n * squares - total * total) / (n * n))


def _inputs(images: NDArray[np.uint8], scaled: Scaling, dtype: Dtype) -> Floats:
    """Return scaled rows (n, pixels), by a table of the 256 grey levels."""
    table = scaled.apply(np.arange(WHITE + 1, dtype=np.float64)).astype(dtype)
    flat = images.reshape(len(images), -1)
    inputs = np.empty(flat.shape, dtype=table.dtype)
    for rows in _blocks(flat):
        np.take(table, flat[rows], out=inputs[rows], mode="clip")
    return inputs


def _blocks(images: NDArray[np.uint8]) -> Iterator[slice]:
    """Yield blocks of rows: NumPy needs 8 bytes for each byte that it counts or looks up."""
    for start in range(0, len(images), _ROWS_AT_ONCE):
        yield slice(start, start + _ROWS_AT_ONCE)
