"""Runs presets to where their claims are decided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.claims import Verdict
from engine.config import Preset
from engine.session import Session

LOOK_EVERY = 50
"""Positions between two looks at the verdicts."""


def check(
    preset: Preset, data_dir: Path | None = None, progress: Callable[[int, int], object] | None = None
) -> list[Verdict]:
    """The verdicts on a preset's claims, after its planned steps or as soon as all are decided.

    `progress` is told (steps done, steps planned).
    """
    session = Session(preset, data_dir)
    end = session.planned_steps or 0
    verdicts = session.claims()
    while session.position < end and not session.diverged and not all(verdict.final for verdict in verdicts):
        session.burst(min(LOOK_EVERY, end - session.position))
        verdicts = session.claims()
        if progress is not None:
            progress(session.position, end)
    return verdicts
