"""Commands: requests of the front end to the engine's process, such as `Step(3)` and `Pause()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gradstep.engine.config.preset import Preset
from gradstep.engine.runs.plan import Plan


@dataclass(frozen=True)
class Open:
    """Begin a run of a preset, saved as it goes if `save`. The current run ends."""

    preset: Preset
    data_dir: Path | None = None
    save: bool = True


@dataclass(frozen=True)
class Resume:
    """Resume a saved run where it was left. The current run ends."""

    path: Path
    data_dir: Path | None = None


@dataclass(frozen=True)
class Step:
    """Do `count` steps, then stop."""

    count: int = 1


@dataclass(frozen=True)
class Run:
    """Step to position `until`, or, with None, until paused.

    "planned" is the preset's planned end; from there on, the run goes on until paused.
    """

    until: int | Literal["planned"] | None = None


@dataclass(frozen=True)
class RunUntil:
    """Step until a condition holds, tested from the next position on."""

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
    """Enable or disable a breakpoint, or set how many hits to ignore. None changes nothing."""

    number: int
    enabled: bool | None = None
    ignore: int | None = None


@dataclass(frozen=True)
class Watch:
    """Set the names that the charts show; `measure` has the steps between two measurements of a quantity."""

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
    """Go back `count` positions."""

    count: int = 1


@dataclass(frozen=True)
class Seek:
    """Go to a position, from the nearest saved state. A `Pause` cancels it."""

    position: int


@dataclass(frozen=True)
class SeekUnitDeath:
    """Go back to the update that killed a unit. A `Pause` cancels it. Layers and units count from 0."""

    layer: int
    unit: int


@dataclass(frozen=True)
class Fork:
    """Begin a branch here, with live settings changed, and enter it."""

    changes: dict[str, Any] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True)
class Switch:
    """Go to another branch, at the same position or its tip."""

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
    """Name the saved session."""

    name: str


@dataclass(frozen=True)
class Reset:
    """Go to position 0; with a seed, begin a new run with that seed's weights and batches."""

    seed: int | None = None


@dataclass(frozen=True)
class ChangeSettings:
    """Change live settings, {dotted key: value}, from the next update on."""

    changes: dict[str, Any]


@dataclass(frozen=True)
class Probe:
    """Compute a probe of `gradstep.engine.probes.registry` on the current state, beside the run."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    request: int = field(default=0, compare=False)
    """A number chosen by the front end. The events about this request carry it."""


@dataclass(frozen=True)
class CancelProbe:
    """Cancel all requests of a probe."""

    name: str


@dataclass(frozen=True)
class StartSweep:
    """Begin or resume a sweep beside the run. A running sweep is cancelled."""

    plan: Plan
    data_dir: Path | None = None


@dataclass(frozen=True)
class CancelSweep:
    """Cancel the sweep. Finished runs are kept."""


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
    | ChangeSettings
    | Probe
    | CancelProbe
    | StartSweep
    | CancelSweep
    | Close
)
