"""The singular values of a whole training set, from one pass over it, and what float64 resolves of them.

X = QR chunk by chunk: R has X's singular values and right singular vectors, and no square is ever formed.
XᵀX in float64 has nothing beyond a condition number of 1e16 in it, so cond(XᵀX) of a matrix of less than full
rank prints rounding noise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from gradstep.engine.errors import UserError
from gradstep.engine.probes.passes import Work
from gradstep.engine.probes.subject import Subject, to_numpy
from gradstep.engine.records.ranges import Floats

MAX_COLUMNS = 3000
QR_WORK = 1.5e9
"""Multiplications in a chunk."""


class Factor(NamedTuple):
    """X, [X, 1] or [X, 1, Y] as R of X = QR with its columns, and the number of samples."""

    r: Floats
    """(at most columns, columns), upper triangular."""
    samples: int
    epsilon: float
    """Machine precision of the dtype that the data is stored in."""

    def decompose(self, columns: slice) -> tuple[Floats, Floats, Floats, int]:
        """Some leading columns' U (in Q's coordinates), all singular values, Vᵀ, and the rank.

        A singular value counts where it is above what rounding can make of 0: max(n, columns)·ε·σ₁ for the
        computation in float64 (`numpy.linalg.matrix_rank`), plus, where the data was rounded to float32,
        ½ε₃₂·‖X‖_F, which no singular value can move beyond (Weyl).
        """
        r = self.r[:, columns]
        u, values, vt = np.linalg.svd(r, full_matrices=False)
        tolerance = max(self.samples, r.shape[1]) * np.finfo(np.float64).eps * values[0]
        if self.epsilon > np.finfo(np.float64).eps:
            tolerance += 0.5 * self.epsilon * float(np.sqrt(np.sum(values**2)))
        return u, values, vt, int(np.count_nonzero(values > tolerance))


def factor(subject: Subject, work: Work, *, ones: bool, targets: bool) -> Factor:
    """R of the training inputs, with a column of ones and the targets beside them where asked for.

    Adds 1 to `work`. Raises UserError for too many columns.
    """
    inputs, wanted = subject.training
    columns = inputs.shape[1] + ones + (wanted.shape[1] if targets else 0)
    if columns > MAX_COLUMNS:
        raise UserError(f"the data has {columns:,} columns; its spectrum is computed up to {MAX_COLUMNS:,}")
    rows = max(columns // 2, int(QR_WORK / (2 * columns**2)), 16)
    r = np.zeros((0, columns))
    for first in range(0, len(inputs), rows):
        part = inputs[first : first + rows]
        blocks = [to_numpy(part.double() if part.device.type != "mps" else part)]
        if ones:
            blocks.append(np.ones((len(part), 1)))
        if targets:
            blocks.append(to_numpy(wanted[first : first + rows]))
        below: Floats = np.hstack(blocks).astype(np.float64)
        r = np.asarray(np.linalg.qr(np.vstack([r, below]), mode="r"))
        work.add(len(part) / len(inputs))
    return Factor(r, len(inputs), torch.finfo(inputs.dtype).eps)
