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
class SeekKiller:
    """Go back to the update that killed a unit; a `Pause` on the way cancels. Both are counted from 0."""

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
class ChangeSettings:
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
    | SeekKiller
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
