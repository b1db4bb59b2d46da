"""Runs presets to where their claims are decided: one run, those it is compared with, or one a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.changes import changed
from engine.claims import Verdict
from engine.config import Preset
from engine.history import History
from engine.presets import load_preset
from engine.seeds import judge_over_seeds
from engine.session import Session

LOOK_EVERY = 50
"""Positions between two looks at the verdicts."""
AT_ONCE = 10
"""Steps of another preset's run between two looks whether it is still wanted."""

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


class FinishedRuns:
    """The records of presets run to their planned end, each run once, with settings changed."""

    def __init__(
        self,
        data_dir: Path | None,
        changes: Mapping[str, Any] | None = None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        self._data_dir = data_dir
        self._changes = changes or {}
        self._meanwhile = meanwhile
        self._histories: dict[str, History] = {}

    def __call__(self, name: str) -> History:
        """The records of a preset's run. Raises ConfigError for an unknown one."""
        if name not in self._histories:
            preset = changed(load_preset(name), self._changes)
            self._histories[name] = finished(preset, self._data_dir, self._meanwhile)
        return self._histories[name]


def finished(
    preset: Preset, data_dir: Path | None, meanwhile: Callable[[], object] = lambda: None
) -> History:
    """The records of a preset's run to its planned end, or to where its loss is not finite; `meanwhile` is
    called now and then, and may raise."""
    session = Session(preset, data_dir)
    end = session.planned_steps or 0
    while session.position < end and not session.diverged:
        meanwhile()
        session.burst(min(AT_ONCE, end - session.position))
    return session.history
