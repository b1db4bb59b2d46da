"""Runs presets to where their claims are decided: one run, those it is compared with, or one a seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gradstep.engine.conditions.claims import Verdict
from gradstep.engine.config.preset import Preset
from gradstep.engine.runs.claims_over_seeds import judge_over_seeds
from gradstep.engine.runs.other_runs import FinishedRuns
from gradstep.engine.session.session import Session

LOOK_EVERY = 50
"""Positions between two looks at the verdicts."""

Progress = Callable[[int, int], object]
"""Told (steps or seeds done, how many there are)."""


def check(preset: Preset, data_dir: Path | None = None, progress: Progress | None = None) -> list[Verdict]:
    """The verdicts on a preset's claims, after its planned steps or as soon as all are decided."""
    session = Session(preset, data_dir)
    runs = FinishedRuns(data_dir)
    end = session.planned_steps or 0
    verdicts = session.claims(runs)
    while session.position < end and not session.diverged and not all(verdict.final for verdict in verdicts):
        session.burst(min(LOOK_EVERY, end - session.position))
        verdicts = session.claims(runs)
        if progress is not None:
            progress(session.position, end)
    over_seeds = iter(judge_over_seeds(preset, data_dir, progress))
    return [verdict if verdict.claim.seeds is None else next(over_seeds) for verdict in verdicts]
