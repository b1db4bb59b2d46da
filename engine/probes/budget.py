"""The number of samples in the Curvature tab's Hessian, limited for an answer within seconds.

A budget counts the multiplications of a forward pass, samples times parameters. Imports no torch.
"""

from __future__ import annotations

QUICK = 4e8
"""The tab's budget: some 0.1 s of a processor for a Hessian-vector product, of which curvature takes 80."""
MOST_SAMPLES, LEAST_SAMPLES = 5000, 200
"""A budget affords no more samples, however small the net, and no fewer, however large it is."""
PART_TOLERANCE = 1e-2
"""Of eigenvalues on a part of the samples, or of many samples, relative to the largest one. Finer would be of
no use on a part: the eigenvalues on all samples differ by more."""


def affordable(budget: float, parameters: int, samples: int | None = None) -> int:
    """Return how many samples a budget affords, at most `samples`."""
    afforded = min(MOST_SAMPLES, max(LEAST_SAMPLES, int(budget / max(parameters, 1))))
    return afforded if samples is None else min(afforded, samples)
