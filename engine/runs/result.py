"""What a run of a sweep came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gradstep.engine.config.preset import Preset
from gradstep.engine.records.record import Record

Ending = Literal["done", "condition", "diverged", "failed"]
"""At the planned end, where the condition held, where the loss was not finite, or not at all."""


@dataclass(frozen=True)
class Job:
    """One run to do: all that a process needs that may be on another machine."""

    point: int
    preset: Preset
    until: str | None = None
    measures: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    """Looked at where the run ends."""
    data_dir: Path | None = None
    same_seed: bool = False
    """Whether the run of another preset that this one is compared with has this one's seed, not its own."""


@dataclass(frozen=True)
class Result:
    """Where a run ended, why, and what it was there; a failed one has a reason and nothing else."""

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
    """The digest of the state at the end: equal where the same run ends, bit for bit."""
    seconds: float = 0.0

    def value(self, name: str, measures: tuple[str, ...]) -> float | None:
        """A field of the last record, or one of the measures, by its name."""
        if name in measures:
            return self.measures[measures.index(name)] if self.measures else None
        found = self.record[name] if self.record is not None else None
        return None if found is None else float(found)
