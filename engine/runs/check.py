"""The check of a preset: the runs that decide its claims."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gradstep.engine.conditions.claims import Verdict
from gradstep.engine.config.preset import Preset
from gradstep.engine.runs.claims_over_seeds import judge_over_seeds
from gradstep.engine.runs.other_runs import FinishedRuns
from gradstep.engine.session.session import Session

LOOK_EVERY = 50
"""Steps between two looks at the verdicts."""

Progress = Callable[[int, int], object]
"""Called with (steps or seeds done, total)."""


def check(preset: Preset, data_dir: Path | None = None, progress: Progress | None = None) -> list[Verdict]:
    """Return the verdicts on a preset's claims, after its planned steps or once all are final."""
    session = Session(preset, data_dir)
    runs = FinishedRuns(data_dir)
    end = session.planned_steps or 0
    for stepped in session.run(end, every=LOOK_EVERY):
        verdicts = session.claims(runs)
        if progress is not None and stepped.position > 0:
            progress(stepped.position, end)
        if all(verdict.final for verdict in verdicts):
            break
    over_seeds = iter(judge_over_seeds(preset, data_dir, progress))
    return [verdict if verdict.claim.seeds is None else next(over_seeds) for verdict in verdicts]
