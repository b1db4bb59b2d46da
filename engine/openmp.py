"""How torch's threads wait for each other: to be called before torch is loaded, as `import engine` does."""

from __future__ import annotations

import os

SPINS = "1000"
"""About as long as the gaps between two parts of a step. GNU's OpenMP spins 300,000 times unless told: where
another process wants the processor, that makes a step take five times as long, and two of them wait for each
other's threads."""


def spin_shortly() -> None:
    """Let a thread that waits give its processor up soon, unless the user has said how OpenMP is to wait."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
