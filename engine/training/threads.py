"""The number of threads of a run, and the time that an idle thread spins.

The number is part of the config: the order of a sum changes its last bits. This file imports neither torch
nor pydantic: `gradstep.engine` calls `spin_shortly` before anything loads torch.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradstep.engine.config.run import RunConfig

WORTH_SHARING = 20_000_000
"""Multiplications in a step from which a second thread saves more than it costs to wake."""
SPINS = "15000"
"""Rounds that an idle thread of GNU's OpenMP spins before it gives its processor up; 300,000 by default.

They last longer than the gaps between two parts of a step, so a step alone on its processors is as fast. On
busy processors a step with the default takes two to three times as long. It waits for a thread without a
processor.
"""


def resolve_threads(settings: RunConfig, samples: int) -> int:
    """Return the config's number; for `auto` every processor for a large step, and one for a small."""
    if isinstance(settings.train.threads, int):
        return settings.train.threads
    batch = samples if settings.train.batch == "all" else min(settings.train.batch, samples)
    work = 3 * batch * settings.network.parameters(settings.data.width)
    return available_processors() if work >= WORTH_SHARING else 1


def available_processors() -> int:
    """Return how many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spin_shortly() -> None:
    """Limit OpenMP's spinning, unless the user's environment says how its threads wait."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
