"""The progress of a run that steps on, and the reason why it stops."""

from __future__ import annotations

from typing import Literal, NamedTuple

StopReason = Literal["end", "condition", "breakpoint", "not finite"]


class Stop(NamedTuple):
    """Why a run stopped. If several kinds apply: the condition first, then a breakpoint, then the loss."""

    kind: StopReason
    reason: str
    """In words, with the position."""
    could_tell: bool = True
    """Whether the condition to run to had a truth value anywhere."""


class Progress(NamedTuple):
    """The positions [first, position] are recorded since the last progress. `stop` is None until the end."""

    first: int
    position: int
    stop: Stop | None
