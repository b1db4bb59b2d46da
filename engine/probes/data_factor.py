"""The singular values of a whole training set, from one pass over it, and how many float64 resolves.

X = QR is made in chunks. R has X's singular values and right singular vectors, and XᵀX is never formed: in
float64 it resolves condition numbers up to 1e16 only, so cond(XᵀX) of a rank-deficient X is rounding noise.
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


class Factor(NamedTuple):
    """R of X = QR, with X the training inputs, or these, a column of ones and the targets side by side."""

    r: Floats
    """(at most columns, columns), upper triangular."""
    samples: int
    epsilon: float
    """The machine precision of the dtype that the data is stored in."""

    def decompose(self, columns: slice) -> tuple[Floats, Floats, Floats, int]:
        """Return some leading columns' U (in Q's coordinates), all singular values, Vᵀ, and the rank.

        The rank counts the singular values above all that rounding can make of 0. The computation in float64
        makes max(n, columns)·ε·σ₁ (`numpy.linalg.matrix_rank`). Data rounded to float32 makes ½ε₃₂·‖X‖_F
        more: no singular value moves farther (Weyl).
        """
        r = self.r[:, columns]
        u, values, vt = np.linalg.svd(r, full_matrices=False)
        tolerance = max(self.samples, r.shape[1]) * np.finfo(np.float64).eps * values[0]
        if self.epsilon > np.finfo(np.float64).eps:
            tolerance += 0.5 * self.epsilon * float(np.sqrt(np.sum(values**2)))
        return u, values, vt, int(np.count_nonzero(values > tolerance))


def factor(subject: Subject, work: Work, *, ones: bool, targets: bool) -> Factor:
    """Factorise the training inputs, with a column of `ones` and the `targets` beside them.

    Adds 1 to `work`. Raises UserError for more than MAX_COLUMNS columns.
    """
    inputs, wanted = subject.training
    columns = inputs.shape[1] + ones + (wanted.shape[1] if targets else 0)
    if columns > MAX_COLUMNS:
        raise UserError(f"the data has {columns:,} columns; its spectrum is computed up to {MAX_COLUMNS:,}")
    rows = max(columns // 2, int(subject.limits.qr_work / (2 * columns**2)), 16)
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
