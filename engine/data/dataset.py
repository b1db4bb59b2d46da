"""A data set: its arrays, and the texts that the screen shows of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.errors import UserError

Dtype = Literal["float32", "float64"]
Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


class DataError(UserError, ValueError):
    """Missing, damaged or too little data; the text names the file and the remedy."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and validation arrays, scaled and in the run's dtype, all C-contiguous.

    Targets are class labels of shape (n,), the inputs themselves, or the sample's index of shape (n, 1).
    Inputs as targets are the same array object, so that an autoencoder's data is in memory once.
    """

    name: str
    """The set in use, which is "digits" if there is no MNIST."""
    description: str
    """A line for the screen."""
    substitute: bool
    """The digits were opened because there is no MNIST."""
    train_inputs: Floats
    """(n, width)"""
    train_targets: Floats | Labels
    val_inputs: Floats | None
    val_targets: Floats | Labels | None
    tolerance: float | None
    """The largest error of an output that counts as right, in the targets' unit; None for labels."""
    image_shape: tuple[int, int] | None
    """(rows, columns) where a sample is an image."""
    labels: Labels | None
    """(n,): the class of each training sample, whatever the target is; None without classes."""

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of every array's dtype, shape and contents: the same on any machine."""
        digest = hashlib.sha256()
        for array in (self.train_inputs, self.train_targets, self.val_inputs, self.val_targets, self.labels):
            if array is None:
                digest.update(b"none;")
            else:
                digest.update(f"{array.dtype.str}{array.shape};".encode())
                digest.update(array.reshape(-1).view(np.uint8).data)
        return digest.hexdigest()
