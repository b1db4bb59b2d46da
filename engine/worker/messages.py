"""What the explorer asks of the engine's process (commands) and what that tells (events)."""

from __future__ import annotations

from collections.abc import Mapping
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

# --- commands ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Open:
    """Begin a run of this preset; the run before it ends. It is saved as it goes unless `save` is False."""

    preset: Preset
    data_dir: Path | None = None
    save: bool = True


@dataclass(frozen=True)
class Resume:
    """Go on with a saved run where it was left; the run before it ends."""

    path: Path
    data_dir: Path | None = None


@dataclass(frozen=True)
class Step:
    """Do so many steps, then stop."""

    count: int = 1


@dataclass(frozen=True)
class Run:
    """Step on until position `until`, or until paused; "planned" is the end that the preset plans, and beyond
    that until paused."""

    until: int | Literal["planned"] | None = None


@dataclass(frozen=True)
class RunUntil:
    """Step on until a condition holds, tested from the next position on."""

    condition: str


@dataclass(frozen=True)
class ReverseUntil:
    """Go back to the last position before this one where a condition held."""

    condition: str


@dataclass(frozen=True)
class AddBreakpoint:
    condition: str
    name: str = ""


@dataclass(frozen=True)
class EditBreakpoint:
    """Switch a breakpoint on or off, or have it ignored so many times; None leaves it as it is."""

    number: int
    enabled: bool | None = None
    ignore: int | None = None


@dataclass(frozen=True)
class Watch:
    """What the charts show from here on, and what is measured for it, each every so many steps."""

    names: tuple[str, ...]
    measure: Mapping[str, int]


@dataclass(frozen=True)
class RemoveBreakpoint:
    number: int


@dataclass(frozen=True)
class Pause:
    pass


@dataclass(frozen=True)
class Back:
    """Go back so many positions."""

    count: int = 1


@dataclass(frozen=True)
class Seek:
    """Go to a position, from the nearest saved state; a `Pause` on the way cancels it."""

    position: int


@dataclass(frozen=True)
class SeekUnitDeath:
    """Go back to the update that silenced a dead unit; a `Pause` on the way cancels. Both count from 0."""

    layer: int
    unit: int


@dataclass(frozen=True)
class Fork:
    """Begin a branch here, with live settings changed, and go on there."""

    changes: dict[str, Any] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True)
class Switch:
    """Go to another branch, at the same position where it has one."""

    branch: int


@dataclass(frozen=True)
class RenameBranch:
    branch: int
    name: str


@dataclass(frozen=True)
class DeleteBranch:
    branch: int


@dataclass(frozen=True)
class NameSession:
    """Give the saved session a name."""

    name: str


@dataclass(frozen=True)
class Reset:
    """Back to position 0; with a seed, a new run with that seed's initial weights and batches."""

    seed: int | None = None


@dataclass(frozen=True)
class Change:
    """Change live settings, {dotted key: value}, from the next update on."""

    changes: dict[str, Any]


@dataclass(frozen=True)
class Probe:
    """Compute a probe of `gradstep.engine.probes.registry` on the present state, beside the run."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    request: int = field(default=0, compare=False)
    """A number of the asker's, which stands in all that is told of this request."""


@dataclass(frozen=True)
class CancelProbe:
    """Give up all requests of a probe."""

    name: str


@dataclass(frozen=True)
class StartSweep:
    """Do a sweep beside the run, or what is left of it; a sweep that goes on ends."""

    plan: Plan
    data_dir: Path | None = None


@dataclass(frozen=True)
class CancelSweep:
    """End the sweep; what is finished is kept."""


@dataclass(frozen=True)
class Close:
    """End the engine's process."""


Command = (
    Open
    | Resume
    | Step
    | Run
    | RunUntil
    | ReverseUntil
    | AddBreakpoint
    | EditBreakpoint
    | Watch
    | RemoveBreakpoint
    | Pause
    | Back
    | Seek
    | SeekUnitDeath
    | Fork
    | Switch
    | RenameBranch
    | DeleteBranch
    | NameSession
    | Reset
    | Change
    | Probe
    | CancelProbe
    | StartSweep
    | CancelSweep
    | Close
)

StopKind = Literal["done", "paused", "limit", "diverged", "moved", "condition", "breakpoint"]

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
    validate_every: int | None
    """Positions between two validations; None where there is no validation set."""
    layers: tuple[LayerInfo, ...]
    available: dict[str, str | None]
    """By probe: why it does not apply to this run; None if it does."""
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
class Branches:
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
class Measured:
    """Quantities measured on a branch, before the records of the same positions are told."""

    branch: int
    values: tuple[QuantityValues, ...]


@dataclass(frozen=True)
class Advanced:
    """New records of a branch: `rows` (positions, len(COLUMNS)) from position `first` on replace any there.

    `position` is where the run stands, on the branch that `Branches` named as current.
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


Event = (
    Ready
    | Working
    | Opened
    | Branches
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
    | Measured
    | Advanced
    | Stopped
    | Changed
    | Refused
    | Logged
    | Died
)
