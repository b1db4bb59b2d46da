"""What the explorer asks of the engine's process (commands) and what that tells (events)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.config import Preset

# --- commands ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Open:
    """Begin a run of this preset; the run before it ends."""

    preset: Preset
    data_dir: Path | None = None


@dataclass(frozen=True)
class Step:
    """Do so many steps, then stop."""

    count: int = 1


@dataclass(frozen=True)
class Run:
    """Step on until position `until`, or until paused."""

    until: int | None = None


@dataclass(frozen=True)
class Pause:
    pass


@dataclass(frozen=True)
class Reset:
    """Back to position 0; with a seed, to that seed's initial weights and batches."""

    seed: int | None = None


@dataclass(frozen=True)
class Change:
    """Change live settings, {dotted key: value}, from the next update on."""

    changes: dict[str, Any]


@dataclass(frozen=True)
class Close:
    """End the engine's process."""


Command = Open | Step | Run | Pause | Reset | Change | Close

StopKind = Literal["done", "paused", "limit", "diverged"]

# --- events -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerInfo:
    name: str
    shape: tuple[int, int]
    parameters: int
    activation: str


@dataclass(frozen=True)
class RunInfo:
    """What is known of a run once its data is loaded."""

    data: str
    substitute: bool
    samples: int
    batches: int
    layers: tuple[LayerInfo, ...]
    device: str
    threads: int


@dataclass(frozen=True)
class Ready:
    """The engine's process is up: torch is imported."""

    torch: str


@dataclass(frozen=True)
class Working:
    """Something that takes a while is going on; the text says what, in the screen's words."""

    text: str


@dataclass(frozen=True)
class Opened:
    """A run has begun, or begun again: records from position 0 on follow. Forget what was shown before."""

    preset: Preset
    info: RunInfo


@dataclass(frozen=True)
class Advanced:
    """New records: `rows` (positions, len(COLUMNS)) from position `first` on, replacing any from there on."""

    first: int
    rows: NDArray[np.float64]
    position: int
    running: bool


@dataclass(frozen=True)
class Stopped:
    """The engine stands still at `position`, and why."""

    position: int
    reason: str
    kind: StopKind


@dataclass(frozen=True)
class Changed:
    """The run's config is now this; from `position` on it steps with it."""

    preset: Preset
    position: int
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A command was not carried out; nothing has changed. The text says why."""

    text: str


@dataclass(frozen=True)
class Logged:
    level: Literal["info", "warning", "error"]
    text: str


@dataclass(frozen=True)
class Died:
    """The engine's process has ended without being asked; `tail` is the end of what it wrote to stderr."""

    exit_status: int | None
    tail: str


Event = Ready | Working | Opened | Advanced | Stopped | Changed | Refused | Logged | Died
