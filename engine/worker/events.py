"""Events: reports of the engine's process to the front end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.conditions.breakpoints import Breakpoint
from gradstep.engine.conditions.claims import Verdict
from gradstep.engine.config.preset import Preset
from gradstep.engine.records.quantity_columns import QuantityValues
from gradstep.engine.runs.plan import Plan
from gradstep.engine.runs.result import Result
from gradstep.engine.runs.workers import Progress

StopKind = Literal["done", "paused", "limit", "diverged", "moved", "condition", "breakpoint"]


@dataclass(frozen=True)
class LayerInfo:
    name: str
    shape: tuple[int, int]
    parameters: int
    activation: str


@dataclass(frozen=True)
class RunInfo:
    """Facts of a run beside its config, known once its data is loaded."""

    data: str
    substitute: bool
    samples: int
    batches: int
    validate_every: int | None
    """Positions between two validations; None without a validation set."""
    layers: tuple[LayerInfo, ...]
    device: str
    threads: int
    available: dict[str, str | None]
    """By probe: the reason why it does not apply to this run; None if it does."""


@dataclass(frozen=True)
class Ready:
    """The engine's process is ready: torch is imported."""

    torch: str


@dataclass(frozen=True)
class Working:
    """A task that takes a while, in the screen's words.

    Where its length is known, `done` of `total` steps of it are over.
    """

    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Opened:
    """A run has begun or resumed. Its branches and records follow; those of the run before are void."""

    preset: Preset
    info: RunInfo
    resumed: bool = False


@dataclass(frozen=True)
class BranchInfo:
    """A branch. Its changes are (position, {key: value}) as the user gave them."""

    number: int
    name: str
    parent: int | None
    fork: int
    changes: tuple[tuple[int, dict[str, Any]], ...]


@dataclass(frozen=True)
class BranchList:
    """All branches, parents before children, and the number of the current one."""

    branches: tuple[BranchInfo, ...]
    current: int


@dataclass(frozen=True)
class Landmarks:
    """The positions of the current branch with a saved state: going there is instant."""

    keyframes: tuple[int, ...]


@dataclass(frozen=True)
class BreakpointList:
    """All breakpoints, with their numbers of hits."""

    breakpoints: tuple[Breakpoint, ...]


@dataclass(frozen=True)
class Verdicts:
    """The verdicts so far on the preset's claims, in its order, from the records of a branch."""

    verdicts: tuple[Verdict, ...]
    branch: int = 0


@dataclass(frozen=True)
class Probed:
    """A probe's result at a position of a branch: a dataclass of `gradstep.engine.probes.results`.

    `seconds` is what it cost, the copy of the state included.
    """

    name: str
    position: int
    branch: int
    result: Any
    seconds: float
    request: int = 0


@dataclass(frozen=True)
class Probing:
    """A probe is being computed, and `share` of it is done."""

    name: str
    share: float
    request: int = 0


@dataclass(frozen=True)
class ProbeFailed:
    """A probe was cancelled, does not apply to this run, or failed."""

    name: str
    text: str
    request: int = 0


@dataclass(frozen=True)
class Swept:
    """New results of the sweep, and (position, planned end) of its running runs."""

    plan: Plan
    results: tuple[Result, ...]
    running: Progress


@dataclass(frozen=True)
class SweepSharpness:
    """The largest eigenvalue of the Hessian at the start of the sweep's first run."""

    plan: Plan
    sharpness: float


@dataclass(frozen=True)
class SweepEnded:
    """The sweep has ended; the text, if any, says that it was cancelled or why it failed."""

    plan: Plan
    text: str = ""


@dataclass(frozen=True)
class Saved:
    """The session file, or the reason why the run is not saved."""

    path: Path | None
    problem: str | None = None


@dataclass(frozen=True)
class MeasuredValues:
    """Quantities measured on a branch. They precede the records of the same positions."""

    branch: int
    values: tuple[QuantityValues, ...]


@dataclass(frozen=True)
class Advanced:
    """New records of a branch: `rows` (positions, len(COLUMNS)) replace those from position `first` on.

    `position` is where the run stands, on the branch that `BranchList` named as current.
    """

    first: int
    rows: NDArray[np.float64]
    position: int
    running: bool
    branch: int = 0
    until: str = ""
    """The condition to run to, if any."""


@dataclass(frozen=True)
class Stopped:
    """The run stands still at `position`, for the reason given."""

    position: int
    reason: str
    kind: StopKind


@dataclass(frozen=True)
class SettingsChanged:
    """A new config is in force from `position` on."""

    preset: Preset
    position: int
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A command was refused, and nothing has changed. The text says why."""

    text: str


@dataclass(frozen=True)
class Logged:
    level: Literal["info", "warning", "error"]
    text: str


@dataclass(frozen=True)
class Died:
    """The engine's process has ended unasked; `tail` is the end of its stderr."""

    exit_status: int | None
    tail: str


Event = (
    Ready
    | Working
    | Opened
    | BranchList
    | Landmarks
    | BreakpointList
    | Verdicts
    | Probed
    | Probing
    | ProbeFailed
    | Swept
    | SweepSharpness
    | SweepEnded
    | Saved
    | MeasuredValues
    | Advanced
    | Stopped
    | SettingsChanged
    | Refused
    | Logged
    | Died
)
