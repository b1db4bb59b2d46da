"""How torch's threads wait for each other: to be called before torch is loaded, as `import engine` does."""

from __future__ import annotations

import os

SPINS = "15000"
"""Longer than the gaps between two parts of a step, so that a step alone on its processors takes as long as
before. GNU's OpenMP spins 300,000 times unless told: where other processes want the processors too, a step
then takes two to three times as long as with these, since it waits for a thread that waits for its turn."""


def spin_shortly() -> None:
    """Let a thread that waits give its processor up soon, unless the user has said how OpenMP is to wait."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
