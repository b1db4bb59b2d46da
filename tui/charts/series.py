"""Lines and marks of a chart."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from gradstep.tui.charts.reduce import Envelope


class Role(Enum):
    """The role of a line, which decides its style."""

    TRAIN = "train"
    RAW = "raw"
    """Training values behind their average."""
    SMOOTHED = "smoothed"
    VALIDATION = "validation"
    GHOST = "ghost"
    """Another branch."""


@dataclass(frozen=True)
class Series:
    """A line of a chart."""

    name: str
    points: Envelope
    role: Role


@dataclass(frozen=True)
class Mark:
    """A position where a setting changed, the run stopped by itself, or a branch began."""

    position: int
    kind: Literal["change", "stop", "fork"] = "change"
    text: str = ""
