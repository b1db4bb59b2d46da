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
from gradstep.engine.records.quantity_columns import Values
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
    """What is known of a run once its data is loaded."""

    data: str
    substitute: bool
    samples: int
    batches: int
    validate_every: int | None
    """Positions between two validations; None where there is no validation set."""
    layers: tuple[LayerInfo, ...]
    device: str
    threads: int


@dataclass(frozen=True)
class Ready:
    """The engine's process is up: torch is imported."""

    torch: str


@dataclass(frozen=True)
class Working:
    """Something that takes a while is going on; the text says what, in the screen's words.

    Where its length is known, `done` of `total` steps of it are over.
    """

    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Opened:
    """A run has begun, or goes on: its branches and records follow. Forget what was shown before."""

    preset: Preset
    info: RunInfo
    resumed: bool = False


@dataclass(frozen=True)
class BranchInfo:
    """A branch; its changes are (position, {key: value}) as they were asked for."""

    number: int
    name: str
    parent: int | None
    fork: int
    changes: tuple[tuple[int, dict[str, Any]], ...]


@dataclass(frozen=True)
class BranchList:
    """The branches as they are now, parents before children, and which one the run is on."""

    branches: tuple[BranchInfo, ...]
    current: int


@dataclass(frozen=True)
class Landmarks:
    """Where states of the present branch are saved, so that going there is instant."""

    keyframes: tuple[int, ...]


@dataclass(frozen=True)
class BreakpointList:
    """The breakpoints as they are now, with how often each was hit."""

    breakpoints: tuple[Breakpoint, ...]


@dataclass(frozen=True)
class Verdicts:
    """What the records of a branch say of the preset's claims so far, in the preset's order."""

    verdicts: tuple[Verdict, ...]
    branch: int = 0


@dataclass(frozen=True)
class Probed:
    """A probe's result: a dataclass of `gradstep.engine.probes.results`, of a position of a branch.

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
    """A probe is being computed; `share` of it is done."""

    name: str
    share: float
    request: int = 0


@dataclass(frozen=True)
class ProbeFailed:
    """A probe was cancelled, says nothing of this run, or failed."""

    name: str
    text: str
    request: int = 0


@dataclass(frozen=True)
class Swept:
    """New results of the sweep, and how far those runs of it are that go on: (position, planned end)."""

    plan: Plan
    results: tuple[Result, ...]
    running: Progress


@dataclass(frozen=True)
class SweepSharpness:
    """The largest eigenvalue of the Hessian where the first run of the sweep begins."""

    plan: Plan
    sharpness: float


@dataclass(frozen=True)
class SweepEnded:
    """The sweep is complete, was cancelled, or failed, which the text says."""

    plan: Plan
    text: str = ""


@dataclass(frozen=True)
class Saved:
    """The session file, or why the run is not saved; sent when that changes."""

    path: Path | None
    problem: str | None = None


@dataclass(frozen=True)
class MeasuredValues:
    """Quantities measured on a branch, before the records of the same positions are told."""

    branch: int
    values: tuple[Values, ...]


@dataclass(frozen=True)
class Advanced:
    """New records of a branch: `rows` (positions, len(COLUMNS)) from position `first` on replace any there.

    `position` is where the run stands, on the branch that `BranchList` named as current.
    """

    first: int
    rows: NDArray[np.float64]
    position: int
    running: bool
    branch: int = 0
    until: str = ""
    """The condition that it runs on to, if any."""


@dataclass(frozen=True)
class Stopped:
    """The engine stands still at `position`, and why."""

    position: int
    reason: str
    kind: StopKind


@dataclass(frozen=True)
class SettingsChanged:
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
