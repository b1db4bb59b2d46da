"""The runs of other presets that a claim or a measure reads, each run once to its planned end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gradstep.engine.config.changes import changed
from gradstep.engine.config.files import load_preset
from gradstep.engine.config.preset import Preset
from gradstep.engine.data.load import load_kept
from gradstep.engine.records.history import History
from gradstep.engine.session.session import Session

AT_ONCE = 10
"""Steps between two calls of `meanwhile`, which may cancel the run by raising."""


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
        """Return the records of a preset's run. Raises ConfigError for an unknown preset."""
        if name not in self._histories:
            preset = changed(load_preset(name), self._changes)
            self._histories[name] = finished(preset, self._data_dir, self._meanwhile)
        return self._histories[name]


def finished(
    preset: Preset, data_dir: Path | None, meanwhile: Callable[[], object] = lambda: None
) -> History:
    """Return the records of a preset's run to its planned end, or to a loss that is not finite.

    `meanwhile` is called every few steps, and may raise.
    """
    session = Session(preset, dataset=load_kept(preset.data, preset.train.dtype, data_dir))
    for _ in session.run(session.planned_steps or 0, every=AT_ONCE):
        meanwhile()
    return session.history
