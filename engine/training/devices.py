"""Where a run computes."""

from __future__ import annotations

import os

import torch

from gradstep.engine.errors import UserError


def resolve_device(wanted: str) -> torch.device:
    """The device that a config asks for; `auto` takes the fastest there is. Raises UserError."""
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
    """A GPU is to give the same bits each time: positions are gone back to by re-executing.

    Source: torch's notes on reproducibility. Where an operation can't, torch warns; the time line sees it.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cuda.matmul.allow_tf32 = False


def rows_at_once(device: torch.device) -> int:
    """How many positions' numbers are fetched together at most: the processor's own lie there already, and
    each look at another device's waits until that has done all it was given."""
    return 1 if device.type == "cpu" else 32
