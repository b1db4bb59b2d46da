"""How many threads a run uses. It is part of the config: the order of a sum changes its last bits."""

from __future__ import annotations

import os

from gradstep.engine.config.run import RunConfig

WORTH_SHARING = 20_000_000
"""Multiplications in a step from which a second thread saves more than it costs to wake."""


def resolve_threads(settings: RunConfig, samples: int) -> int:
    """The config's number, or for `auto` every processor for a large step and one for a small."""
    if isinstance(settings.train.threads, int):
        return settings.train.threads
    batch = samples if settings.train.batch == "all" else min(settings.train.batch, samples)
    work = 3 * batch * settings.network.parameters(settings.data.width)
    return available_processors() if work >= WORTH_SHARING else 1


def available_processors() -> int:
    """The processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
