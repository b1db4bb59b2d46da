"""Runs presets to where their claims are decided: one run, those it is compared with, or one a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.changes import changed
from engine.claims import SeedResult, State, Verdict
from engine.conditions import parse_condition, parse_measure
from engine.config import Claim, Preset
from engine.history import History
from engine.presets import load_preset
from engine.session import Session

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
    return [
        verdict if verdict.claim.seeds is None else check_seeds(preset, verdict.claim, data_dir, progress)
        for verdict in verdicts
    ]


def check_seeds(
    preset: Preset, claim: Claim, data_dir: Path | None = None, progress: Progress | None = None
) -> Verdict:
    """The verdict on a claim over the seeds 0 … n−1: its condition at the end of each seed's run, beside the
    runs of the same seed that it speaks of."""
    count = claim.seeds or 0
    condition = parse_condition(claim.condition or "")
    measure = parse_measure(claim.measure) if claim.measure is not None else None
    results = []
    for seed in range(count):
        runs = FinishedRuns(data_dir, {"train.seed": seed})
        history = finished(changed(preset, {"train.seed": seed}), data_dir)
        end = len(history) - 1
        value = measure.value(history, end, runs) if measure is not None else None
        results.append(SeedResult(seed, condition.holds(history, end, runs), value))
        if progress is not None:
            progress(seed + 1, count)
    state: State = "holds" if all(result.held for result in results) else "refuted"
    return Verdict(claim, state, len(results), seeds=tuple(results))


class FinishedRuns:
    """The records of presets run to their planned end, each run once, with settings changed."""

    def __init__(self, data_dir: Path | None, changes: Mapping[str, Any] | None = None) -> None:
        self._data_dir = data_dir
        self._changes = changes or {}
        self._histories: dict[str, History] = {}

    def __call__(self, name: str) -> History:
        """The records of a preset's run. Raises ConfigError for an unknown one."""
        if name not in self._histories:
            preset = changed(load_preset(name), self._changes)
            self._histories[name] = finished(preset, self._data_dir)
        return self._histories[name]


def finished(preset: Preset, data_dir: Path | None) -> History:
    """The records of a preset's run to its planned end, or to where its loss is not finite."""
    session = Session(preset, data_dir)
    session.burst(session.planned_steps or 0)
    return session.history
