"""The result of a run, and the job it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gradstep.engine.config.preset import Preset
from gradstep.engine.records.record import Record

Ending = Literal["done", "condition", "diverged", "failed"]
"""At the planned end, at the condition, at a loss that is not finite, or by a failure."""


@dataclass(frozen=True)
class Job:
    """A run to do, with everything that a process on another machine needs."""

    point: int
    preset: Preset
    until: str | None = None
    measures: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    """Tested at the end of the run."""
    data_dir: Path | None = None
    same_seed: bool = False
    """Whether runs of other presets that this one is compared with take its seed."""


@dataclass(frozen=True)
class Result:
    """The end of a run, the reason, and the values there. A failed run has only a reason."""

    point: int
    ending: Ending
    reason: str = ""
    record: Record | None = None
    measures: tuple[float | None, ...] = ()
    held: tuple[bool | None, ...] = ()
    """Whether each of the job's conditions held at the end."""
    claims: tuple[str, ...] = ()
    """The states of the preset's claims."""
    state: str = ""
    """The digest of the state at the end: equal for runs equal bit for bit."""
    seconds: float = 0.0

    def value(self, name: str, measures: tuple[str, ...]) -> float | None:
        """Return a field of the last record or one of the measures, None if it has no value."""
        if name in measures:
            return self.measures[measures.index(name)] if self.measures else None
        found = self.record[name] if self.record is not None else None
        return None if found is None else float(found)
