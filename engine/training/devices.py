"""The device that a run computes on."""

from __future__ import annotations

import os

import torch

from gradstep.engine.errors import UserError


def resolve_device(wanted: str) -> torch.device:
    """Return the device of a config's `train.device`; `auto` is the fastest that this machine has.

    Raises UserError for a device that this machine does not have.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        wanted = next(name for name, there in available.items() if there)
    if not available[wanted]:
        there = ", ".join(name for name, here in available.items() if here)
        raise UserError(f"train.device: given {wanted!r}, which this machine does not have; it has: {there}")
    if wanted == "cuda":
        _make_deterministic()
    return torch.device(wanted)


def _make_deterministic() -> None:
    """Have a GPU give the same bits each time: going back re-executes steps.

    Source: torch's notes on reproducibility. torch warns of an operation that can't; the time line compares.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cuda.matmul.allow_tf32 = False


def rows_at_once(device: torch.device) -> int:
    """Return how many positions' numbers are fetched together at most.

    Numbers on the processor cost nothing to read. A read from another device waits for all its queued work.
    """
    return 1 if device.type == "cpu" else 32
